#include "site/upload_notes.hpp"

#include "base/dataset_uri.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace fjord::site {

namespace {

logger const log_("site");

constexpr std::size_t max_note = 1u << 20;  // 65536 groups and a path

std::string read_at(int folder, char const* name) {
    unique_fd file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    std::string text(max_note, '\0');
    auto const got = file ? ::read(file.get(), text.data(), text.size()) : -1;
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace

std::string note_text(upload_notes::note const& n) {
    auto text = std::to_string(n.owner.uid) + " " + std::to_string(n.owner.gid) + " ";
    for (auto const gid : n.owner.groups) text += (text.ends_with(' ') ? "" : ",") + std::to_string(gid);
    text += "\n";
    return text + (n.directory.empty() ? "/" : href_text(n.directory)) + "\n";
}

result<upload_notes::note> parse_note(std::string name, std::string_view text) {
    auto const malformed = fail(errc::invalid_argument, "the note of upload " + name + " is malformed");
    upload_notes::note n;
    auto head = take_until(text, '\n');
    auto path = take_until(text, '\n');
    auto const uid = parse_unsigned<uid_t>(take_until(head, ' '));
    auto const gid = parse_unsigned<gid_t>(take_until(head, ' '));
    if (!uid || !gid || *uid == 0 || !text.empty()) return malformed;
    n.owner.uid = *uid;
    n.owner.gid = *gid;
    while (!head.empty()) {
        auto const group = parse_unsigned<gid_t>(take_until(head, ','));
        if (!group) return malformed;
        n.owner.groups.push_back(*group);
    }
    auto directory = decode_path(path);
    if (!directory) return malformed;
    n.directory = std::move(directory->segments);
    n.name = std::move(name);
    return n;
}

result<upload_notes> upload_notes::open(std::string const& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return error_from_errno(errno, "make the folder for notes of uploads", folder);
    unique_fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return error_from_errno(errno, "open the folder for notes of uploads", folder);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(errc::conflict, folder + " is in use by another door; give each its own data_dir");
    return upload_notes(std::move(fd));
}

result<void> upload_notes::write(note const& n) const {
    auto const text = note_text(n);
    unique_fd file(::openat(folder_.get(), n.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return error_from_errno(errno, "note an upload");
    // Not synced: it is there for a door that was killed. After a power cut, what it was about may not be on disk either.
    auto const written = ::write(file.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) return error_from_errno(written < 0 ? errno : ENOSPC, "note an upload");
    return {};
}

void upload_notes::erase(std::string const& name) const noexcept { ::unlinkat(folder_.get(), name.c_str(), 0); }

std::vector<upload_notes::note> upload_notes::read_all() const {
    std::vector<note> notes;
    auto const own = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(own < 0 ? nullptr : ::fdopendir(own), &::closedir);
    while (auto const* entry = dir ? ::readdir(dir.get()) : nullptr) {
        std::string const name = entry->d_name;
        if (name == "." || name == "..") continue;
        auto parsed = parse_note(name, read_at(folder_.get(), entry->d_name));
        if (parsed)
            notes.push_back(std::move(*parsed));
        else
            log_.warn("a note of an upload cannot be read", {{"reason", parsed.error().message()}});
    }
    return notes;
}

}  // namespace fjord::site
