#include "policies/memo.hpp"

#include <functional>

namespace fjord::policies {
namespace {

std::size_t shard_of(std::string const& key) noexcept { return std::hash<std::string>{}(key) / 7 % memo::shards; }

// Any entry may go, it costs one evaluation to have it back; the new key's hash picks it, so that old ones go as well as new.
void make_room(std::unordered_map<std::string, memo_entry>& entries, std::string const& key) {
    auto bucket = entries.bucket(key);
    while (entries.begin(bucket) == entries.end(bucket)) bucket = (bucket + 1) % entries.bucket_count();
    auto victim = entries.begin(bucket)->first;
    entries.erase(victim);
}

}  // namespace

std::shared_ptr<decision const> memo::find(std::string const& key, wall_time now) const {
    auto const& shard = shards_[shard_of(key)];
    std::lock_guard lock(shard.mutex);
    auto found = shard.entries.find(key);
    if (found == shard.entries.end()) return nullptr;
    auto const& entry = found->second;
    bool covers = (!entry.since || now >= *entry.since) && (!entry.until || now < *entry.until);
    return covers ? entry.made : nullptr;
}

void memo::put(std::string const& key, memo_entry entry) {
    auto& shard = shards_[shard_of(key)];
    std::lock_guard lock(shard.mutex);
    if (shard.entries.size() >= per_shard && !shard.entries.contains(key)) make_room(shard.entries, key);
    shard.entries.insert_or_assign(key, std::move(entry));
}

std::size_t memo::size() const {
    std::size_t sum = 0;
    for (auto const& shard : shards_) {
        std::lock_guard lock(shard.mutex);
        sum += shard.entries.size();
    }
    return sum;
}

}  // namespace fjord::policies
