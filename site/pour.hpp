#pragma once
// Bytes from a sender into an incoming file. While one buffer is written by one pool thread and digested by another, the next one
// fills from the network.
#include "base/pool.hpp"
#include "site/incoming.hpp"

#include <functional>
#include <memory>
#include <span>

namespace fjord::site {

// Reads part of `out`; 0 at the end. Called on the context of pour()'s caller.
using byte_reader = std::function<boost::asio::awaitable<result<std::size_t>>(std::span<char> out)>;

// To the end of `read`. `on_bytes` (may be empty) is told the count of each piece. `limit`: more bytes are errc::limit_exceeded
// (0 = none). Fails with what read or write failed with.
boost::asio::awaitable<result<void>> pour(blocking_pool& pool, std::shared_ptr<incoming_file> into, byte_reader read,
                                          std::uint64_t limit, std::function<void(std::size_t)> on_bytes);

}  // namespace fjord::site
