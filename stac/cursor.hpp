#pragma once
// Paging tokens. A token holds the key at the edge of a page, a hash of the query and of the caller, and an HMAC-SHA256, so it
// costs the same at any depth, cannot be forged, and does not work for another query or another principal.
#include "base/secret.hpp"
#include "stac/search.hpp"

#include <string>
#include <string_view>

namespace fjord::stac {

struct page_cursor {
    sort_key key;
    bool backwards = false;
    friend bool operator==(page_cursor const& a, page_cursor const& b) {
        return a.backwards == b.backwards && a.key.values == b.key.values && a.key.collection == b.key.collection &&
               a.key.id == b.key.id;
    }
};

// Any thread.
class cursor_signer {
public:
    // `key` is the HMAC key, at least 16 bytes; tokens live as long as it does.
    explicit cursor_signer(secret key) : key_(std::move(key)) {}

    std::string seal(page_cursor const& c, std::string_view query, std::string_view caller) const;
    // errc::invalid_argument: malformed, altered, or sealed for another query or caller (which of them is not told).
    result<page_cursor> open(std::string_view token, std::string_view query, std::string_view caller) const;

private:
    std::string tag(std::string_view payload, std::string_view query, std::string_view caller) const;
    secret key_;
};

}  // namespace fjord::stac
