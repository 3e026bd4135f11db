#include "net/server.hpp"

#include "base/log.hpp"
#include "net/server_worker.hpp"

#include <boost/asio/post.hpp>

#include <future>

namespace fjord::net {

namespace {

logger const log("net");

}  // namespace

struct http_server::impl {
    impl(io_runtime& r, std::shared_ptr<server_state> s) : runtime(r), state(std::move(s)) {}

    result<void> listen_on(std::string const& url);
    bool wait(std::chrono::milliseconds limit);
    template <class F>
    void on_each_context(F work);

    io_runtime& runtime;
    std::shared_ptr<server_state> state;
    std::vector<std::shared_ptr<server_worker>> workers;
    std::vector<bound_endpoint> endpoints;
    bool started = false;
};

http_server::http_server(io_runtime& runtime, server_options options, router const& routes, metrics_registry& metrics,
                         clock& time)
    : impl_(std::make_unique<impl>(runtime, std::make_shared<server_state>(std::move(options), routes, metrics, time))) {
    for (std::size_t i = 0; i < runtime.size(); ++i) {
        impl_->workers.push_back(std::make_shared<server_worker>(runtime.context(i), impl_->state));
    }
}

http_server::~http_server() { stop(std::chrono::milliseconds(0)); }

result<void> http_server::impl::listen_on(std::string const& url) {
    auto address = parse_listen(url);
    if (!address) return address.error();
    if (address->tls && !state->tls.get()) {
        auto context = load_tls(state->options.tls);
        if (!context) return context.error();
        state->tls.set(std::move(*context));
    }
    if (auto free = check_port_free(address->endpoint); !free) return free;
    for (auto& worker : workers) {
        auto acceptor = open_acceptor(worker->context(), address->endpoint);
        if (!acceptor) return acceptor.error();
        address->endpoint.port(acceptor->local_endpoint().port());  // the first one picks when 0 was asked for
        worker->add_listener(std::move(*acceptor), *address);
    }
    auto const port = address->endpoint.port();
    endpoints.push_back(
        {(address->tls ? "https://" : "http://") + address->host + ":" + std::to_string(port), port, address->tls});
    return {};
}

result<void> http_server::start() {
    if (impl_->started) return fail(errc::conflict, "the server has been started before");
    if (impl_->state->options.listen.empty()) return fail(errc::invalid_argument, "no listen address is given");
    for (auto const& url : impl_->state->options.listen) {
        if (auto ok = impl_->listen_on(url); !ok) return ok;
    }
    impl_->started = true;
    for (auto& worker : impl_->workers) worker->start();
    for (auto const& endpoint : impl_->endpoints) log.info("listening", {{"url", endpoint.url}});
    return {};
}

std::vector<bound_endpoint> const& http_server::endpoints() const noexcept { return impl_->endpoints; }

result<void> http_server::reload_tls() {
    if (impl_->state->options.tls.certificate.empty()) return {};
    auto context = load_tls(impl_->state->options.tls);
    if (!context) {
        log.error("TLS files were not reloaded; the old ones stay in use", {{"reason", context.error().message()}});
        return context.error();
    }
    impl_->state->tls.set(std::move(*context));
    return {};
}

// Runs work(worker) on each worker's own context and waits. A runtime that is not running is driven from here.
template <class F>
void http_server::impl::on_each_context(F work) {
    for (auto& worker : workers) {
        auto done = std::make_shared<std::promise<void>>();
        auto waiting = done->get_future();
        asio::post(worker->context(), [worker, work, done] {
            work(*worker);
            done->set_value();
        });
        if (!runtime.running()) {
            worker->context().restart();
            worker->context().poll();
        }
        waiting.wait();
    }
}

bool http_server::impl::wait(std::chrono::milliseconds limit) {
    if (runtime.running()) return state->wait_idle(limit);
    for (auto& worker : workers) {
        worker->context().restart();
        worker->context().run_for(std::min(limit, std::chrono::milliseconds(20)));
    }
    return state->wait_idle(std::chrono::milliseconds(0));
}

std::size_t http_server::stop(std::chrono::milliseconds grace) {
    if (!impl_->started) return 0;
    impl_->started = false;
    impl_->on_each_context([](server_worker& worker) { worker.begin_stop(); });
    if (impl_->wait(grace)) return 0;
    std::atomic<std::size_t> cut{0};
    impl_->on_each_context([&cut](server_worker& worker) { cut += worker.cut_all(); });
    // Handlers may sit in blocking work that cannot be cancelled; leaving before they end would pull routes from under them.
    while (!impl_->wait(std::chrono::seconds(10))) { log.warn("requests do not end after being cut; still waiting"); }
    return cut;
}

}  // namespace fjord::net
