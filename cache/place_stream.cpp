#include "cache/place_stream.hpp"

#include "base/log.hpp"

namespace fjord::cache {

namespace {
logger const log_("cache");
}

place_stream::place_stream(std::shared_ptr<instance> object, byte_span span)
    : object_(std::move(object)),
      span_(span),
      sized_(object_->info()->size.has_value()),
      position_(span.begin),
      last_(errc::unavailable, "the source names no place that holds the object") {}

asio::awaitable<result<std::size_t>> place_stream::read_some(std::span<char> out) {
    auto& count = object_->core().count;
    for (;;) {
        if (sized_ && position_ >= span_.end) co_return std::size_t{0};
        if (!stream_) {
            auto connected = co_await connect();
            if (!connected) co_return connected.error();
        }
        auto room = sized_ ? std::min<std::uint64_t>(out.size(), span_.end - position_) : out.size();
        auto n = co_await stream_->read_some(out.first(room));
        if (n && *n > 0) {
            position_ += *n;
            count.bytes_fetched.add(*n);
            co_return *n;
        }
        if (n && !sized_) co_return std::size_t{0};
        leave_place(n ? fail(errc::unavailable, "the answer ended early") : n.error());
        if (!sized_ && position_ > span_.begin) co_return last_;
        count.failovers.add();
    }
}

asio::awaitable<result<std::string>> place_stream::read_exactly(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        auto n = co_await read_some(std::span(bytes).subspan(done));
        if (!n) co_return n.error();
        if (*n == 0) co_return fail(errc::unavailable, "the object is shorter than its source said");
        done += *n;
    }
    co_return bytes;
}

void place_stream::reject(std::uint64_t position) {
    connected_at_ = position_;  // what it delivered counts for nothing
    leave_place(fail(errc::corrupt, "what it delivered does not match the object's sha-256"));
    object_->core().count.failovers.add();
    position_ = position;
}

void place_stream::leave_place(error why) {
    log_.warn("a place failed during a fill",
              {{"path", object_->key().path}, {"site", current_.site}, {"at", position_}, {"why", why.message()}});
    object_->blame(current_);
    // Who delivered a good part before it broke may be asked again, after the others.
    if (stream_ && position_ >= connected_at_ + block_size) tried_.erase(current_.url);
    stream_.reset();
    last_ = std::move(why);
}

asio::awaitable<result<void>> place_stream::connect() {
    for (;;) {
        for (auto& p : object_->places()) {
            if (!tried_.insert(p.url).second) continue;
            auto opened = co_await object_->source().open(p, object_->info(), byte_span{position_, sized_ ? span_.end : 0});
            if (opened) {
                stream_ = std::move(*opened);
                current_ = p;
                connected_at_ = position_;
                object_->learn(p, stream_->etag());
                co_return result<void>();
            }
            if (opened.error().code == errc::denied || opened.error().code == errc::unauthenticated) refused_.insert(p.url);
            current_ = p;
            leave_place(opened.error());
        }
        if (refreshed_) co_return last_;
        refreshed_ = true;
        auto fresh = co_await object_->refresh_places();
        if (!fresh) co_return last_.detail.empty() ? fresh.error() : last_;
        // New tokens may open what the old ones did not.
        for (auto const& url : refused_) tried_.erase(url);
    }
}

}  // namespace fjord::cache
