#include "site/pour.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace fjord::site {

namespace asio = boost::asio;

namespace {

constexpr std::size_t buffer_size = 1u << 20;

// Shared with the coroutines that run side by side, so that a cut request leaves no buffer dangling.
struct pouring {
    blocking_pool& pool;
    std::shared_ptr<incoming_file> into;
    byte_reader read;
    std::uint64_t limit;
    std::function<void(std::size_t)> on_bytes;
    std::vector<char> front = std::vector<char>(buffer_size), back = std::vector<char>(buffer_size);
    std::uint64_t total = 0;
};

// Fills the back buffer; less than a full one means the end.
asio::awaitable<result<std::size_t>> fill(std::shared_ptr<pouring> p) {
    std::size_t have = 0;
    while (have < p->back.size()) {
        auto got = co_await p->read(std::span(p->back).subspan(have));
        if (!got) co_return got.error();
        if (*got == 0) break;
        have += *got;
        p->total += *got;
        if (p->limit && p->total > p->limit)
            co_return fail(errc::limit_exceeded, "this site takes files of up to " + std::to_string(p->limit) + " bytes");
        if (p->on_bytes) p->on_bytes(*got);
    }
    co_return have;
}

asio::awaitable<result<void>> append_front(std::shared_ptr<pouring> p, std::size_t count) {
    auto work = [p, count] { return p->into->append({p->front.data(), count}); };
    co_return co_await on_pool(p->pool, std::move(work));
}

}  // namespace

asio::awaitable<result<void>> pour(blocking_pool& pool, std::shared_ptr<incoming_file> into, byte_reader read,
                                   std::uint64_t limit, std::function<void(std::size_t)> on_bytes) {
    auto p = std::make_shared<pouring>(pouring{pool, std::move(into), std::move(read), limit, std::move(on_bytes)});
    auto const executor = co_await asio::this_coro::executor;
    auto filled = co_await fill(p);
    while (filled && *filled == buffer_size) {
        std::swap(p->front, p->back);
        auto [order, read_threw, next, write_threw, written] =
            co_await asio::experimental::make_parallel_group(
                asio::co_spawn(executor, fill(p), asio::deferred),
                asio::co_spawn(executor, append_front(p, buffer_size), asio::deferred))
                .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
        if (read_threw) std::rethrow_exception(read_threw);
        if (write_threw) std::rethrow_exception(write_threw);
        if (!written) co_return written.error();
        filled = std::move(next);
    }
    if (!filled) co_return filled.error();
    std::swap(p->front, p->back);
    if (*filled == 0) co_return result<void>{};
    co_return co_await append_front(p, *filled);
}

}  // namespace fjord::site
