#pragma once
// The server's part on one context: acceptors, sessions, the tick that enforces deadlines. All members are touched by that
// context's thread only; the constructor and add_listener() run before it starts to accept.
#include "net/listener.hpp"
#include "net/session.hpp"
#include "net/tls_context.hpp"

#include <condition_variable>
#include <mutex>
#include <unordered_set>

namespace fjord::net {

// What all workers share. Kept alive by them, so that nothing dangles when a context outlives the server.
struct server_state {
    server_state(server_options o, router const& r, metrics_registry& registry, clock& t)
        : options(std::move(o)), routes(r), metrics(registry), time(t), files(2, 4096) {}

    server_options options;
    router const& routes;
    server_metrics metrics;
    clock& time;
    tls_slot tls;
    blocking_pool files;  // reads for TLS file bodies
    std::atomic<std::size_t> connections{0};

    // Accept loops and sessions of all workers; stop() waits for zero.
    void task_began();
    void task_ended();
    bool wait_idle(std::chrono::milliseconds limit);

private:
    std::mutex mutex_;
    std::condition_variable idle_;
    std::size_t tasks_ = 0;
};

class server_worker final : public session_home, public std::enable_shared_from_this<server_worker> {
public:
    server_worker(asio::io_context& context, std::shared_ptr<server_state> state);

    void add_listener(tcp_acceptor acceptor, listen_address const& address);
    void start();  // posts; any thread
    asio::io_context& context() { return context_; }

    void begin_stop();      // owner context: no more accepts, idle sessions end
    std::size_t cut_all();  // owner context: closes what is left; how many requests were in flight

    void append_request_id(std::string& out) override;
    std::string_view http_date() override;
    std::shared_ptr<principal const> const& anonymous() override { return anonymous_; }
    bool stopping() const override { return stopping_; }
    quick_scratch& scratch() override { return scratch_; }
    log_batch& access_log() override { return access_log_; }

private:
    struct listener {
        tcp_acceptor acceptor;
        bool tls = false;
        std::string host;  // "127.0.0.1:8080"
    };

    asio::awaitable<void> accept_loop(std::size_t index);
    asio::awaitable<void> back_off(boost::system::error_code ec, std::chrono::milliseconds& pause);
    void admit(tcp_socket socket, listener const& from);
    void launch(std::shared_ptr<session> s);
    void forget(std::shared_ptr<session> const& s);
    void arm_tick();
    void tick();

    asio::io_context& context_;
    std::shared_ptr<server_state> state_;
    std::vector<listener> listeners_;
    std::unordered_set<std::shared_ptr<session>> sessions_;
    asio::steady_timer tick_timer_;
    asio::steady_timer back_off_timer_;
    bool tick_armed_ = false;
    bool stopping_ = false;
    std::shared_ptr<principal const> anonymous_ = std::make_shared<principal>();  // per context: no shared cache line
    quick_scratch scratch_;
    log_batch access_log_{"access"};
    std::string id_prefix_;
    std::uint64_t next_id_ = 0;
    std::string date_;
    std::chrono::sys_seconds date_second_{};
};

}  // namespace fjord::net
