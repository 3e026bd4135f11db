#pragma once
// Small file helpers with errors that name the path. Blocking: start-up, tests and pool threads only.
#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fjord {

// Owns a file descriptor.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& o) noexcept {
        if (this != &o) {
            reset();
            fd_ = std::exchange(o.fd_, -1);
        }
        return *this;
    }
    ~unique_fd() { reset(); }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept;

private:
    int fd_ = -1;
};

// errc::not_found, errc::denied, errc::no_space (ENOSPC, EDQUOT), errc::unavailable (EMFILE, EIO), ... from errno, with
// "what path: strerror".
error error_from_errno(int err, std::string_view what, std::string_view path = {});

result<std::string> read_file(std::string const& path, std::uint64_t max_bytes = 64u << 20);
// Writes beside the target, fsyncs, renames: readers see the old or the new file, never half. mode 0600 for secrets.
result<void> write_file_atomically(std::string const& path, std::string_view content, unsigned mode = 0644);

}  // namespace fjord
