#pragma once
// When an issuer's keys are used, refreshed, waited for or refused: decisions only, no I/O and no locks (the owner has one).
// WLCG profile v1.3 on JWKS caching: refresh after 1..6 h as Cache-Control says, expire after 2 d, serve stale while one
// refresh runs; an unknown kid causes at most one refetch per issuer in 5 minutes, however many arrive (A09).
#include "auth/jwk.hpp"
#include "base/clock.hpp"

#include <memory>

namespace fjord::auth {

class key_ring {
public:
    enum class advice {
        use,              // keys() has this kid and is fresh
        use_and_refresh,  // keys() has this kid; begin one fetch in the background
        fetch,            // begin a fetch, then ask again
        wait,             // a fetch is under way; ask again when it has ended
        refuse_key,       // no such key, and no fetch is due: this is the negative answer for every unknown kid
        refuse_all,       // no keys at all, and the last fetch failed a moment ago
    };

    static constexpr seconds min_fresh{3600}, max_fresh{6 * 3600};
    static constexpr seconds lifetime{2 * 86400}, max_lifetime{4 * 86400};
    static constexpr seconds unknown_kid_pause{300};
    static constexpr seconds settled{1};             // keys younger than this are not fetched again for an unknown kid
    static constexpr seconds retry_pause{5};         // after a failure, with no keys to use
    static constexpr seconds stale_retry_pause{60};  // after a failure, while old keys still serve

    // fetch and use_and_refresh count as begun: exactly one caller gets them until arrived() or failed().
    advice ask(std::string_view kid, steady_time now);
    // How long they may be used, and whether newer ones may exist already (they came out of a file).
    struct terms {
        seconds max_age{};
        seconds usable = lifetime;
        bool second_hand = false;
    };
    void arrived(std::shared_ptr<key_set const> keys, terms t, steady_time now);
    void failed(steady_time now);

    std::shared_ptr<key_set const> const& keys() const noexcept { return keys_; }
    bool is_fetching() const noexcept { return fetching_; }
    bool is_fresh(steady_time now) const noexcept { return keys_ && now < fresh_until_; }

private:
    advice ask_without_keys(steady_time now);
    advice ask_unknown(steady_time now);

    std::shared_ptr<key_set const> keys_;
    steady_time fetched_{}, fresh_until_{}, expires_{};
    steady_time retry_after_ = steady_time::min();
    steady_time unknown_kid_after_ = steady_time::min();
    bool fetching_ = false;
};

}  // namespace fjord::auth
