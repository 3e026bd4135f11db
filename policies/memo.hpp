#pragma once
// Decisions already made under one epoch, valid for a stretch of time. Bounded; any thread.
#include "policies/policies.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace fjord::policies {

struct memo_entry {
    std::shared_ptr<decision const> made;   // without id
    std::optional<wall_time> since, until;  // the same answer for every now in [since, until)
};

class memo {
public:
    static constexpr std::size_t shards = 16;
    static constexpr std::size_t per_shard = 4096;

    std::shared_ptr<decision const> find(std::string const& key, wall_time now) const;
    void put(std::string const& key, memo_entry entry);
    std::size_t size() const;

private:
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, memo_entry> entries;
    };
    std::array<shard, shards> shards_;
};

}  // namespace fjord::policies
