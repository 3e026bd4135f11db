#pragma once
// Remembers tokens that were verified, never longer than `exp` (A18). Two levels: `recent_tokens` by the very text of a token for
// a few seconds, which costs no hash; `decision_cache` by SHA-256. Both bounded; any thread.
#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/identity.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace fjord::auth {

class key_set;

// A verified token and what its verification rests on. Immutable.
struct verified {
    std::shared_ptr<principal const> who;
    wall_time issued_at{};
    std::string bound_to;                 // cnf.jkt; empty: a bearer token
    std::shared_ptr<key_set const> keys;  // the key document used; another one means: verify again
    std::shared_ptr<void const> issuer;   // the issuer configuration used; likewise
};
using decision = std::shared_ptr<verified const>;

// By SHA-256 of the token. A few bits of it choose a row of eight places, and a newcomer takes the one there that ends first: it
// costs a signature check to have that one back. Everything of a row lies together, so a full cache stays as quick as an empty
// one.
class decision_cache {
public:
    static constexpr std::size_t rows = 2048;
    static constexpr std::size_t per_row = 8;

    decision find(digest const& token_hash, wall_time now);  // null: not known
    void put(digest const& token_hash, decision entry, wall_time now);
    std::size_t size() const;

private:
    struct place {
        digest hash;
        wall_time until{};
        decision entry;
    };
    struct alignas(64) row {
        mutable std::mutex mutex;
        std::array<place, per_row> places;
    };
    static std::size_t row_of(digest const& token_hash) noexcept;
    std::array<row, rows> rows_;
};

// By text, under an epoch: a number that moves whenever something changes that decisions rest on (keys, configuration,
// revocations); entries of another epoch do not count. A few bits of the token choose a row of four places, and a newcomer takes
// the place there that ends first. Texts are compared whole and wiped when they leave.
class recent_tokens {
public:
    static constexpr std::size_t rows = 1024;
    static constexpr std::size_t per_row = 4;
    static constexpr std::size_t max_text = 2048;  // longer tokens are hashed each time
    static constexpr seconds longest{5};           // after this, what a decision rests on is looked at again

    ~recent_tokens();
    decision find(std::string_view token, std::uint64_t epoch, wall_time now);  // null: not known
    void put(std::string_view token, decision entry, std::uint64_t epoch, wall_time now);

private:
    struct place {
        std::uint64_t mark = 0;  // of the text: most misses are seen without touching it
        std::uint64_t epoch = 0;
        wall_time until{};
        decision entry;
        std::string text;
    };
    struct alignas(64) row {
        std::mutex mutex;
        std::array<place, per_row> places;
    };
    static std::uint64_t mark_of(std::string_view token) noexcept;
    std::array<row, rows> rows_;
};

}  // namespace fjord::auth
