#include "broker/nearest.hpp"

#include "broker/ranking.hpp"

namespace fjord::broker {

std::function<stac::place_ranking(net::request const&)> nearest_replicas(options const& o, catalog::catalog const& cat) {
    return [&o, &cat](net::request const& req) -> stac::place_ranking {
        std::vector<network> networks;
        for (auto const& n : o.networks) networks.push_back({n.cidr, n.site});
        auto const here = site_of_address(networks, req.peer_address);
        std::string country;
        if (!here.empty()) {
            if (auto const site = cat.find_site(site_id(here))) {
                auto const given = site->attributes.find("country");
                country = given == site->attributes.end() || given->second.empty() ? site->jurisdiction : given->second;
            }
        }
        return [here, country](std::vector<stac::replica_place> const& places, std::string_view salt) {
            std::vector<candidate> candidates;
            for (auto const& p : places) candidates.push_back({place_kind::site, p.site, p.site, p.country, true, p.preference});
            std::vector<std::size_t> order;
            for (auto const& r : rank(candidates, here, country, salt)) order.push_back(r.index);
            return order;
        };
    };
}

}  // namespace fjord::broker
