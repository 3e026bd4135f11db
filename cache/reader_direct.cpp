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
            if (!n) co_return n.error();
            if (*n == 0) co_return fail(errc::unavailable, "the object is shorter than its source said");
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

// The whole object with its digest taken on the way: each piece is sent when the next one is here, the last one after the
// digest was compared.
asio::awaitable<result<void>> reader::send_direct_whole(net::body_writer& out) {
    auto& core = object_->core();
    auto sha256 = object_->info()->sha256;
    auto from = direct_ ? std::move(direct_) : std::make_unique<place_stream>(object_, byte_span{0, object_->size()});
    auto hash = std::make_shared<digester>();
    auto piece = std::make_shared<std::string>(std::exchange(direct_first_, {}));
    std::uint64_t seen = 0;
    for (std::string held;; held = *piece, piece = std::make_shared<std::string>()) {
        if (piece->empty()) {
            piece->resize(block_size);
            auto n = co_await from->read_some(*piece);
            if (!n) co_return n.error();
            piece->resize(*n);
        }
        seen += piece->size();
        auto update = [hash, piece]() -> result<void> {
            hash->update(*piece);
            return {};
        };
        auto hashed = co_await on_pool(core.pool, std::move(update));
        if (!hashed) co_return hashed.error();
        if (piece->empty() && (seen != object_->size() || hash->finish().sha256 != sha256)) {
            core.count.digest_mismatches.add();
            co_return fail(errc::corrupt, "what the source delivered does not match the object's sha-256");
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
        if (!n) co_return n.error();
        if (*n == 0) co_return result<void>();
        auto wrote = co_await out.write(std::string_view(buffer).substr(0, *n));
        if (!wrote) co_return wrote.error();
        count.bytes_passed.add(*n);
    }
}

}  // namespace fjord::cache
