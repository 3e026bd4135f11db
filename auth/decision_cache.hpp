#pragma once
// Remembers tokens that were verified, never longer than `exp` (A18). Two levels: `recent_tokens` by the very text of a token for
// a few seconds, which costs no hash; `decision_cache` by SHA-256. Both bounded; any thread.
#include "base/clock.hpp"
#include "base/identity.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fjord::auth {

class key_set;

// A verified token and what its verification rests on. Immutable.
struct verified {
    std::shared_ptr<principal const> who;
    wall_time issued_at{};
    std::string bound_to;                 // cnf.jkt; empty: a bearer token
    std::string fingerprint;              // revocation.hpp
    std::shared_ptr<key_set const> keys;  // the key document used; another one means: verify again
    std::shared_ptr<void const> issuer;   // the issuer configuration used; likewise
};
using decision = std::shared_ptr<verified const>;

// By SHA-256 of the token.
class decision_cache {
public:
    static constexpr std::size_t shards = 16;
    static constexpr std::size_t per_shard = 1024;

    decision find(std::string const& token_hash, wall_time now);  // null: not known
    void put(std::string const& token_hash, decision entry, wall_time now);
    std::size_t size() const;

private:
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, decision> entries;
    };
    static std::size_t shard_of(std::string const& token_hash) noexcept;
    std::array<shard, shards> shards_;
};

// By text, under an epoch: a number that moves whenever something changes that decisions rest on (keys, configuration,
// revocations); entries of another epoch do not count. A place for each value of a few bits of the token, so a newcomer takes the
// place of the one before. Texts are compared whole and wiped when they leave.
class recent_tokens {
public:
    static constexpr std::size_t places = 4096;
    static constexpr std::size_t max_text = 2048;  // longer tokens are hashed each time
    static constexpr seconds longest{5};           // after this, what a decision rests on is looked at again

    ~recent_tokens();
    decision find(std::string_view token, std::uint64_t epoch, wall_time now);  // null: not known
    void put(std::string_view token, decision entry, std::uint64_t epoch, wall_time now);

private:
    struct place {
        std::string text;
        decision entry;
        std::uint64_t epoch = 0;
        wall_time until{};
    };
    static constexpr std::size_t locks = 64;
    struct alignas(64) lock {
        std::mutex mutex;
    };
    static std::size_t place_of(std::string_view token) noexcept;
    std::array<lock, locks> locks_;  // of every locks-th place
    std::array<place, places> places_;
};

}  // namespace fjord::auth
