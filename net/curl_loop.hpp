#pragma once
// One thread that drives one curl multi handle: an io_context for posts and timers, an epoll set for curl's sockets inside it.
// curl_transfer objects are added from any thread and live here until they are done.
#include "net/client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace fjord::net {

class curl_transfer;

class curl_loop {
public:
    explicit curl_loop(client_options const& options);
    ~curl_loop();  // stop()

    // Any thread. Begins it; after stop() it ends at once with errc::cancelled.
    void start(std::shared_ptr<curl_transfer> transfer);
    void drop(std::shared_ptr<curl_transfer> transfer);    // ends it: nobody waits any more
    void resume(std::shared_ptr<curl_transfer> transfer);  // there is room again, or bytes to send
    void stop();                                           // ends all with errc::cancelled and joins the thread

private:
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known);
    static int on_timer(CURLM*, long timeout_ms, void* self);

    void post(void (curl_loop::*what)(std::shared_ptr<curl_transfer> const&), std::shared_ptr<curl_transfer> transfer);
    void add(std::shared_ptr<curl_transfer> const& transfer);
    void remove(std::shared_ptr<curl_transfer> const& transfer);
    void unpause(std::shared_ptr<curl_transfer> const& transfer);
    void finish(std::shared_ptr<curl_transfer> transfer, CURLcode outcome);

    void watch_sockets();
    void serve_sockets();
    void drive(curl_socket_t fd, int events);
    void collect_finished();
    void arm_limits();
    void check_limits();

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    CURLM* multi_ = nullptr;
    asio::posix::stream_descriptor epoll_;
    asio::steady_timer curl_timer_;
    asio::steady_timer limit_timer_;
    steady_time limit_armed_ = steady_time::max();
    std::unordered_map<CURL*, std::shared_ptr<curl_transfer>> running_;
    bool stopped_ = false;  // loop thread only
    std::mutex start_mutex_;
    bool closed_ = false;  // guarded by start_mutex_
    std::thread thread_;
};

}  // namespace fjord::net
