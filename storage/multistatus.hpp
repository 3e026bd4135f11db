#pragma once
// The XML answer of PROPFIND (RFC 4918 section 14.16), reduced to what a driver needs. Read by expat; document type declarations
// (and with them entities) are refused, depth, text and entries are limited.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::storage {

// One <response>. Only properties under a 2xx <propstat> are taken.
struct dav_resource {
    std::string href;  // as sent: absolute URL or absolute path, percent-encoded
    std::optional<std::uint64_t> size;
    std::optional<wall_time> modified;
    std::string etag;
    bool directory = false;
    unsigned status = 200;                                     // of the whole <response>, when it has one
    std::optional<std::uint64_t> quota_used, quota_available;  // RFC 4331
};

struct multistatus_limits {
    std::size_t max_depth = 32;
    std::size_t max_text = 16u << 10;  // of one element
    std::size_t max_entries = 1'000'000;
};

// errc::corrupt: not well-formed, not a multistatus document, or one with a document type. errc::limit_exceeded.
result<std::vector<dav_resource>> parse_multistatus(std::string_view xml, multistatus_limits limits = {});

// "Sat, 21 Nov 2026 02:05:00 GMT" or RFC 3339 (both are seen in getlastmodified); anything else: nullopt.
std::optional<wall_time> parse_dav_date(std::string_view text);

}  // namespace fjord::storage
