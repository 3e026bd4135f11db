#include "auth/key_ring.hpp"

#include <algorithm>

namespace fjord::auth {

key_ring::advice key_ring::ask(std::string_view kid, steady_time now) {
    if (keys_ && now >= expires_) keys_.reset();
    if (!keys_) return ask_without_keys(now);
    if (!keys_->has(kid)) return ask_unknown(now);
    if (is_fresh(now) || fetching_ || now < retry_after_) return advice::use;
    fetching_ = true;
    return advice::use_and_refresh;
}

key_ring::advice key_ring::ask_without_keys(steady_time now) {
    if (fetching_) return advice::wait;
    if (now < retry_after_) return advice::refuse_all;
    fetching_ = true;
    return advice::fetch;
}

key_ring::advice key_ring::ask_unknown(steady_time now) {
    if (fetching_) return advice::wait;  // what is on its way may hold the key
    if (now < unknown_kid_after_ || now < fetched_ + settled) return advice::refuse_key;
    unknown_kid_after_ = now + unknown_kid_pause;
    fetching_ = true;
    return advice::fetch;
}

void key_ring::arrived(std::shared_ptr<key_set const> keys, terms t, steady_time now) {
    keys_ = std::move(keys);
    fetched_ = t.second_hand ? now - settled : now;
    // Out of a file they are fresh for what is left of their time, which may be nothing: then the issuer is asked again soon.
    fresh_until_ =
        now + (t.second_hand ? std::clamp(t.max_age, seconds{0}, max_fresh) : std::clamp(t.max_age, min_fresh, max_fresh));
    expires_ = now + std::clamp(t.usable, seconds{0}, max_lifetime);
    retry_after_ = t.second_hand ? now + stale_retry_pause : steady_time::min();
    fetching_ = false;
}

void key_ring::failed(steady_time now) {
    retry_after_ = now + (keys_ ? stale_retry_pause : retry_pause);
    fetching_ = false;
}

}  // namespace fjord::auth
