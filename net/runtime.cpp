#include "net/runtime.hpp"

#include "base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

namespace fjord::net {

namespace {

logger const log("net");

using work_guard = asio::executor_work_guard<asio::io_context::executor_type>;

// An exception that reaches the loop is a fault of our own; one session must not end the process for all others.
void run_loop(asio::io_context& context) {
    for (;;) {
        try {
            context.run();
            return;
        } catch (std::exception const& e) { log.error("an exception reached an event loop", {{"what", e.what()}}); }
    }
}

// sendfile and OpenSSL's socket writes have no MSG_NOSIGNAL; a closed peer must be an error code, not a signal.
void ignore_broken_pipes() {
    struct sigaction current {};
    if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

struct io_runtime::impl {
    std::vector<std::unique_ptr<asio::io_context>> contexts;
    std::vector<work_guard> guards;
    std::vector<std::thread> threads;
};

io_runtime::io_runtime(std::size_t contexts) : impl_(std::make_unique<impl>()) {
    ignore_broken_pipes();
    if (contexts == 0) contexts = std::max(1u, std::thread::hardware_concurrency());
    // The hint 1 keeps the locks, so other threads may post.
    for (std::size_t i = 0; i < contexts; ++i) impl_->contexts.push_back(std::make_unique<asio::io_context>(1));
}

io_runtime::~io_runtime() { stop(); }

std::size_t io_runtime::size() const noexcept { return impl_->contexts.size(); }
asio::io_context& io_runtime::context(std::size_t i) noexcept { return *impl_->contexts[i]; }
bool io_runtime::running() const noexcept { return !impl_->threads.empty(); }

void io_runtime::start() {
    if (running()) return;
    for (std::size_t i = 0; i < size(); ++i) {
        auto& context = *impl_->contexts[i];
        context.restart();
        impl_->guards.emplace_back(context.get_executor());
        impl_->threads.emplace_back([&context] { run_loop(context); });
        ::pthread_setname_np(impl_->threads.back().native_handle(), ("fjord-io-" + std::to_string(i)).c_str());
    }
}

void io_runtime::stop() {
    for (auto& guard : impl_->guards) guard.reset();
    for (auto& context : impl_->contexts) context->stop();
    for (auto& thread : impl_->threads) thread.join();
    impl_->threads.clear();
    impl_->guards.clear();
}

asio::awaitable<result<void>> sleep_until(steady_time when) {
    asio::steady_timer timer(co_await asio::this_coro::executor, when);
    auto const [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (ec) co_return fail(errc::cancelled, "the wait was cancelled");
    co_return result<void>{};
}

}  // namespace fjord::net
