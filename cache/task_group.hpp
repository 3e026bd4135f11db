#pragma once
// Coroutines that outlive the request that started them (fills, checks, warming), and the promise that somebody waits for
// them at the end. Any thread.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace fjord::cache {

namespace asio = boost::asio;

class task_group {
public:
    // False when stopping: the task was not started. What the task needs it owns.
    bool spawn(asio::any_io_executor executor, asio::awaitable<void> task);

    // Cancels all tasks and waits until they ended. False when some did not within the grace, e.g. because their context does
    // not run any more. From a thread that runs no context.
    bool stop(std::chrono::milliseconds grace);
    std::size_t running() const;

private:
    struct entry {
        asio::any_io_executor executor;
        asio::cancellation_signal cancel;
    };
    struct state {
        mutable std::mutex mutex;  // guards what follows
        std::condition_variable ended;
        std::unordered_map<std::uint64_t, std::shared_ptr<entry>> tasks;
        std::uint64_t next = 1;
        bool stopping = false;
    };
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

}  // namespace fjord::cache
