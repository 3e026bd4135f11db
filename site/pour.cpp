#include "site/pour.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace fjord::site {

namespace asio = boost::asio;

namespace {

constexpr std::size_t largest_buffer = 1u << 20;
constexpr std::size_t smallest_buffer = 16u << 10;

// One for the bytes on their way in, one for those on their way out; no larger than the whole when that is known.
std::size_t buffer_size_for(std::optional<std::uint64_t> whole) {
    if (!whole || *whole >= largest_buffer) return largest_buffer;
    return std::max(static_cast<std::size_t>(*whole) + 1, smallest_buffer);  // one more: a short buffer says it was the end
}

// Shared with the coroutines that run side by side, so that a cut request leaves no buffer dangling.
struct pouring {
    blocking_pool& pool;
    std::shared_ptr<incoming_file> into;
    byte_reader read;
    std::uint64_t limit;
    std::function<void(std::size_t)> on_bytes;
    std::size_t size;  // of each buffer
    std::unique_ptr<char[]> front, back;
    std::uint64_t total = 0;
};

// Fills the back buffer; less than a full one means the end.
asio::awaitable<result<std::size_t>> fill(std::shared_ptr<pouring> p) {
    std::size_t have = 0;
    while (have < p->size) {
        std::span<char> const room(p->back.get() + have, p->size - have);
        auto got = co_await p->read(room);
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

// Both in one turn on the pool.
asio::awaitable<result<void>> store_front(std::shared_ptr<pouring> p, std::size_t count) {
    auto work = [p, count] {
        std::string_view const bytes(p->front.get(), count);
        p->into->digest(bytes);
        return p->into->write(bytes);
    };
    co_return co_await on_pool(p->pool, std::move(work));
}

asio::awaitable<result<void>> write_front(std::shared_ptr<pouring> p, std::size_t count) {
    auto work = [p, count] { return p->into->write({p->front.get(), count}); };
    co_return co_await on_pool(p->pool, std::move(work));
}

asio::awaitable<result<void>> nothing() { co_return result<void>{}; }

asio::awaitable<result<void>> digest_front(std::shared_ptr<pouring> p, std::size_t count) {
    auto work = [p, count]() -> result<void> {
        p->into->digest({p->front.get(), count});
        return {};
    };
    co_return co_await on_pool(p->pool, std::move(work));
}

}  // namespace

asio::awaitable<result<void>> pour(blocking_pool& pool, std::shared_ptr<incoming_file> into, byte_reader read,
                                   std::uint64_t limit, std::function<void(std::size_t)> on_bytes) {
    auto const size = buffer_size_for(into->promised_size());
    auto p = std::make_shared<pouring>(pouring{pool, std::move(into), std::move(read), limit, std::move(on_bytes), size,
                                               std::make_unique_for_overwrite<char[]>(size),
                                               std::make_unique_for_overwrite<char[]>(size)});
    auto const executor = co_await asio::this_coro::executor;
    bool const apart = p->into->digests_cost();
    auto filled = co_await fill(p);
    while (filled && *filled == size) {
        std::swap(p->front, p->back);
        auto writing = apart ? write_front(p, size) : store_front(p, size);
        auto digesting = apart ? digest_front(p, size) : nothing();
        auto all = asio::experimental::make_parallel_group(asio::co_spawn(executor, fill(p), asio::deferred),
                                                           asio::co_spawn(executor, std::move(writing), asio::deferred),
                                                           asio::co_spawn(executor, std::move(digesting), asio::deferred));
        auto [order, read_threw, next, write_threw, written, digest_threw, digested] =
            co_await all.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
        for (auto const& threw : {read_threw, write_threw, digest_threw})
            if (threw) std::rethrow_exception(threw);
        if (!written) co_return written.error();
        if (!digested) co_return digested.error();
        filled = std::move(next);
    }
    if (!filled) co_return filled.error();
    std::swap(p->front, p->back);
    if (*filled == 0) co_return result<void>{};
    co_return co_await store_front(p, *filled);
}

}  // namespace fjord::site
