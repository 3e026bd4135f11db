#include "base/file.hpp"

#include "base/random.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace fjord {

namespace {

errc kind_of(int err) noexcept {
    switch (err) {
        case ENOENT:
        case ENOTDIR:
            return errc::not_found;
        case EACCES:
        case EPERM:
        case EROFS:
            return errc::denied;
        case EEXIST:
            return errc::already_exists;
        case ENOTEMPTY:
        case EBUSY:
            return errc::conflict;
        case ENOSPC:
        case EDQUOT:
            return errc::no_space;
        case EFBIG:
            return errc::limit_exceeded;
        case EINVAL:
        case EISDIR:
        case ELOOP:
        case ENAMETOOLONG:
            return errc::invalid_argument;
        case EMFILE:
        case ENFILE:
        case EIO:
        case ENOMEM:
        case EAGAIN:
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
            return errc::unavailable;
        case ETIMEDOUT:
            return errc::timed_out;
        case ECANCELED:
            return errc::cancelled;
        case ENOSYS:
        case EOPNOTSUPP:
            return errc::unsupported;
        default:
            return errc::internal;
    }
}

result<void> write_all(int fd, std::string_view content, std::string const& path) {
    while (!content.empty()) {
        auto const n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return error_from_errno(errno, "cannot write", path);
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

result<void> write_new_file(std::string const& path, std::string_view content, unsigned mode) {
    unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) return error_from_errno(errno, "cannot create", path);
    if (auto written = write_all(fd.get(), content, path); !written) return written.error();
    if (::fsync(fd.get()) != 0) return error_from_errno(errno, "cannot flush", path);
    return {};
}

// A rename is durable only when the folder's own entry is.
result<void> sync_folder_of(std::string const& path) {
    auto folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    unique_fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return error_from_errno(errno, "cannot flush folder", folder);
    return {};
}

}  // namespace

void unique_fd::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

error error_from_errno(int err, std::string_view what, std::string_view path) {
    std::string detail(what);
    if (!path.empty()) detail += " " + std::string(path);
    return fail(kind_of(err), detail + ": " + std::generic_category().message(err));
}

result<std::string> read_file(std::string const& path, std::uint64_t max_bytes) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return error_from_errno(errno, "cannot open", path);
    std::string content;
    std::string block(64u << 10, '\0');
    while (true) {
        auto const n = ::read(fd.get(), block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return error_from_errno(errno, "cannot read", path);
        if (n == 0) return content;
        if (content.size() + static_cast<std::size_t>(n) > max_bytes) {
            return fail(errc::limit_exceeded, path + " is larger than the limit of " + std::to_string(max_bytes) + " bytes");
        }
        content.append(block, 0, static_cast<std::size_t>(n));
    }
}

result<void> write_file_atomically(std::string const& path, std::string_view content, unsigned mode) {
    auto const temporary = path + "." + random_hex(6) + ".tmp";
    auto outcome = write_new_file(temporary, content, mode);
    if (outcome && ::rename(temporary.c_str(), path.c_str()) != 0) outcome = error_from_errno(errno, "cannot replace", path);
    if (!outcome) {
        ::unlink(temporary.c_str());
        return outcome.error();
    }
    return sync_folder_of(path);
}

}  // namespace fjord
