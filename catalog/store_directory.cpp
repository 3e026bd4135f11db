#include "catalog/store_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

namespace fjord::catalog {
namespace {

// A new directory survives a power cut only when its parent is on disk too.
result<void> sync_directory(std::string const& directory) {
    unique_fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return error_from_errno(errno, "cannot sync the directory", directory);
    return {};
}

result<void> make_directory(std::filesystem::path const& directory) {
    std::error_code ec;
    if (std::filesystem::is_directory(directory, ec)) return {};
    auto parent = directory.parent_path();
    if (!parent.empty() && parent != directory)
        if (auto ok = make_directory(parent); !ok) return ok.error();
    if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST)
        return error_from_errno(errno, "cannot create the directory", directory.string());
    return sync_directory(parent.empty() ? "." : parent.string());
}

// What the owner wrote into its lock file; for the error text only.
std::string owner_of(int fd) {
    std::array<char, 16> text{};
    auto n = ::pread(fd, text.data(), text.size(), 0);
    std::string pid(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    if (pid.empty() || pid.find_first_not_of("0123456789\n") != std::string::npos) return "another process";
    return "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

result<unique_fd> own_directory(std::string const& directory) {
    auto absolute = std::filesystem::absolute(directory).lexically_normal();
    if (auto ok = make_directory(absolute); !ok) return ok.error();
    auto file = (absolute / "fjord.lock").string();
    unique_fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!fd) return error_from_errno(errno, "cannot open the lock file", file);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return error_from_errno(errno, "cannot lock", file);
        return fail(errc::unavailable, "the store " + directory + " is in use by " + owner_of(fd.get()) +
                                           "; stop it, or give this one a data_dir of its own");
    }
    auto pid = std::to_string(::getpid()) + '\n';
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0)
        return error_from_errno(errno, "cannot write the lock file", file);
    return fd;
}

}  // namespace fjord::catalog
