#pragma once
// Which DPoP proofs were used already (RFC 9449 section 11.1), in bounded memory. Any thread.
#include "base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_set>

namespace fjord::auth {

// Remembers for at least `span` and at most twice as long: ids live in two sets, and every `span` the older one is dropped.
class replay_window {
public:
    enum class verdict {
        fresh,     // not seen before; remembered now
        seen,      // seen before
        too_old,   // older than this window's memory: it may have been used before we started
        overflow,  // too many in one span: refused, because it could not be remembered
    };

    replay_window(seconds span, wall_time started, std::size_t most = 500'000);
    // `id` is unique per proof and key; `made` is when the proof was made.
    verdict admit(std::string_view id, wall_time made, wall_time now);
    std::size_t size() const;

private:
    struct half_digest {  // enough to make a collision hopeless, a third of the memory
        std::uint64_t a = 0, b = 0;
        friend bool operator==(half_digest const&, half_digest const&) = default;
    };
    struct pick_first {
        std::size_t operator()(half_digest const& d) const noexcept { return d.a; }
    };
    void turn(wall_time now);

    seconds const span_;
    wall_time const started_;  // whole seconds, as `iat` is
    std::size_t const most_;
    mutable std::mutex mutex_;
    std::array<std::unordered_set<half_digest, pick_first>, 2> seen_;  // newer, older
    wall_time turned_;
};

}  // namespace fjord::auth
