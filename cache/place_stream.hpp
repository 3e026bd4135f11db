#pragma once
// The bytes of one span of an object, in order, from the best place that delivers: goes on at the next place, at the very
// byte, when one fails in the middle; asks the source for new places once when all failed. One coroutine at a time.
#include "cache/instance.hpp"

#include <set>

namespace fjord::cache {

class place_stream {
public:
    // An object of unknown size is read to its end; then there is no fail-over after the first byte.
    place_stream(std::shared_ptr<instance> object, byte_span span);

    // 0 at the end of the span only. errc::unavailable (no place delivered; the detail has the last reason), errc::conflict.
    asio::awaitable<result<std::size_t>> read_some(std::span<char> out);
    // Exactly `size` bytes.
    asio::awaitable<result<std::string>> read_exactly(std::size_t size);
    // What the current place delivered was wrong: go back to `position` and on elsewhere.
    void reject(std::uint64_t position);

private:
    asio::awaitable<result<void>> connect();
    void leave_place(error why);

    std::shared_ptr<instance> object_;
    byte_span span_;
    bool sized_;
    std::uint64_t position_;
    std::uint64_t connected_at_ = 0;  // position where the current place began
    std::unique_ptr<byte_stream> stream_;
    place current_;
    std::set<std::string> tried_;
    std::set<std::string> refused_;  // tried, and the token was not good enough
    bool refreshed_ = false;
    error last_;
};

}  // namespace fjord::cache
