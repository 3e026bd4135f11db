#pragma once
// The Cache-Status field (RFC 9211): what this cache did with a request. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fjord::cache {

enum class forward_reason {
    none,     // answered from what was here: hit
    miss,     // nothing of it was here
    partial,  // some of it was here
    stale,    // what is here had to be asked about
    bypass,   // this object is not stored at all
};

struct cache_outcome {
    forward_reason forward = forward_reason::none;
    bool collapsed = false;           // the bytes came from a fill that another request had started
    bool stored = false;              // they are being kept
    std::optional<std::int64_t> ttl;  // seconds of freshness left
    std::string detail;               // what else an operator should know
};

// "fjord; hit", "fjord; fwd=miss; stored", "fjord; fwd=partial; collapsed; stored; detail=\"broker unreachable\"".
std::string cache_status(std::string_view cache_name, cache_outcome const& outcome);

}  // namespace fjord::cache
