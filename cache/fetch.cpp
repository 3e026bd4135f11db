// Filling one run of blocks: read from the best place, hand each block to who waits for it, write it to disk behind that.
#include "cache/place_stream.hpp"

#include <boost/asio/this_coro.hpp>

namespace fjord::cache {

namespace {

constexpr std::size_t write_batch = 8;  // blocks held in memory before they are written: 512 KiB per fetch

using batch = std::vector<block_bytes>;

// One block, from as many places as it takes. An object of one block is compared with its digest before anybody sees it.
asio::awaitable<result<block_bytes>> read_block(std::shared_ptr<instance> object, place_stream& from, block_no b) {
    auto span = span_of(b, object->size());
    auto sha256 = object->size() <= block_size ? object->info()->sha256 : std::nullopt;
    for (;;) {
        auto bytes = co_await from.read_exactly(span.size());
        if (!bytes) co_return bytes.error();
        auto block = std::make_shared<std::string const>(std::move(*bytes));
        if (!sha256 || sha256_of(*block) == *sha256) co_return block;
        object->core().count.digest_mismatches.add();
        from.reject(span.begin);
    }
}

asio::awaitable<bool> store(std::shared_ptr<instance> object, fetch_id fetch, block_no first, batch blocks) {
    auto executor = co_await asio::this_coro::executor;
    block_run run{first, first + static_cast<block_no>(blocks.size())};
    auto& core = object->core();
    auto write = [&core, object, first, blocks = std::move(blocks)] {
        return core.store->write(object->object(), first, blocks);
    };
    auto checksums = co_await on_pool(core.pool, std::move(write));
    object->settled(fetch, run, checksums ? &*checksums : nullptr, executor);
    co_return checksums.has_value();
}

// The first block is stored before it is handed out, so that readers know from the start whether this object can be kept.
asio::awaitable<result<void>> fill(std::shared_ptr<instance> object, fetch_claim claim) {
    auto executor = co_await asio::this_coro::executor;
    auto& core = object->core();
    place_stream from(object, {span_of(claim.run.first, object->size()).begin, span_of(claim.run.end - 1, object->size()).end});
    batch waiting;
    for (auto b = claim.run.first; b < claim.run.end; ++b) {
        auto block = co_await read_block(object, from, b);
        if (!block) {
            // What came before the failure is worth keeping.
            auto first = b - static_cast<block_no>(waiting.size());
            if (!waiting.empty()) co_await store(object, claim.id, first, std::move(waiting));
            co_return block.error();
        }
        if (b == claim.run.first) {
            auto write = [&core, object, b, bytes = *block] {
                return core.store->write(object->object(), b, std::span(&bytes, 1));
            };
            auto checksums = co_await on_pool(core.pool, std::move(write));
            if (!checksums) object->cannot_store();
            object->arrived(claim.id, b, *block);
            if (!checksums) co_return result<void>();
            // The single block of a small object was compared with its digest by read_block.
            if (object->size() <= block_size && object->info()->sha256) object->judged(true);
            object->settled(claim.id, {b, b + 1}, &*checksums, executor);
            continue;
        }
        object->arrived(claim.id, b, *block);
        waiting.push_back(std::move(*block));
        if (waiting.size() < write_batch && b + 1 < claim.run.end) continue;
        auto first = b + 1 - static_cast<block_no>(waiting.size());
        bool stored = co_await store(object, claim.id, first, std::exchange(waiting, {}));
        if (!stored) co_return result<void>();
    }
    co_return result<void>();
}

}  // namespace

asio::awaitable<void> run_fetch(std::shared_ptr<instance> object, fetch_claim claim) {
    auto executor = co_await asio::this_coro::executor;
    auto& count = object->core().count;
    count.fetches.add();
    auto outcome = co_await fill(object, claim);
    if (!outcome) count.source_failures.add();
    object->ended(claim.id, outcome, executor);
}

}  // namespace fjord::cache
