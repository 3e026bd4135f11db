#include "auth/key_schedule.hpp"

#include "auth/claims.hpp"

#include <algorithm>

namespace fjord::auth {

std::string_view name_of(key_state s) noexcept {
    switch (s) {
        case key_state::next:
            return "next";
        case key_state::signing:
            return "signing";
        case key_state::retired:
            return "retired";
        case key_state::spent:
            return "spent";
    }
    return "";
}

key_schedule::key_schedule(std::vector<scheduled_key> keys) {
    auto earlier = [](auto const& a, auto const& b) { return a.use_from < b.use_from; };
    std::stable_sort(keys.begin(), keys.end(), earlier);
    for (auto& k : keys) add(std::move(k));
}

// The youngest whose time has come. A clock set back leaves the oldest, rather than none.
scheduled_key const* key_schedule::signing(wall_time now) const {
    if (keys_.empty()) return nullptr;
    auto const* chosen = &keys_.front();
    for (auto const& k : keys_)
        if (k.use_from <= now) chosen = &k;
    return chosen;
}

wall_time key_schedule::kept_until(scheduled_key const& key) const {
    for (auto const& k : keys_)
        if (k.use_from > key.use_from) return k.use_from + key.token_life + clock_skew;
    return wall_time::max();
}

key_state key_schedule::state_of(scheduled_key const& key, wall_time now) const {
    auto const* current = signing(now);
    if (current && current->kid == key.kid) return key_state::signing;
    if (key.use_from > now) return key_state::next;
    return kept_until(key) < now ? key_state::spent : key_state::retired;
}

std::optional<wall_time> key_schedule::successor_due(rotation_policy const& policy, wall_time now) const {
    if (keys_.empty()) return now;
    auto const planned = keys_.back().use_from + policy.rotate_every;
    if (planned > now + policy.publish_ahead) return std::nullopt;
    return std::max(planned, now + policy.publish_ahead);
}

scheduled_key const* key_schedule::next(wall_time now) const {
    for (auto const& k : keys_)
        if (state_of(k, now) == key_state::next) return &k;
    return nullptr;
}

void key_schedule::add(scheduled_key key) {
    if (!keys_.empty()) key.use_from = std::max(key.use_from, keys_.back().use_from + milliseconds{1});
    keys_.push_back(std::move(key));
}

void key_schedule::use_next_now(wall_time now) {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (state_of(keys_[i], now) != key_state::next) continue;
        keys_[i].use_from = i == 0 ? now : std::max(now, keys_[i - 1].use_from + milliseconds{1});
        return;
    }
}

void key_schedule::remove(std::string_view kid) {
    auto same = [kid](auto const& k) { return k.kid == kid; };
    keys_.erase(std::remove_if(keys_.begin(), keys_.end(), same), keys_.end());
}

}  // namespace fjord::auth
