#include "net/curl_loop.hpp"

#include "base/log.hpp"
#include "net/curl_transfer.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>
#include <sys/epoll.h>

#include <array>
#include <csignal>
#include <stdexcept>

namespace fjord::net {

namespace {

logger const log("net");

constexpr std::chrono::milliseconds limit_interval{250};  // stalls are noticed at least this often
constexpr long kept_connections = 256;

void prepare_curl_once() {
    static bool const ready = [] {
        struct sigaction current {};
        // OpenSSL writes without MSG_NOSIGNAL.
        if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
        return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    }();
    if (!ready) throw std::runtime_error("libcurl cannot be initialised");
}

int new_epoll() {
    int const fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) throw std::runtime_error("epoll_create1 failed");
    return fd;
}

}  // namespace

curl_loop::curl_loop(client_options const& options)
    : guard_(context_.get_executor()), epoll_(context_, new_epoll()), curl_timer_(context_), limit_timer_(context_) {
    prepare_curl_once();
    multi_ = curl_multi_init();
    if (!multi_) throw std::runtime_error("curl_multi_init failed");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_loop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_loop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.max_connections_per_host));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kept_connections);
    watch_sockets();
    thread_ = std::thread([this] { context_.run(); });
    ::pthread_setname_np(thread_.native_handle(), "fjord-curl");
}

curl_loop::~curl_loop() { stop(); }

void curl_loop::stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
        stopped_ = true;
        while (!running_.empty()) {
            auto const transfer = running_.begin()->second;
            transfer->cancel(fail(errc::cancelled, "the client is shutting down"));
            remove(transfer);
        }
        curl_timer_.cancel();
        limit_timer_.cancel();
        epoll_.cancel();
        guard_.reset();
    });
    thread_.join();
    curl_multi_cleanup(multi_);
    multi_ = nullptr;
    {
        std::lock_guard lock(start_mutex_);
        closed_ = true;
    }
    // What was posted between the two is answered here.
    context_.restart();
    context_.poll();
}

void curl_loop::post(void (curl_loop::*what)(std::shared_ptr<curl_transfer> const&), std::shared_ptr<curl_transfer> transfer) {
    asio::post(context_, [this, what, transfer = std::move(transfer)] { (this->*what)(transfer); });
}

void curl_loop::start(std::shared_ptr<curl_transfer> transfer) {
    std::lock_guard lock(start_mutex_);
    if (closed_) return transfer->cancel(fail(errc::cancelled, "the client is shutting down"));
    post(&curl_loop::add, std::move(transfer));
}

void curl_loop::drop(std::shared_ptr<curl_transfer> transfer) { post(&curl_loop::remove, std::move(transfer)); }
void curl_loop::resume(std::shared_ptr<curl_transfer> transfer) { post(&curl_loop::unpause, std::move(transfer)); }

void curl_loop::add(std::shared_ptr<curl_transfer> const& transfer) {
    if (stopped_) return transfer->cancel(fail(errc::cancelled, "the client is shutting down"));
    running_.emplace(transfer->easy(), transfer);
    curl_multi_add_handle(multi_, transfer->easy());
    arm_limits();
}

void curl_loop::remove(std::shared_ptr<curl_transfer> const& transfer) {
    if (running_.erase(transfer->easy()) > 0) curl_multi_remove_handle(multi_, transfer->easy());
}

void curl_loop::unpause(std::shared_ptr<curl_transfer> const& transfer) {
    if (!running_.contains(transfer->easy())) return;
    curl_easy_pause(transfer->easy(), CURLPAUSE_CONT);
    collect_finished();
}

int curl_loop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    auto& loop = *static_cast<curl_loop*>(self);
    auto const set = loop.epoll_.native_handle();
    if (what == CURL_POLL_REMOVE) {
        ::epoll_ctl(set, EPOLL_CTL_DEL, fd, nullptr);  // fails when curl has closed it before telling, which is as good
        return 0;
    }
    epoll_event event{};
    event.data.fd = fd;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
    if (::epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) != 0) ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

// Only arms the timer: curl must not be called back from inside its own callback.
int curl_loop::on_timer(CURLM*, long timeout_ms, void* self) {
    auto& loop = *static_cast<curl_loop*>(self);
    if (timeout_ms < 0) {
        loop.curl_timer_.cancel();
        return 0;
    }
    loop.curl_timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    loop.curl_timer_.async_wait([&loop](boost::system::error_code ec) {
        if (!ec && !loop.stopped_) loop.drive(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

void curl_loop::watch_sockets() {
    epoll_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code ec) {
        if (ec || stopped_) return;
        serve_sockets();
        watch_sockets();
    });
}

void curl_loop::serve_sockets() {
    std::array<epoll_event, 64> ready;
    int const n = ::epoll_wait(epoll_.native_handle(), ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < n; ++i) {
        auto const& event = ready[static_cast<std::size_t>(i)];
        int mask = 0;
        if (event.events & EPOLLIN) mask |= CURL_CSELECT_IN;
        if (event.events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
        if (event.events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
        drive(event.data.fd, mask);
    }
}

void curl_loop::drive(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    collect_finished();
}

void curl_loop::collect_finished() {
    int left = 0;
    while (auto const* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        auto const outcome = message->data.result;  // the message dies with the removal
        auto const at = running_.find(message->easy_handle);
        if (at == running_.end()) continue;
        auto const transfer = at->second;
        remove(transfer);
        transfer->finished(outcome);
    }
}

void curl_loop::arm_limits() {
    if (running_.empty()) return;
    auto const now = std::chrono::steady_clock::now();
    auto next = now + limit_interval;
    for (auto const& [easy, transfer] : running_) next = std::min(next, transfer->due(now));
    if (next >= limit_armed_) return;  // soon enough already
    limit_armed_ = next;
    limit_timer_.expires_at(next);
    limit_timer_.async_wait([this](boost::system::error_code ec) {
        if (ec || stopped_) return;
        limit_armed_ = steady_time::max();
        check_limits();
        arm_limits();
    });
}

void curl_loop::check_limits() {
    auto const now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<curl_transfer>> late;
    for (auto const& [easy, transfer] : running_) {
        if (transfer->due(now) <= now) late.push_back(transfer);
    }
    for (auto const& transfer : late) {
        transfer->cancel(transfer->limit_error());
        remove(transfer);
    }
}

}  // namespace fjord::net
