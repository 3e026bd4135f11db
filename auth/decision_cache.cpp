#include "auth/decision_cache.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace fjord::auth {
namespace {

// Looks at a few entries from a place that the new token's hash picks: an expired one goes, or else any; it costs a signature
// check to have that one back. The whole shard is never walked, so a full cache stays as quick as an empty one.
void make_room(std::unordered_map<std::string, decision>& entries, std::string const& token_hash, wall_time now) {
    constexpr int looks = 8;
    std::string victim;
    auto bucket = entries.bucket(token_hash);
    for (int seen = 0; seen < looks; bucket = (bucket + 1) % entries.bucket_count()) {
        for (auto e = entries.begin(bucket); e != entries.end(bucket) && seen < looks; ++e, ++seen) {
            bool expired = now >= *e->second->who->expires;
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

decision decision_cache::find(std::string const& token_hash, wall_time now) {
    auto& shard = shards_[shard_of(token_hash)];
    std::lock_guard lock(shard.mutex);
    auto found = shard.entries.find(token_hash);
    if (found == shard.entries.end()) return nullptr;
    if (now < *found->second->who->expires) return found->second;
    shard.entries.erase(found);
    return nullptr;
}

void decision_cache::put(std::string const& token_hash, decision entry, wall_time now) {
    if (!entry->who->expires || now >= *entry->who->expires) return;
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

// The end of a token is its signature: as good as random, so the bits are spread by a multiplication and no more.
std::size_t recent_tokens::place_of(std::string_view token) noexcept {
    std::uint64_t a = 0, b = 0;
    auto const tail = token.substr(token.size() - std::min<std::size_t>(token.size(), 16));
    std::memcpy(&a, tail.data(), std::min<std::size_t>(tail.size(), 8));
    if (tail.size() > 8) std::memcpy(&b, tail.data() + 8, tail.size() - 8);
    return static_cast<std::size_t>(((a ^ (b << 1)) * 0x9E3779B97F4A7C15ull) >> 52) % places;
}

recent_tokens::~recent_tokens() {
    for (auto& p : places_) OPENSSL_cleanse(p.text.data(), p.text.size());
}

decision recent_tokens::find(std::string_view token, std::uint64_t epoch, wall_time now) {
    auto const at = place_of(token);
    std::lock_guard lock(locks_[at % locks].mutex);
    auto const& p = places_[at];
    if (p.epoch != epoch || now >= p.until || p.text != token) return nullptr;
    return p.entry;
}

void recent_tokens::put(std::string_view token, decision entry, std::uint64_t epoch, wall_time now) {
    if (token.size() > max_text || !entry->who->expires) return;
    auto const at = place_of(token);
    std::lock_guard lock(locks_[at % locks].mutex);
    auto& p = places_[at];
    OPENSSL_cleanse(p.text.data(), p.text.size());
    p.text = token;
    p.until = std::min(*entry->who->expires, now + longest);
    p.epoch = epoch;
    p.entry = std::move(entry);
}

}  // namespace fjord::auth
