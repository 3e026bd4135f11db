#pragma once
// Which parts of a file lie in memory, so that an event loop can send or read them without waiting for a disk.
#include <cstdint>

namespace fjord::net {

// The first bytes of [offset, offset + length) that the kernel can give without waiting, by samples every 128 KiB (the smallest
// read-ahead window): 0 when the first page is not there, or when the file system cannot tell (preadv2 with RWF_NOWAIT).
std::uint64_t resident_length(int fd, std::uint64_t offset, std::uint64_t length) noexcept;

// Waits until [offset, offset + length) is in memory and asks for as much again behind it. Blocking: pool threads only. Errors
// show when the bytes are used.
void make_resident(int fd, std::uint64_t offset, std::uint64_t length) noexcept;

}  // namespace fjord::net
