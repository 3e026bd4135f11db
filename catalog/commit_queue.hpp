#pragma once
// Group commit: many threads hand in batches, the first in line writes for everyone who waits, so that one sync of the disk
// serves them all. Batches are written in the order they were handed in. Any thread.
//
//   commit_queue q(limits{}, [&](std::vector<commit_queue::job*> const& jobs) noexcept { ... fill each job's outcome ... });
//   auto seq = q.submit(std::move(batch));    // blocks until this batch's group is written
#include "catalog/store.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace fjord::catalog {

class commit_queue {
public:
    struct job {
        write_batch batch;
        result<sequence> outcome = sequence{0};
        bool done = false;
    };
    // Runs on one thread at a time and must not throw: with a group half written nobody could go on.
    using write_group = std::function<void(std::vector<job*> const&)>;

    // A group closes at this many batches or log entries and writes, so that nobody waits for a very long one.
    static constexpr std::size_t max_jobs = 256;
    static constexpr std::size_t max_operations = 20'000;

    explicit commit_queue(write_group write) : write_(std::move(write)) {}

    result<sequence> submit(write_batch batch);
    std::size_t waiting() const;  // handed in and not yet taken by a writer

private:
    std::vector<job*> take_group();

    write_group write_;
    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable changed_;
    std::deque<job*> queue_;
    bool writing_ = false;
};

}  // namespace fjord::catalog
