#include "cache/reader.hpp"

#include "base/log.hpp"

namespace fjord::cache {

namespace {

logger const log_("cache");
constexpr block_no send_run = 32;  // blocks verified and sent at a time: 2 MiB, so that one client does not hold the loop

}  // namespace

reader::reader(std::shared_ptr<instance> object, bool whole) : object_(std::move(object)), whole_(whole) {}

error reader::cut(error why) const {
    object_->core().count.aborted.add();
    log_.warn("an answer was cut off", {{"path", object_->key().path}, {"why", why.message()}});
    return why;
}

void reader::begin(block_run run) {
    if (begun_) return;
    begun_ = true;
    certified_ = !whole_ || !object_->info()->sha256;
    if (!certified_) start_ = object_->begin_whole();
    if (object_->object()) here_at_start_ = object_->core().store->view(object_->object(), run);
}

// While a response waits for its verdict, what it sent must stay on disk to be checked.
void reader::hold(block_no b) {
    auto e = b / blocks_per_extent;
    if (certified_ || !object_->object() || held_.contains(e)) return;
    if (auto pin = object_->core().store->hold(object_->object(), e)) held_[e] = std::move(pin);
}

void reader::release() {
    certified_ = true;
    held_.clear();
}

asio::awaitable<result<void>> reader::prime(byte_span span) {
    auto run = blocks_of(span);
    begin(run);
    if (span.empty()) co_return result<void>();
    if (!start_.direct) {
        auto c = co_await obtain(run.first, run.end);
        if (!c) co_return c.error();
        hold(run.first);
        // The first block shows whether anything can be stored; if not, the digest must be taken on the way from here on.
        bool stored = certified_ || !object_->passing_through();
        if (!c->direct && stored) {
            primed_ = std::move(*c);
            co_return result<void>();
        }
        start_.direct = true;
    }
    direct_ = std::make_unique<place_stream>(object_, span);
    direct_first_.resize(block_size);
    auto n = co_await direct_->read_some(direct_first_);
    if (!n) co_return n.error();
    direct_first_.resize(*n);
    co_return result<void>();
}

asio::awaitable<result<void>> reader::send(byte_span span, net::body_writer& out) {
    begin(blocks_of(span));
    auto limit = blocks_of(span).end;
    auto last = blocks_in(object_->size()) - 1;
    if (start_.direct && !certified_) {
        auto hash = std::make_shared<digester>(std::initializer_list<digest_algorithm>{digest_algorithm::sha256});
        co_return co_await send_direct_whole(span, std::move(hash), out);
    }
    while (!span.empty()) {
        auto b = static_cast<block_no>(span.begin / block_size);
        if (start_.direct) co_return co_await send_direct(span, out);
        chunk c;
        if (primed_ && primed_->at == b) {
            c = std::move(*std::exchange(primed_, std::nullopt));
        } else {
            auto got = co_await obtain(b, limit);
            if (!got) co_return cut(got.error());
            c = std::move(*got);
        }
        hold(b);
        if (c.direct) {
            if (certified_) co_return co_await send_direct(span, out);
            auto hash = co_await hash_sent(b);
            if (!hash) co_return cut(hash.error());
            co_return co_await send_direct_whole(span, std::move(*hash), out);
        }
        if (!certified_ && b == last) {
            auto good = co_await object_->certify(start_.epoch);
            if (!good) co_return cut(good.error());
            release();
        }
        auto rest = span;
        if (!certified_) rest.end = std::min(rest.end, span_of(last, object_->size()).begin);
        auto sent = co_await send_chunk(std::move(c), rest, out);
        if (!sent) co_return sent.error();
        span.begin += *sent;
    }
    co_return result<void>();
}

asio::awaitable<result<std::uint64_t>> reader::send_chunk(chunk c, byte_span rest, net::body_writer& out) {
    auto& count = object_->core().count;
    if (c.bytes) {
        auto from = rest.begin - c.at * block_size;
        auto part = std::string_view(*c.bytes).substr(from, rest.size());
        auto wrote = co_await out.write(part);
        if (!wrote) co_return wrote.error();
        count.bytes_filled.add(part.size());
        ahead_.advance(1);
        co_return part.size();
    }
    auto end = std::min<std::uint64_t>(c.run->run.end * block_size, rest.end);
    auto length = end - rest.begin;
    auto wrote = co_await out.write_file(c.run->fd->get(), rest.begin, length);
    if (!wrote) co_return wrote.error();
    for (auto b = c.run->run.first; b < c.run->run.end && b * block_size < end; ++b) {
        auto bytes = std::min((b + std::uint64_t{1}) * block_size, end) - std::max(b * block_size, rest.begin);
        (here_at_start_.has(b) ? count.bytes_disk : count.bytes_filled).add(bytes);
    }
    ahead_.advance(c.run->run.size());
    co_return length;
}

asio::awaitable<result<reader::chunk>> reader::obtain(block_no b, block_no limit) {
    for (;;) {
        auto step = co_await object_->need(b, limit, ahead_.window());
        if (!step) co_return step.error();
        chunk c{.at = b, .bytes = step->bytes, .direct = step->direct};
        if (!step->present) co_return c;
        auto run = co_await ready_run(b, std::min(limit, b + send_run));
        if (!run) co_return run.error();
        if (!*run) continue;  // evicted, or found corrupt, since need() looked
        c.run = std::move(*run);
        co_return c;
    }
}

// A pinned run that is verified and open; nothing when block b turned out to be gone or corrupt.
asio::awaitable<result<std::optional<pinned_run>>> reader::ready_run(block_no b, block_no limit) {
    auto& core = object_->core();
    bool touch = touched_ != b / blocks_per_extent;
    auto run = core.store->pin(object_->object(), b, limit, touch);
    if (!run) co_return std::optional<pinned_run>();
    if (touch) touched_ = b / blocks_per_extent;
    if (!run->ready) {
        auto shared = std::make_shared<pinned_run>(std::move(*run));
        auto verify = [&core, object = object_, shared] { return core.store->prepare(object->object(), *shared); };
        auto fault = co_await on_pool(core.pool, std::move(verify));
        if (!fault) co_return fault.error();
        if (*fault) object_->found_bad(**fault);
        run = std::move(*shared);
    }
    if (run->run.empty() || !run->ready) co_return std::optional<pinned_run>();
    co_return std::move(run);
}

asio::awaitable<result<block_bytes>> reader::small() {
    auto& core = object_->core();
    begin({0, 1});
    auto c = co_await obtain(0, 1);
    if (!c) co_return c.error();
    if (c->bytes) {
        core.count.bytes_filled.add(c->bytes->size());
        co_return c->bytes;  // compared with its digest by the fetch
    }
    auto sha256 = object_->info()->sha256;
    if (c->direct) {
        place_stream from(object_, {0, object_->size()});
        for (;;) {
            auto bytes = co_await from.read_exactly(object_->size());
            if (!bytes) co_return bytes.error();
            core.count.bytes_passed.add(bytes->size());
            if (!sha256 || sha256_of(*bytes) == *sha256) co_return std::make_shared<std::string const>(std::move(*bytes));
            core.count.digest_mismatches.add();
            from.reject(0);
        }
    }
    auto load = [&core, object = object_] { return core.store->read(object->object(), 0); };
    auto read = co_await on_pool(core.pool, std::move(load));
    if (!read) co_return read.error();
    if (!read->bytes) co_return fail(errc::unavailable, "a stored block turned bad while it was read; try again");
    if (sha256 && !object_->checked()) {
        bool matches = sha256_of(*read->bytes) == *sha256;
        object_->judged(matches);
        if (!matches) co_return fail(errc::corrupt, "the object does not match its sha-256");
    }
    core.count.bytes_disk.add(read->bytes->size());
    // SIEVE does not resist scans: only what was asked for twice enters.
    if (core.store->frequency(object_->object(), 0) >= 1) core.ram.insert(object_->object()->id(), read->bytes);
    co_return read->bytes;
}

}  // namespace fjord::cache
