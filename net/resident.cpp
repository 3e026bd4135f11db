#include "net/resident.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace fjord::net {

namespace {

constexpr std::uint64_t sample = 128u << 10;

bool is_resident(int fd, std::uint64_t at) noexcept {
    char byte;
    iovec const one{&byte, 1};
    // 0 bytes: behind the end, where there is nothing to wait for.
    return ::preadv2(fd, &one, 1, static_cast<off_t>(at), RWF_NOWAIT) >= 0;
}

}  // namespace

std::uint64_t resident_length(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
    std::uint64_t known = 0;
    while (known < length && is_resident(fd, offset + known)) known += std::min(sample, length - known);
    if (known < length || length == 0) return known;
    return is_resident(fd, offset + length - 1) ? known : known - std::min(known, sample);
}

void make_resident(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
    (void)::readahead(fd, static_cast<off_t>(offset), static_cast<std::size_t>(2 * length));
    char byte;
    for (std::uint64_t at = 0; at < length; at += sample)
        if (::pread(fd, &byte, 1, static_cast<off_t>(offset + at)) <= 0) return;
    (void)::pread(fd, &byte, 1, static_cast<off_t>(offset + length - 1));
}

}  // namespace fjord::net
