#pragma once
// What a COPY answers while it runs: performance markers and the result line of HTTP-TPC. Pure.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fjord::site {

std::string marker_text(wall_time now, std::uint64_t bytes, std::string_view remote);
// "success: Created\n" or "failure: REASON\n", the reason on one line and free of tokens.
std::string result_text(result<void> const& outcome);

}  // namespace fjord::site
