#pragma once
// Whether a failed copy is tried again, when, and the sentence that says so. Pure; the random part is an argument.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fjord::transfer {

// Where an attempt failed; read into sentences.
enum class stage { preparing, copying, verifying, publishing };
std::string_view name_of(stage s) noexcept;

enum class failure_class {
    transient,   // a peer is away, slow or broke off: soon again
    source,      // the source has not got it or refuses: another source first
    integrity,   // the bytes at the destination are not the bytes
    permission,  // a site refuses us: needs a person, asked again slowly
    space,       // destination full
    permanent,   // asking again cannot help
    cancelled,   // stopped on request
};
std::string_view name_of(failure_class c) noexcept;
failure_class classify(error const& e, stage at) noexcept;

struct retry_options {
    std::uint32_t max_attempts = 8;
    milliseconds base{500};          // transient and source failures
    milliseconds slow_base{30'000};  // permission and space
    milliseconds cap{300'000};
    double jitter = 0.5;  // delay is drawn from [1 - jitter, 1 + jitter] times the nominal one
};

struct retry_verdict {
    bool again = false;
    milliseconds delay{0};
    failure_class kind = failure_class::transient;
};

// `attempt`: how many attempts were made, 1 after the first. `random`: uniform in [0, 1).
retry_verdict decide_retry(retry_options const& options, error const& e, stage at, std::uint32_t attempt, double random) noexcept;

}  // namespace fjord::transfer
