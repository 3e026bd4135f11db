#pragma once
// HTTP-date (RFC 9110 section 5.6.7): the fixed form and both obsolete ones, which a recipient must accept.
#include "base/clock.hpp"

#include <optional>
#include <string_view>

namespace fjord::net {

// nullopt for anything malformed; whole seconds.
std::optional<wall_time> parse_http_date(std::string_view text) noexcept;

}  // namespace fjord::net
