#include "auth/decision_cache.hpp"

#include <functional>

namespace fjord::auth {
namespace {

// Looks at a few entries from a place that the new token's hash picks: an expired one goes, or else any; it costs a signature
// check to have that one back. The whole shard is never walked, so a full cache stays as quick as an empty one.
void make_room(std::unordered_map<std::string, verified>& entries, std::string const& token_hash, wall_time now) {
    constexpr int looks = 8;
    std::string victim;
    auto bucket = entries.bucket(token_hash);
    for (int seen = 0; seen < looks; bucket = (bucket + 1) % entries.bucket_count()) {
        for (auto e = entries.begin(bucket); e != entries.end(bucket) && seen < looks; ++e, ++seen) {
            bool expired = now >= *e->second.who->expires;
            if (victim.empty() || expired) victim = e->first;
            if (expired) seen = looks;
        }
    }
    entries.erase(victim);
}

}  // namespace

std::size_t decision_cache::shard_of(std::string const& token_hash) noexcept {
    return std::hash<std::string>{}(token_hash) % shards;
}

std::optional<verified> decision_cache::find(std::string const& token_hash, wall_time now) {
    auto& shard = shards_[shard_of(token_hash)];
    std::lock_guard lock(shard.mutex);
    auto found = shard.entries.find(token_hash);
    if (found == shard.entries.end()) return std::nullopt;
    if (now < *found->second.who->expires) return found->second;
    shard.entries.erase(found);
    return std::nullopt;
}

void decision_cache::put(std::string const& token_hash, verified entry, wall_time now) {
    if (!entry.who->expires || now >= *entry.who->expires) return;
    auto& shard = shards_[shard_of(token_hash)];
    std::lock_guard lock(shard.mutex);
    if (shard.entries.size() >= per_shard && !shard.entries.contains(token_hash)) make_room(shard.entries, token_hash, now);
    shard.entries.insert_or_assign(token_hash, std::move(entry));
}

std::size_t decision_cache::size() const {
    std::size_t sum = 0;
    for (auto const& shard : shards_) {
        std::lock_guard lock(shard.mutex);
        sum += shard.entries.size();
    }
    return sum;
}

void revocations::revoke_token(std::string jti, wall_time now, seconds longest_life) {
    std::lock_guard lock(mutex_);
    std::erase_if(tokens_, [&](auto const& t) { return now >= t.second; });
    tokens_.insert_or_assign(std::move(jti), now + longest_life);
}

void revocations::revoke_issuer_before(std::string const& issuer, wall_time issued_before) {
    std::lock_guard lock(mutex_);
    auto& limit = issued_before_.try_emplace(issuer, issued_before).first->second;
    limit = std::max(limit, issued_before);
}

bool revocations::covers(principal const& who, wall_time issued_at) const {
    std::lock_guard lock(mutex_);
    if (tokens_.contains(who.token_id)) return true;
    auto limit = issued_before_.find(who.issuer);
    return limit != issued_before_.end() && issued_at < limit->second;
}

}  // namespace fjord::auth
