#pragma once
// The order of replicas in STAC answers: that of resolve, by where the caller's address is.
#include "broker/options.hpp"
#include "catalog/catalog.hpp"
#include "net/http.hpp"
#include "stac/assets.hpp"

namespace fjord::broker {

// For api_options::nearest. Any thread; blocks (one record of the catalog). The arguments outlive it.
std::function<stac::place_ranking(net::request const&)> nearest_replicas(options const& o, catalog::catalog const& cat);

}  // namespace fjord::broker
