#pragma once
// Remembers tokens that were verified, by their SHA-256, never longer than `exp` (A18). Bounded; any thread.
#include "base/clock.hpp"
#include "base/identity.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace fjord::auth {

class key_set;
class key_cache;

// A verified token and what its verification rests on.
struct verified {
    std::shared_ptr<principal const> who;
    wall_time issued_at{};
    std::shared_ptr<key_set const> keys;  // the key document used; another one means: verify again
    std::shared_ptr<void const> issuer;   // the issuer configuration used; likewise
};

class decision_cache {
public:
    static constexpr std::size_t shards = 16;
    static constexpr std::size_t per_shard = 1024;

    std::optional<verified> find(std::string const& token_hash, wall_time now);
    void put(std::string const& token_hash, verified entry, wall_time now);
    std::size_t size() const;

private:
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, verified> entries;
    };
    static std::size_t shard_of(std::string const& token_hash) noexcept;
    std::array<shard, shards> shards_;
};

// Tokens refused before their time. Any thread. Entries are forgotten once every token they could meet has expired.
class revocations {
public:
    void revoke_token(std::string jti, wall_time now, seconds longest_life);
    void revoke_issuer_before(std::string const& issuer, wall_time issued_before);
    bool covers(principal const& who, wall_time issued_at) const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, wall_time> tokens_;         // jti -> when it can be forgotten
    std::unordered_map<std::string, wall_time> issued_before_;  // one entry per issuer
};

}  // namespace fjord::auth
