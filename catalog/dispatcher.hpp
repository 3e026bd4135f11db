#pragma once
// Tells observers of commits, in the order of the log and each entry once, whatever the order in which committing threads come
// back from the store. It follows the log: whoever comes first delivers everything up to its own commit, so nobody waits for a
// slower thread. Any thread.
#include "catalog/store.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace fjord::catalog {

class dispatcher {
public:
    using observer = std::function<void(std::vector<log_entry> const&)>;

    // Follows from the end of the log. The store outlives the dispatcher.
    explicit dispatcher(store& s) : store_(s), delivered_(s.last_sequence()) {}

    void add(observer o);
    // Returns when every entry up to `last` has been delivered. A log that cannot be read is reported and tried again with the
    // next commit.
    void deliver(sequence last);
    // Forgets entries before `before`, but none that observers have yet to see. errc::internal inside an observer.
    result<void> prune(sequence before);
    // True on the thread that is inside an observer now.
    bool delivering_here() const noexcept { return thread_.load() == std::this_thread::get_id(); }

private:
    store& store_;
    std::mutex mutex_;  // held while observers run: one at a time
    std::vector<observer> observers_;
    sequence delivered_;
    std::atomic<std::thread::id> thread_{};
};

}  // namespace fjord::catalog
