#include "cli/login/device_poll.hpp"

#include <algorithm>

namespace fjord::cli {
namespace {

constexpr milliseconds slow_down{5'000}, longest_pause{60'000};

}  // namespace

device_poll::verdict device_poll::on_answer(token_outcome const& answer, steady_time now) {
    if (answer.tokens) return verdict::done;
    auto const& code = answer.refused->code;
    if (code == "authorization_pending") return wait(now);
    if (code == "slow_down") {
        interval_ += slow_down;
        return wait(now);
    }
    reason_ = text_of(*answer.refused);
    if (code == "access_denied") return verdict::denied;
    if (code == "expired_token") return verdict::expired;
    return verdict::rejected;
}

device_poll::verdict device_poll::on_silence(steady_time now) {
    interval_ = std::min(interval_ * 2, std::max(interval_, longest_pause));
    return wait(now);
}

}  // namespace fjord::cli
