#include "cache/cache_status.hpp"

namespace fjord::cache {

namespace {

std::string_view name_of(forward_reason r) {
    switch (r) {
        case forward_reason::miss:
            return "miss";
        case forward_reason::partial:
            return "partial";
        case forward_reason::stale:
            return "stale";
        case forward_reason::bypass:
            return "bypass";
        case forward_reason::none:
            break;
    }
    return "";
}

// An sf-string (RFC 8941 section 3.3.3): what it cannot carry is left out.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c < 0x20 || c > 0x7e) continue;
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

std::string cache_status(std::string_view cache_name, cache_outcome const& outcome) {
    std::string field(cache_name);
    if (outcome.forward == forward_reason::none)
        field += "; hit";
    else
        field.append("; fwd=").append(name_of(outcome.forward));
    if (outcome.collapsed) field += "; collapsed";
    if (outcome.stored) field += "; stored";
    if (outcome.ttl) field += "; ttl=" + std::to_string(*outcome.ttl);
    if (!outcome.detail.empty()) field += "; detail=" + quoted(outcome.detail);
    return field;
}

}  // namespace fjord::cache
