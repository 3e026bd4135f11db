#pragma once
// What a generic origin allows a shared cache to do with an answer (RFC 9111 sections 3, 4.2 and 5.2). Pure.
// Departure: no heuristic freshness; an answer that names no lifetime is asked about each time it is used.
#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::cache {

// Directives of Cache-Control that this cache acts on. Unknown ones are ignored, malformed ages read as 0 (stale).
struct cache_control {
    bool no_store = false;
    bool no_cache = false;
    bool is_private = false;
    bool must_revalidate = false;
    std::optional<seconds> max_age;
    std::optional<seconds> s_maxage;
};

// Several fields of that name are joined with ", " first. Duplicate ages: the smaller one counts.
cache_control parse_cache_control(std::string_view field);

// A delta-seconds value (RFC 9111 section 1.2.2): digits only, capped at 2^31. Nothing when malformed.
std::optional<seconds> parse_delta_seconds(std::string_view text);

struct response_facts {
    std::string_view cache_control;
    std::string_view vary;
    std::string_view etag;
    std::string_view last_modified;
    std::string_view age;
    bool has_length = false;
};

struct storing_decision {
    bool storable = false;
    seconds fresh_for{0};  // from now; 0: revalidate before each use
    std::string why_not;   // when not storable
};

storing_decision judge(response_facts const& facts);

// Quoted and without W/ (RFC 9110 section 8.8.3).
bool is_strong_etag(std::string_view etag) noexcept;

}  // namespace fjord::cache
