#include "net/server_worker.hpp"

#include "base/log.hpp"
#include "base/random.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

#include <charconv>

namespace fjord::net {

namespace {

logger const log("net");

constexpr std::chrono::milliseconds tick_interval{50};
constexpr std::chrono::milliseconds first_pause{10};
constexpr std::chrono::milliseconds longest_pause{1000};
constexpr std::size_t courtesy_connections = 256;  // beyond max_connections: still told 503; beyond these: closed

}  // namespace

void server_state::task_began() {
    std::lock_guard lock(mutex_);
    ++tasks_;
}

void server_state::task_ended() {
    std::lock_guard lock(mutex_);
    if (--tasks_ == 0) idle_.notify_all();
}

bool server_state::wait_idle(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, limit, [this] { return tasks_ == 0; });
}

server_worker::server_worker(asio::io_context& context, std::shared_ptr<server_state> state)
    : context_(context),
      state_(std::move(state)),
      tick_timer_(context),
      back_off_timer_(context),
      id_prefix_(random_hex(6) + "-") {}

void server_worker::add_listener(tcp_acceptor acceptor, listen_address const& address) {
    auto host = address.host + ":" + std::to_string(acceptor.local_endpoint().port());
    listeners_.push_back({std::move(acceptor), address.tls, std::move(host)});
}

void server_worker::start() {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        state_->task_began();
        auto done = [self = shared_from_this()](std::exception_ptr) { self->state_->task_ended(); };
        asio::co_spawn(context_, accept_loop(i), std::move(done));
    }
}

asio::awaitable<void> server_worker::accept_loop(std::size_t index) {
    auto& from = listeners_[index];
    auto pause = first_pause;
    while (!stopping_) {
        auto [ec, socket] = co_await from.acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (stopping_) break;
        if (ec) {
            co_await back_off(ec, pause);
            continue;
        }
        pause = first_pause;
        admit(std::move(socket), from);
    }
}

// One failing accept must not end the listener. Out of descriptors, asking again at once would only burn the core.
asio::awaitable<void> server_worker::back_off(boost::system::error_code ec, std::chrono::milliseconds& pause) {
    if (ec == asio::error::connection_aborted) co_return;
    state_->metrics.accept_failures.add();
    if (pause == first_pause) log.warn("accept failed; pausing", {{"reason", ec.message()}});
    back_off_timer_.expires_after(pause);
    pause = std::min(pause * 2, longest_pause);
    co_await back_off_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void server_worker::admit(tcp_socket socket, listener const& from) {
    auto const open = state_->connections.fetch_add(1, std::memory_order_relaxed);
    auto const limit = state_->options.max_connections;
    if (open >= limit) state_->metrics.refused_connections.add();
    if (open >= limit + courtesy_connections) {
        state_->connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    transport link(std::move(socket), from.tls ? state_->tls.get() : nullptr);
    channel io(std::move(link), state_->time, state_->options.stall_timeout, state_->files);
    session_host const host{state_->options, state_->routes, state_->metrics, state_->time};
    launch(std::make_shared<session>(host, *this, std::move(io), context_.get_executor(), from.host, open >= limit));
}

void server_worker::launch(std::shared_ptr<session> s) {
    sessions_.insert(s);
    state_->metrics.connections.add(1);
    state_->task_began();
    arm_tick();
    auto done = [self = shared_from_this(), s](std::exception_ptr failure) {
        self->forget(s);
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (std::exception const& e) {
            s->cut();
            log.error("a session ended by an exception", {{"what", e.what()}});
        }
        self->state_->task_ended();
    };
    asio::co_spawn(context_, s->run(), asio::bind_cancellation_slot(s->slot(), std::move(done)));
}

void server_worker::forget(std::shared_ptr<session> const& s) {
    sessions_.erase(s);
    if (sessions_.empty()) access_log_.flush();
    state_->connections.fetch_sub(1, std::memory_order_relaxed);
    state_->metrics.connections.add(-1);
}

// Real time drives the tick, the injected clock decides what is due.
void server_worker::arm_tick() {
    if (tick_armed_) return;
    tick_armed_ = true;
    tick_timer_.expires_after(tick_interval);
    tick_timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
        self->tick_armed_ = false;
        if (!ec) self->tick();
    });
}

void server_worker::tick() {
    auto const now = state_->time.steady();
    // A cancellation handler may end a session at once, so the set is not walked while they run.
    std::vector<std::shared_ptr<session>> const current(sessions_.begin(), sessions_.end());
    for (auto const& s : current) s->tick(now);
    access_log_.flush();
    if (!sessions_.empty()) arm_tick();
}

void server_worker::begin_stop() {
    stopping_ = true;
    back_off_timer_.cancel();
    for (auto& from : listeners_) {
        boost::system::error_code ignored;
        from.acceptor.close(ignored);
    }
    std::vector<std::shared_ptr<session>> const current(sessions_.begin(), sessions_.end());
    for (auto const& s : current) s->end_if_idle();
}

std::size_t server_worker::cut_all() {
    std::size_t cut = 0;
    std::vector<std::shared_ptr<session>> const current(sessions_.begin(), sessions_.end());
    for (auto const& s : current) cut += s->cut() ? 1 : 0;
    return cut;
}

void server_worker::append_request_id(std::string& out) {
    char digits[20];
    auto const end = std::to_chars(digits, digits + sizeof digits, ++next_id_, 16).ptr;
    out.append(id_prefix_).append(digits, end);
}

std::string_view server_worker::http_date() {
    auto const now = std::chrono::floor<seconds>(state_->time.now());
    if (now != date_second_) {
        date_ = format_http_date(now);
        date_second_ = now;
    }
    return date_;
}

}  // namespace fjord::net
