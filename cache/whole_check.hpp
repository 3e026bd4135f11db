#pragma once
// Whether the bytes handed out as a complete object have been compared with its sha-256. Blocks are hashed in order, once,
// as they become present; a verdict belongs to an epoch, and whoever sends a whole object needs one verdict for the epoch in
// which it began. Fetching again a block that was hashed already begins a new epoch, because the copy may differ.
// Pure; one thread at a time.
#include "cache/types.hpp"

namespace fjord::cache {

enum class verdict {
    unknown,   // not all blocks hashed yet
    good,      // the digest matches
    mismatch,  // the digest differs: nothing of this copy may be served as complete
};

class whole_check {
public:
    // `verified`: a verdict from before a restart covers every block on disk.
    whole_check(block_no blocks, bool verified)
        : blocks_(blocks), next_(verified ? blocks : 0), verdict_(verified ? verdict::good : verdict::unknown) {}

    std::uint64_t epoch() const noexcept { return epoch_; }
    verdict state() const noexcept { return verdict_; }
    block_no next() const noexcept { return next_; }  // the block to hash next
    bool done() const noexcept { return next_ == blocks_; }

    // A reader of the whole object begins; `complete`: every block is on disk. Answers the epoch it must be certified in.
    std::uint64_t begin_reading(bool complete) noexcept {
        if (!complete && verdict_ == verdict::good) restart();
        return epoch_;
    }
    // These blocks will be fetched (again). `same_bytes`: their checksums are on record and will be enforced.
    void fetching(block_run run, bool same_bytes) noexcept {
        if (!same_bytes && run.first < next_) restart();
    }
    void restart() noexcept {
        ++epoch_;
        next_ = 0;
        verdict_ = verdict::unknown;
    }
    // Blocks up to `next` were hashed in this epoch; ignored for an older one. True when it counted.
    bool hashed(std::uint64_t epoch, block_no next) noexcept {
        if (epoch != epoch_) return false;
        next_ = next;
        return true;
    }
    void conclude(std::uint64_t epoch, bool matches) noexcept {
        if (epoch == epoch_) verdict_ = matches ? verdict::good : verdict::mismatch;
    }

private:
    block_no blocks_;
    block_no next_;
    std::uint64_t epoch_ = 1;
    verdict verdict_;
};

}  // namespace fjord::cache
