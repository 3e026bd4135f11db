#include "broker/ranking.hpp"

#include "base/digest.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>

namespace fjord::broker {
namespace {

struct scored {
    std::size_t index;
    int tier;  // lower is nearer
    std::int64_t preference;
    std::string tie;
    std::string why;
};

int tier_of(candidate const& c, std::string_view site, std::string_view country, std::string& why) {
    bool const here = !site.empty() && c.near_site == site;
    if (c.kind == place_kind::cache && here) {
        why = "cache next to " + std::string(site);
        return 0;
    }
    if (here) {
        why = "replica at " + std::string(site) + ", where you compute";
        return 1;
    }
    if (!country.empty() && c.country == country) {
        why = (c.kind == place_kind::cache ? "cache in " : "replica in ") + c.country + ", your country";
        return 2;
    }
    why = c.kind == place_kind::cache ? "cache " + c.name : "replica at " + c.name;
    if (!c.country.empty()) why += " (" + c.country + ")";
    return 3;
}

}  // namespace

std::vector<ranked> rank(std::vector<candidate> const& candidates, std::string_view caller_site, std::string_view caller_country,
                         std::string_view salt) {
    std::vector<scored> all;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        auto const& c = candidates[i];
        // A cache far from the caller only adds a hop, unless it already has the bytes and we do not know better.
        if (c.kind == place_kind::cache && c.near_site != caller_site && !(caller_site.empty() && c.holds_bytes)) continue;
        scored s{i, 0, c.preference, sha256_of(std::string(salt) + "\n" + c.name).hex(), {}};
        s.tier = tier_of(c, caller_site, caller_country, s.why);
        all.push_back(std::move(s));
    }
    auto nearer = [](scored const& a, scored const& b) {
        return std::tie(a.tier, b.preference, a.tie) < std::tie(b.tier, a.preference, b.tie);
    };
    std::sort(all.begin(), all.end(), nearer);
    std::vector<ranked> out;
    for (auto& s : all) out.push_back({s.index, static_cast<int>(out.size()) + 1, std::move(s.why)});
    return out;
}

std::string site_of_address(std::vector<network> const& networks, std::string_view address) {
    namespace ip = boost::asio::ip;
    boost::system::error_code ec;
    auto const who = ip::make_address(std::string(address), ec);
    if (ec) return {};
    int best = -1;
    std::string site;
    for (auto const& n : networks) {
        int length = -1;
        if (who.is_v4()) {
            auto const net = ip::make_network_v4(n.cidr, ec);
            if (!ec && net.canonical() == ip::network_v4(who.to_v4(), net.prefix_length()).canonical())
                length = net.prefix_length();
        } else {
            auto const net = ip::make_network_v6(n.cidr, ec);
            if (!ec && net.canonical() == ip::network_v6(who.to_v6(), net.prefix_length()).canonical())
                length = net.prefix_length();
        }
        if (length > best) {
            best = length;
            site = n.site;
        }
    }
    return site;
}

}  // namespace fjord::broker
