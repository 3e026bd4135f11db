#pragma once
// When to ask the token endpoint again, and when to stop (RFC 8628 section 3.5). Decisions only; time is an argument.
#include "base/clock.hpp"
#include "cli/login/oidc_answers.hpp"

#include <string>

namespace fjord::cli {

class device_poll {
public:
    device_poll(device_code const& code, steady_time now) : interval_(code.interval), end_(now + code.lifetime) {}

    enum class verdict {
        wait,      // ask again after pause()
        done,      // tokens have come
        denied,    // the person said no
        expired,   // the code is too old: begin again
        rejected,  // the provider refuses this client; reason() says why
    };
    verdict on_answer(token_outcome const& answer, steady_time now);
    // No answer at all: the next attempt comes after twice the time.
    verdict on_silence(steady_time now);
    milliseconds pause() const noexcept { return interval_; }
    std::string const& reason() const noexcept { return reason_; }

private:
    verdict wait(steady_time now) const { return now + interval_ >= end_ ? verdict::expired : verdict::wait; }

    milliseconds interval_;
    steady_time end_;
    std::string reason_;
};

}  // namespace fjord::cli
