// Reading past the store: the disk is full, the object is larger than the tier, or the source forbids storing.
#include "cache/reader.hpp"

namespace fjord::cache {

asio::awaitable<result<void>> reader::send_direct(byte_span span, net::body_writer& out) {
    auto& count = object_->core().count;
    auto from = direct_ ? std::move(direct_) : std::make_unique<place_stream>(object_, span);
    auto buffer = std::exchange(direct_first_, {});
    while (!span.empty()) {
        if (buffer.empty()) {
            buffer.resize(block_size);
            auto n = co_await from->read_some(buffer);
            if (!n) co_return cut(n.error());
            if (*n == 0) co_return cut(fail(errc::unavailable, "the object is shorter than its source said"));
            buffer.resize(*n);
        }
        auto wrote = co_await out.write(buffer);
        if (!wrote) co_return wrote.error();
        count.bytes_passed.add(buffer.size());
        span.begin += buffer.size();
        buffer.clear();
    }
    co_return result<void>();
}

asio::awaitable<result<std::shared_ptr<digester>>> reader::hash_sent(block_no b) {
    auto& core = object_->core();
    auto hash = std::make_shared<digester>(std::initializer_list<digest_algorithm>{digest_algorithm::sha256});
    for (block_no at = 0; at < b; ++at) {
        auto update = [&core, object = object_, hash, at]() -> result<void> {
            auto read = core.store->read(object->object(), at);
            if (!read || !read->bytes) return fail(errc::unavailable, "what was sent cannot be checked any more; try again");
            hash->update(*read->bytes);
            return {};
        };
        auto done = co_await on_pool(core.pool, std::move(update));
        if (!done) co_return done.error();
    }
    co_return hash;
}

// Each piece is sent when the next one is here, the last one after the digest was compared.
asio::awaitable<result<void>> reader::send_direct_whole(byte_span span, std::shared_ptr<digester> hash, net::body_writer& out) {
    auto& core = object_->core();
    auto sha256 = object_->info()->sha256;
    auto from = direct_ ? std::move(direct_) : std::make_unique<place_stream>(object_, span);
    auto piece = std::make_shared<std::string>(std::exchange(direct_first_, {}));
    for (std::string held;; held = *piece, piece = std::make_shared<std::string>()) {
        if (piece->empty()) {
            piece->resize(block_size);
            auto n = co_await from->read_some(*piece);
            if (!n) co_return cut(n.error());
            piece->resize(*n);
        }
        auto update = [hash, piece]() -> result<void> {
            hash->update(*piece);
            return {};
        };
        auto hashed = co_await on_pool(core.pool, std::move(update));
        if (!hashed) co_return cut(hashed.error());
        if (piece->empty() && (hash->size() != object_->size() || hash->finish().sha256 != sha256)) {
            core.count.digest_mismatches.add();
            co_return cut(fail(errc::corrupt, "what the source delivered does not match the object's sha-256"));
        }
        if (!held.empty()) {
            auto wrote = co_await out.write(held);
            if (!wrote) co_return wrote.error();
            core.count.bytes_passed.add(held.size());
        }
        if (piece->empty()) co_return result<void>();
    }
}

asio::awaitable<result<void>> reader::relay(net::body_writer& out) {
    auto& count = object_->core().count;
    place_stream from(object_, {});
    std::string buffer(block_size, '\0');
    for (;;) {
        auto n = co_await from.read_some(buffer);
        if (!n) co_return cut(n.error());
        if (*n == 0) co_return result<void>();
        auto wrote = co_await out.write(std::string_view(buffer).substr(0, *n));
        if (!wrote) co_return wrote.error();
        count.bytes_passed.add(*n);
    }
}

}  // namespace fjord::cache
