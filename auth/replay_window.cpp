#include "auth/replay_window.hpp"

#include "base/digest.hpp"

#include <cstring>

namespace fjord::auth {

replay_window::replay_window(seconds span, wall_time started, std::size_t most)
    : span_(span), started_(std::chrono::floor<seconds>(started)), most_(most), turned_(started) {}

void replay_window::turn(wall_time now) {
    if (now < turned_ + span_) return;
    bool const idle = now >= turned_ + 2 * span_;
    seen_[1] = idle ? decltype(seen_)::value_type{} : std::move(seen_[0]);
    seen_[0] = {};
    turned_ = now;
}

replay_window::verdict replay_window::admit(std::string_view id, wall_time made, wall_time now) {
    auto const hash = sha256_of(id);
    half_digest key;
    std::memcpy(&key.a, hash.bytes().data(), sizeof key.a);
    std::memcpy(&key.b, hash.bytes().data() + sizeof key.a, sizeof key.b);
    std::lock_guard lock(mutex_);
    turn(now);
    if (seen_[0].contains(key) || seen_[1].contains(key)) return verdict::seen;
    if (made < started_) return verdict::too_old;
    if (seen_[0].size() >= most_) return verdict::overflow;
    seen_[0].insert(key);
    return verdict::fresh;
}

std::size_t replay_window::size() const {
    std::lock_guard lock(mutex_);
    return seen_[0].size() + seen_[1].size();
}

}  // namespace fjord::auth
