#include "cache/task_group.hpp"

#include "base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace fjord::cache {

namespace {

logger const log_("cache");

void report(std::exception_ptr failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (boost::system::system_error const& e) {
        if (e.code() != asio::error::operation_aborted) log_.error("a background task failed", {{"why", e.what()}});
    } catch (std::exception const& e) { log_.error("a background task failed", {{"why", e.what()}}); }
}

}  // namespace

// Posted, never started inline: the caller may hold a lock that the task takes.
bool task_group::spawn(asio::any_io_executor executor, asio::awaitable<void> task) {
    auto e = std::make_shared<entry>();
    e->executor = executor;
    std::lock_guard lock(state_->mutex);
    if (state_->stopping) return false;
    auto id = state_->next++;
    state_->tasks.emplace(id, e);
    auto done = [shared = state_, id, e](std::exception_ptr failure) {
        report(failure);
        std::lock_guard turn(shared->mutex);
        shared->tasks.erase(id);
        shared->ended.notify_all();
    };
    auto start = [executor, e, task = std::move(task), done = std::move(done)]() mutable {
        asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(e->cancel.slot(), std::move(done)));
    };
    asio::post(executor, std::move(start));
    return true;
}

bool task_group::stop(std::chrono::milliseconds grace) {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    for (auto& [id, e] : state_->tasks) {
        auto cancel = [e = e] { e->cancel.emit(asio::cancellation_type::terminal); };
        asio::post(e->executor, std::move(cancel));
    }
    return state_->ended.wait_for(lock, grace, [this] { return state_->tasks.empty(); });
}

std::size_t task_group::running() const {
    std::lock_guard lock(state_->mutex);
    return state_->tasks.size();
}

}  // namespace fjord::cache
