#include "stac/ingest_stream.hpp"

#include "base/json.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace fjord::stac {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
boost::system::error_code const no_error;
constexpr std::size_t read_size = 128u << 10;
constexpr std::size_t most_lines = 8192;   // of a batch: short ones cost more than their bytes
constexpr std::size_t queued_batches = 1;  // between two stages

}  // namespace

ingest_stream::ingest_stream(net::request const& req, blocking_pool& pool, ingest_options options, checker check, storer store)
    : body_(*req.body),
      pool_(pool),
      options_(options),
      check_(std::move(check)),
      store_(std::move(store)),
      framer_(options.max_line),
      received_(req.executor, queued_batches),
      checked_(req.executor, queued_batches) {}

bool ingest_stream::full() const { return framer_.bytes() >= options_.batch_bytes || framer_.lines() >= most_lines; }

asio::awaitable<result<void>> ingest_stream::begin() {
    room_.resize(read_size);
    auto const n = co_await body_.read_some(room_);
    if (!n) co_return n.error();
    if (*n == 0) co_return fail(errc::invalid_argument, "the body is empty; send one STAC item per line");
    framer_.put({room_.data(), *n});
    co_return result<void>{};
}

asio::awaitable<result<void>> ingest_stream::run(net::body_writer& out) {
    using namespace asio::experimental::awaitable_operators;
    auto const self = shared_from_this();
    try {
        // One that gives up ends the others; all have ended when this returns.
        co_await (receive() && check() && write(out));
    } catch (boost::system::system_error const& e) {
        if (!failure_) failure_ = fail(errc::cancelled, "the ingest was ended: " + e.code().message());
    }
    if (failure_) co_return *failure_;
    co_return result<void>{};
}

void ingest_stream::give_up(error why) {
    if (!failure_) failure_ = std::move(why);
    throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<void> ingest_stream::receive() {
    for (;;) {
        hand_over_when_idle();
        if (full()) {
            auto batch = std::make_shared<line_batch>(framer_.take());
            if (!batch->lines.empty()) {  // else nothing but blank lines
                ++under_way_;
                auto const [cancelled] = co_await received_.async_send(no_error, std::move(batch), as_result);
                if (cancelled) co_return;
            }
        }
        auto const n = co_await body_.read_some(room_);
        if (!n) give_up(n.error());
        if (*n == 0) break;
        framer_.put({room_.data(), *n});
    }
    framer_.finish();
    all_received_ = true;
    if (framer_.lines() > 0) {
        ++under_way_;
        auto batch = std::make_shared<line_batch>(framer_.take());
        co_await received_.async_send(no_error, std::move(batch), as_result);
    }
    co_await received_.async_send(no_error, nullptr, as_result);
}

// Nothing waits for company while there is nothing else to do.
void ingest_stream::hand_over_when_idle() {
    if (under_way_ > 0 || framer_.lines() == 0 || all_received_) return;
    if (received_.try_send(no_error, std::make_shared<line_batch>(framer_.take()))) ++under_way_;
}

asio::awaitable<void> ingest_stream::check() {
    for (;;) {
        auto const [cancelled, batch] = co_await received_.async_receive(as_result);
        if (cancelled) co_return;
        if (!batch) break;
        auto work = [this, batch = batch]() -> result<std::shared_ptr<checked_batch>> {
            try {
                auto done = std::make_shared<checked_batch>();
                done->items = check_(*batch);
                done->through = batch->lines.back().number;
                return done;
            } catch (std::exception const& e) { return fail(errc::internal, e.what()); }
        };
        auto done = co_await on_pool(pool_, std::move(work));
        if (!done) give_up(done.error());
        auto const [gone] = co_await checked_.async_send(no_error, std::move(*done), as_result);
        if (gone) co_return;
    }
    co_await checked_.async_send(no_error, nullptr, as_result);
}

asio::awaitable<void> ingest_stream::write(net::body_writer& out) {
    for (;;) {
        auto const [cancelled, batch] = co_await checked_.async_receive(as_result);
        if (cancelled) co_return;
        if (!batch) break;
        auto work = [this, batch = batch]() -> result<std::vector<bulk_outcome>> {
            try {
                return store_(std::move(batch->items));
            } catch (std::exception const& e) { return fail(errc::internal, e.what()); }
        };
        auto const done = co_await on_pool(pool_, std::move(work));
        if (!done) {
            // Nothing of this batch is stored. What follows would fare alike, so the client is told and the rest is not read.
            stopped_ = done.error();
            break;
        }
        auto const text = results(*done, batch->through);
        if (auto ok = co_await out.write(text); !ok) give_up(ok.error());
        --under_way_;
        hand_over_when_idle();
    }
    auto const last = summary();
    if (auto ok = co_await out.write(last); !ok) give_up(ok.error());
    // Ends the others, which may be reading still; this is no failure of the connection.
    if (stopped_) throw boost::system::system_error(asio::error::operation_aborted);
}

void ingest_stream::count(bulk_outcome const& o) {
    if (o.status == 201)
        ++created_;
    else if (o.status >= 300)
        ++refused_;
    else
        ++(o.changed ? updated_ : unchanged_);
}

std::string ingest_stream::results(std::vector<bulk_outcome> const& outcomes, std::uint64_t through) {
    std::string text;
    for (auto const& o : outcomes) {
        count(o);
        if (!options_.failed_only || o.status >= 300) append_line(text, o);
    }
    if (options_.failed_only)
        text +=
            "{\"through\":" + std::to_string(through) + ",\"stored\":" + std::to_string(created_ + updated_ + unchanged_) + "}\n";
    return text;
}

std::string ingest_stream::summary() const {
    std::string text = "{\"done\":";
    text += stopped_ ? "false" : "true";
    for (auto const& [name, n] :
         {std::pair{"created", created_}, {"updated", updated_}, {"unchanged", unchanged_}, {"refused", refused_}})
        text += ",\"" + std::string(name) + "\":" + std::to_string(n);
    if (stopped_)
        text += ",\"status\":" + std::to_string(net::status_of(*stopped_)) +
                ",\"detail\":" + json_quote("the lines without a result are not stored: " + stopped_->message());
    return text + "}\n";
}

}  // namespace fjord::stac
