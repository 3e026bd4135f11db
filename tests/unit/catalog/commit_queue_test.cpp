#include "catalog/commit_queue.hpp"

#include "support.hpp"

#include <latch>
#include <thread>

namespace fjord::catalog {
namespace {

write_batch batch_of(std::string key, std::size_t puts = 1) {
    write_batch b;
    for (std::size_t n = 0; n < puts; ++n) b.puts.push_back({key, {}});
    return b;
}

// Threads hand in one batch each while a first write is held at the gate; `sizes` are the groups written.
struct gated_queue {
    std::latch gate{1}, entered{1};
    std::vector<std::size_t> sizes;
    std::vector<std::string> order;
    commit_queue queue{[this](std::vector<commit_queue::job*> const& jobs) {
        if (sizes.empty()) {
            entered.count_down();
            gate.wait();
        }
        sizes.push_back(jobs.size());
        for (auto* job : jobs) {
            order.push_back(job->batch.puts.front().key);
            job->outcome = order.size();
        }
    }};

    void wait_for_queue(std::size_t length) {
        while (queue.waiting() < length) std::this_thread::yield();
    }
};

TEST(CommitQueue, WhoeverWaitsDuringAWriteSharesTheNextOne) {
    gated_queue q;
    std::vector<std::thread> threads;
    threads.emplace_back([&] { EXPECT_EQ(must(q.queue.submit(batch_of("first"))), 1u); });
    q.entered.wait();
    for (std::size_t n = 0; n < 8; ++n) {
        threads.emplace_back([&q, n] { EXPECT_EQ(must(q.queue.submit(batch_of(std::to_string(n)))), n + 2); });
        q.wait_for_queue(n + 1);
    }
    q.gate.count_down();
    for (auto& t : threads) t.join();
    EXPECT_THAT(q.sizes, ::testing::ElementsAre(1, 8));
    EXPECT_THAT(q.order, ::testing::ElementsAre("first", "0", "1", "2", "3", "4", "5", "6", "7")) << "in the order handed in";
}

TEST(CommitQueue, AVeryLargeBatchDoesNotHoldUpItsNeighbours) {
    gated_queue q;
    std::vector<std::thread> threads;
    threads.emplace_back([&] { must(q.queue.submit(batch_of("first"))); });
    q.entered.wait();
    threads.emplace_back([&] { must(q.queue.submit(batch_of("large", commit_queue::max_operations + 1))); });
    q.wait_for_queue(1);
    threads.emplace_back([&] { must(q.queue.submit(batch_of("small"))); });
    q.wait_for_queue(2);
    q.gate.count_down();
    for (auto& t : threads) t.join();
    EXPECT_THAT(q.sizes, ::testing::ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace fjord::catalog
