#pragma once
// A finished probe as JSON: what is kept in the catalog, shown by GET /api/v1/sites/ID/probe and printed by `fjord site probe`.
// Pure.
#include "base/strong_id.hpp"
#include "catalog/records.hpp"
#include "storage/probe/run.hpp"

#include <boost/json/object.hpp>

namespace fjord::broker {

namespace json = boost::json;

// Sites that speak HTTP and take our tokens.
bool can_be_probed(catalog::site_record const& site);

// {site, started, finished, requests, clock_ahead_ms, honest, dishonest, unknown, rows: [{attribute, question, expected, value,
// found, verdict, consequence}]}; `value` is null when it is not known, `consequence` there only where the site is not honest.
json::object render(site_id const& site, storage::probe::report const& r, wall_time started, wall_time finished);

}  // namespace fjord::broker
