#include "catalog/commit_queue.hpp"

namespace fjord::catalog {
namespace {

std::size_t operations(write_batch const& batch) { return batch.puts.size() + batch.deletes.size() + batch.log.size(); }

void write_or_terminate(commit_queue::write_group const& write, std::vector<commit_queue::job*> const& group) noexcept {
    write(group);
}

}  // namespace

result<sequence> commit_queue::submit(write_batch batch) {
    job mine{.batch = std::move(batch)};
    std::unique_lock lock(mutex_);
    queue_.push_back(&mine);
    changed_.wait(lock, [&] { return mine.done || (!writing_ && queue_.front() == &mine); });
    if (mine.done) return std::move(mine.outcome);

    auto group = take_group();
    writing_ = true;
    lock.unlock();
    write_or_terminate(write_, group);
    lock.lock();
    writing_ = false;
    for (auto* j : group) j->done = true;
    // Wakes the group and whoever is first in line now.
    changed_.notify_all();
    return std::move(mine.outcome);
}

std::size_t commit_queue::waiting() const {
    std::lock_guard lock(mutex_);
    return queue_.size();
}

std::vector<commit_queue::job*> commit_queue::take_group() {
    std::vector<job*> group;
    std::size_t size = 0;
    while (!queue_.empty() && group.size() < max_jobs) {
        size += operations(queue_.front()->batch);
        if (!group.empty() && size > max_operations) break;
        group.push_back(queue_.front());
        queue_.pop_front();
    }
    return group;
}

}  // namespace fjord::catalog
