#pragma once
// Identifiers and entropy from the operating system. Any thread.
#include <cstddef>
#include <string>

namespace fjord {

std::string random_hex(std::size_t bytes);  // lower-case hex of that many random bytes
// A ULID-shaped id: 26 characters, sorts by creation time, unguessable tail. Upper-case Crockford base32.
std::string new_ulid();

}  // namespace fjord
