#include "site/root.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "site/acting.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <dirent.h>

namespace fjord::site {

namespace {

logger const log_("site");

// Links are not followed anywhere, so a name that meets one is as good as absent (ELOOP); EXDEV is an attempt to leave.
error path_error(int err, std::string_view what, path_segments const& path) {
    switch (err) {
        case ELOOP:
        case EXDEV:
            return fail(errc::not_found, std::string(what) + " " + path_text(path) + ": there is nothing at this path");
        case ENOTDIR:
            return fail(errc::conflict, std::string(what) + " " + path_text(path) + ": a parent is not a directory");
        case ENAMETOOLONG:
            return fail(errc::invalid_argument, std::string(what) + " " + path_text(path) + ": the name is too long");
        case ENOTEMPTY:
        case EISDIR:
            return fail(errc::conflict, std::string(what) + " " + path_text(path) + ": the directory is not empty");
        case EROFS:
            return fail(errc::denied, std::string(what) + " " + path_text(path) + ": the file system is read-only");
        default:
            return error_from_errno(err, what, path_text(path));
    }
}

int open_at(int dir, char const* name, std::uint64_t flags, std::uint64_t resolve) noexcept {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    for (;;) {
        auto const fd = static_cast<int>(::syscall(SYS_openat2, dir, name, &how, sizeof how));
        // EAGAIN without RESOLVE_CACHED: a rename raced with the walk and the kernel could not prove it stayed beneath.
        if (fd >= 0 || (errno != EINTR && !(errno == EAGAIN && !(resolve & RESOLVE_CACHED)))) return fd;
    }
}

// A directory to work in. One that may be entered and written but not read (a drop box) is opened for walking only.
int open_directory_at(int dir, char const* name) noexcept {
    auto const fd = open_at(dir, name, O_RDONLY | O_DIRECTORY, 0);
    return fd < 0 && errno == EACCES ? open_at(dir, name, O_PATH | O_DIRECTORY, 0) : fd;
}

// A drop box cannot be synced by itself; then the file system of the file that was moved into it is, if there is one.
bool sync_directory(int dir, int file = -1) noexcept {
    if (::fsync(dir) == 0) return true;
    return errno == EBADF && (file < 0 || ::syncfs(file) == 0);
}

std::string relative_text(path_segments const& path, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        if (i) text += '/';
        text += path[i];
    }
    return text.empty() ? "." : text;
}

// Opens what is there for reading; a pipe or device must not block or act, so O_NONBLOCK and a look before use.
result<opened> checked(result<unique_fd> fd, path_segments const& path) {
    if (!fd) return fd.error();
    struct stat st {};
    if (::fstat(fd->get(), &st) != 0) return path_error(errno, "look at", path);
    auto const facts = facts_of(st);
    if (facts.state == object_state::absent) return fail(errc::not_found, "there is nothing at " + path_text(path));
    return opened{std::move(*fd), facts};
}

int rename_exclusively(int from_dir, char const* from, int to_dir, char const* to) noexcept {
    if (::renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    // EINVAL is a file system without RENAME_NOREPLACE, or a directory on its way into itself. A hard link refuses an existing
    // name just as well, and it refuses directories.
    auto const why = errno;
    if (::linkat(from_dir, from, to_dir, to, 0) != 0) {
        if (errno == EPERM) errno = why;
        return -1;
    }
    ::unlinkat(from_dir, from, 0);
    return 0;
}

result<void> move_into(int from_dir, std::string const& from, int to_dir, path_segments const& to, replace_mode mode,
                       int file = -1) {
    auto const* name = to.back().c_str();
    int const moved = mode == replace_mode::never ? rename_exclusively(from_dir, from.c_str(), to_dir, name)
                                                  : ::renameat(from_dir, from.c_str(), to_dir, name);
    if (moved != 0 && errno == EXDEV)
        return fail(errc::unsupported, "move to " + path_text(to) + ": it lies on another file system than the site's root");
    if (moved != 0 && errno == EINVAL) return fail(errc::conflict, "a directory cannot be moved into itself");
    if (moved != 0) return path_error(errno, "move to", to);
    if (!sync_directory(to_dir, file)) return path_error(errno, "sync the directory of", to);
    return {};
}

// Locked by its descriptor, so that a sweep tells it from a dead one.
result<root_directory::temporary> create_locked(int dir, std::string name) {
    root_directory::temporary made;
    made.fd = unique_fd(::openat(dir, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!made.fd) return error_from_errno(errno, "make a file for incoming bytes");
    made.name = std::move(name);
    ::flock(made.fd.get(), LOCK_EX | LOCK_NB);
    return made;
}

}  // namespace

file_facts facts_of(struct stat const& st) noexcept {
    file_facts facts;
    if (S_ISREG(st.st_mode)) facts.state = object_state::file;
    if (S_ISDIR(st.st_mode)) facts.state = object_state::directory;
    facts.size = facts.state == object_state::file ? static_cast<std::uint64_t>(st.st_size) : 0;
    facts.modified_ns = static_cast<std::int64_t>(st.st_mtim.tv_sec) * 1'000'000'000 + st.st_mtim.tv_nsec;
    facts.changed_ns = static_cast<std::int64_t>(st.st_ctim.tv_sec) * 1'000'000'000 + st.st_ctim.tv_nsec;
    facts.inode = st.st_ino;
    facts.device = st.st_dev;
    return facts;
}

bool root_directory::is_hidden_name(std::string_view name, bool in_root) noexcept {
    return name.starts_with(incoming_prefix) || (in_root && name == incoming_name);
}

bool root_directory::is_hidden(path_segments const& path) noexcept {
    for (std::size_t i = 0; i < path.size(); ++i)
        if (is_hidden_name(path[i], i == 0)) return true;
    return false;
}

result<root_directory> root_directory::open(std::string const& path, std::string const& notes_folder) {
    unique_fd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return error_from_errno(errno, "open the root directory", path);
    unique_fd const probe(open_at(root.get(), ".", O_PATH | O_DIRECTORY, 0));
    if (!probe && errno == ENOSYS)
        return fail(errc::unsupported, "this kernel has no openat2 (Linux 5.6): the door cannot keep to its root");
    root_directory out(std::move(root));
    if (notes_folder.empty()) {
        if (auto ready = out.open_incoming(path); !ready) return ready.error();
        out.sweep();
        return out;
    }
    auto notes = upload_notes::open(notes_folder);
    if (!notes) return notes.error();
    out.notes_ = std::move(*notes);
    out.sweep_noted();
    return out;
}

result<void> root_directory::open_incoming(std::string const& path) {
    std::string const name(incoming_name);
    if (::mkdirat(root_.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
        return error_from_errno(errno, "make the folder for incoming files in", path);
    incoming_ = unique_fd(open_at(root_.get(), name.c_str(), O_RDONLY | O_DIRECTORY, 0));
    if (!incoming_) return error_from_errno(errno, "open the folder for incoming files in", path);
    return {};
}

void root_directory::sweep_noted() const {
    std::uint64_t removed = 0;
    for (auto const& note : notes_->read_all()) {
        auto const remove_it = [&]() -> result<void> {
            auto directory = open_beneath(note.directory, O_PATH | O_DIRECTORY);
            if (!directory) return directory.error();
            if (::unlinkat(directory->get(), note.name.c_str(), 0) != 0)
                return path_error(errno, "remove an upload in", note.directory);
            return {};
        };
        auto const done = act_as(&note.owner, remove_it);
        if (done) ++removed;
        // Gone already, or its directory is: the note has no object any more. Anything else is tried again at the next start.
        if (done || done.error().code == errc::not_found || done.error().code == errc::conflict) {
            notes_->erase(note.name);
            continue;
        }
        log_.warn("cannot remove an unfinished upload of an earlier run", {{"reason", done.error().message()}});
    }
    if (removed) log_.info("removed unfinished uploads of an earlier run", {{"files", removed}});
}

void root_directory::sweep() const {
    auto const fd = ::openat(incoming_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(fd < 0 ? nullptr : ::fdopendir(fd), &::closedir);
    if (!dir) return;
    std::size_t removed = 0;
    while (auto const* entry = ::readdir(dir.get())) {
        unique_fd file(::openat(incoming_.get(), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat st {};
        if (!file || ::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
        if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;  // another door of this root is writing it
        if (::unlinkat(incoming_.get(), entry->d_name, 0) == 0) ++removed;
    }
    if (removed) log_.info("removed unfinished uploads of an earlier run", {{"files", static_cast<std::uint64_t>(removed)}});
}

result<unique_fd> root_directory::open_beneath(path_segments const& path, std::uint64_t flags,
                                               std::uint64_t extra_resolve) const {
    auto const text = relative_text(path, path.size());
    auto const fd = open_at(root_.get(), text.c_str(), flags, extra_resolve);
    if (fd >= 0) return unique_fd(fd);
    if (errno == EAGAIN) return fail(errc::unavailable, "not in the kernel's cache");
    if (errno == ENXIO || errno == ENODEV) return fail(errc::not_found, "there is nothing at " + path_text(path));  // sockets
    return path_error(errno, "open", path);
}

result<opened> root_directory::open_existing(path_segments const& path) const {
    return checked(open_beneath(path, O_RDONLY | O_NONBLOCK | O_NOCTTY), path);
}

result<opened> root_directory::open_cached(path_segments const& path) const {
    return checked(open_beneath(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_CACHED), path);
}

result<file_facts> root_directory::look(path_segments const& path) const {
    auto fd = open_beneath(path, O_PATH);
    if (!fd) {
        if (fd.error().code == errc::not_found) return file_facts{};
        return fd.error();
    }
    struct stat st {};
    if (::fstat(fd->get(), &st) != 0) return path_error(errno, "look at", path);
    return facts_of(st);
}

result<unique_fd> root_directory::open_parent(path_segments const& path, bool make) const {
    if (path.empty()) return fail(errc::conflict, "the root of the site cannot be changed");
    auto const text = relative_text(path, path.size() - 1);
    unique_fd fd(open_directory_at(root_.get(), text.c_str()));
    if (fd) return fd;
    if (errno == ENOENT && make) return make_parents(path);
    return path_error(errno, "open the parent of", path);
}

// Walks down, making what is missing; each directory that got a new name is synced before its child is used.
result<unique_fd> root_directory::make_parents(path_segments const& path) const {
    unique_fd here(open_directory_at(root_.get(), "."));
    if (!here) return path_error(errno, "open the parent of", path);
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
        auto const* name = path[i].c_str();
        // First whether it is there: who may pass a directory need not be allowed to make anything in it.
        unique_fd next(open_directory_at(here.get(), name));
        bool const made = !next && errno == ENOENT && ::mkdirat(here.get(), name, 0777) == 0;
        if (made || (!next && errno == EEXIST)) next = unique_fd(open_directory_at(here.get(), name));
        if (!next) return path_error(errno == ELOOP ? ENOTDIR : errno, "make the parents of", path);
        if (made) sync_directory(here.get());
        here = std::move(next);
    }
    return here;
}

result<void> root_directory::make_directory(path_segments const& path) const {
    return make_directory_in(open_parent(path, false), path);
}

result<void> root_directory::make_directory_and_parents(path_segments const& path) const {
    return make_directory_in(open_parent(path, true), path);
}

result<void> root_directory::make_directory_in(result<unique_fd> parent, path_segments const& path) {
    if (!parent) return parent.error();
    if (::mkdirat(parent->get(), path.back().c_str(), 0777) != 0) return path_error(errno, "make directory", path);
    sync_directory(parent->get());
    return {};
}

result<void> root_directory::remove(path_segments const& path) const {
    auto parent = open_parent(path, false);
    if (!parent) return parent.error();
    auto const facts = look(path);
    if (!facts) return facts.error();
    if (facts->state == object_state::absent) return fail(errc::not_found, "there is nothing at " + path_text(path));
    int const flags = facts->state == object_state::directory ? AT_REMOVEDIR : 0;
    if (::unlinkat(parent->get(), path.back().c_str(), flags) != 0) return path_error(errno, "remove", path);
    sync_directory(parent->get());
    return {};
}

result<void> root_directory::rename(path_segments const& from, path_segments const& to, replace_mode mode) const {
    auto source = open_parent(from, false);
    if (!source) return source.error();
    auto target = open_parent(to, true);
    if (!target) return target.error();
    auto moved = move_into(source->get(), from.back(), target->get(), to, mode);
    if (moved) sync_directory(source->get());
    return moved;
}

result<root_directory::temporary> root_directory::create_temporary(path_segments const& to, account_ptr owner) const {
    if (!notes_) return create_locked(incoming_.get(), new_ulid());
    if (!owner) return fail(errc::denied, "uploads need a mapped account at this site");
    upload_notes::note note{std::string(incoming_prefix) + new_ulid(), *owner, to};
    if (!to.empty()) note.directory.pop_back();
    if (auto noted = notes_->write(note); !noted) return noted.error();
    auto const make_it = [&]() -> result<temporary> {
        auto parent = open_parent(to, true);
        if (!parent) return parent.error();
        auto made = create_locked(parent->get(), note.name);
        if (!made) return made.error();
        made->directory = std::move(*parent);
        return std::move(*made);
    };
    auto made = act_as(owner.get(), make_it);
    if (!made) {
        notes_->erase(note.name);
        return made.error();
    }
    made->owner = std::move(owner);
    return made;
}

void root_directory::discard_temporary(temporary const& file) const noexcept {
    auto const remove_it = [&]() -> result<void> {
        ::unlinkat(file.directory ? file.directory.get() : incoming_.get(), file.name.c_str(), 0);
        return {};
    };
    (void)act_as(file.owner.get(), remove_it);
    if (notes_) notes_->erase(file.name);
}

result<void> root_directory::publish(temporary const& file, path_segments const& to, replace_mode mode) const {
    auto const move_it = [&]() -> result<void> {
        if (file.directory) return move_into(file.directory.get(), file.name, file.directory.get(), to, mode, file.fd.get());
        auto parent = open_parent(to, true);
        if (!parent) return parent.error();
        return move_into(incoming_.get(), file.name, parent->get(), to, mode);
    };
    auto moved = act_as(file.owner.get(), move_it);
    if (moved && notes_) notes_->erase(file.name);
    return moved;
}

result<disk_space> root_directory::space_at(unique_fd const& directory) {
    struct statvfs vfs {};
    if (::fstatvfs(directory.get(), &vfs) != 0) return error_from_errno(errno, "ask for free space");
    auto const block = static_cast<std::uint64_t>(vfs.f_frsize);
    return disk_space{.available = vfs.f_bavail * block, .used = (vfs.f_blocks - vfs.f_bfree) * block};
}

}  // namespace fjord::site
