#pragma once
// A storage server whose every answer the test writes: real HTTP over TLS on port 0, requests remembered in order.
#include "net/client.hpp"
#include "net/server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_tls.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <mutex>

namespace fjord::storage::test {

struct seen_request {
    std::string method, path, body, query;
    net::header_list headers;
};

class fake_site {
public:
    using answer = std::function<net::response(seen_request const&)>;

    explicit fake_site(answer reply) : reply_(std::move(reply)) {
        auto const tls = fjord::test::make_test_tls(dir_.str());
        for (auto const* method : {"GET", "HEAD", "PUT", "POST", "DELETE", "MKCOL", "MOVE", "COPY", "PROPFIND"})
            routes_.add(method, "/{path...}", [this](net::request& req) { return take(req); }, {.max_body = 0});
        net::server_options options{
            .listen = {"https://127.0.0.1:0", "https://127.0.0.1:0"}, .tls = {tls.certificate, tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(runtime_, std::move(options), routes_, metrics_, system_clock());
        server_->start().value();
        runtime_.start();
        client_ = std::make_unique<net::http_client>(net::client_options{.ca_file = tls.ca});
    }
    ~fake_site() {
        client_.reset();
        server_->stop(milliseconds{200});
        runtime_.stop();
    }

    std::string url() const { return server_->endpoints().front().url; }
    std::string other_url() const { return server_->endpoints().back().url; }  // another port: another origin of the same site
    // Requests whose bodies are not read: a server that redirects before it has taken anything.
    void leave_bodies_below(std::string prefix) { leaves_below_ = std::move(prefix); }
    void never_answer_the_first() { silent_ = true; }
    net::http_client& client() { return *client_; }
    template <class T>
    T run(net::asio::awaitable<T> work) {
        return net::run_blocking(runtime_.context(0), std::move(work));
    }
    std::vector<seen_request> seen() {
        std::scoped_lock lock(mutex_);
        return seen_;
    }

private:
    net::asio::awaitable<net::response> take(net::request& req) {
        result<std::string> body{std::string()};
        if (leaves_below_.empty() || !req.raw_path.starts_with(leaves_below_)) body = co_await net::read_body(req);
        seen_request one{req.method, req.raw_path, body ? *body : std::string{}, req.raw_query, req.headers};
        if (silent_.exchange(false)) {
            net::asio::steady_timer timer(co_await net::asio::this_coro::executor, std::chrono::minutes{5});
            co_await timer.async_wait(net::asio::use_awaitable);
        }
        std::scoped_lock lock(mutex_);
        seen_.push_back(one);
        co_return reply_(one);
    }

    fjord::test::temp_dir dir_;
    answer reply_;
    std::string leaves_below_;
    std::atomic<bool> silent_{false};
    std::mutex mutex_;
    std::vector<seen_request> seen_;
    net::router routes_;
    metrics_registry metrics_;
    net::io_runtime runtime_{2};
    std::unique_ptr<net::http_server> server_;
    std::unique_ptr<net::http_client> client_;
};

}  // namespace fjord::storage::test
