#pragma once
// Which place first? Pure: the same candidates and caller location give the same order, with a sentence for each rank.
//
// Order: a cache beside the caller, a replica at the caller's site, the same country, a cache elsewhere never before a
// replica of its own country, then the rest; ties by priority attribute, then by a stable hash so that load spreads by asset.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::broker {

enum class place_kind { cache, site };

struct candidate {
    place_kind kind = place_kind::site;
    std::string name;       // site or cache id
    std::string near_site;  // caches: the compute site they serve; sites: their own name
    std::string country;
    bool holds_bytes = true;      // sites always; a cache when its summary says so
    std::int64_t preference = 0;  // attribute `read_priority`, higher first
};

struct ranked {
    std::size_t index = 0;  // into the candidates
    int priority = 1;       // 1 is best
    std::string why;
};

// `caller_site` and `caller_country` may be empty. Caches that do not serve the caller's site are left out unless the caller
// has no known site. `salt` (the asset) breaks ties.
std::vector<ranked> rank(std::vector<candidate> const& candidates, std::string_view caller_site, std::string_view caller_country,
                         std::string_view salt);

// The site of an address by the longest matching network; empty when none matches.
struct network {
    std::string cidr, site;
};
std::string site_of_address(std::vector<network> const& networks, std::string_view address);

}  // namespace fjord::broker
