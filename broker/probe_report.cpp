#include "broker/probe_report.hpp"

#include "transfer/site_address.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace fjord::broker {
namespace {

json::object render(storage::probe::judged const& j) {
    json::object o{{"attribute", j.about->attribute}, {"question", j.about->question}, {"expected", j.about->expected}};
    o["value"] = j.what.value ? json::value(*j.what.value) : json::value(nullptr);
    o["found"] = j.what.found;
    o["verdict"] = storage::probe::name_of(j.is);
    if (j.is == storage::probe::verdict::dishonest) o["consequence"] = j.about->consequence;
    return o;
}

}  // namespace

bool can_be_probed(catalog::site_record const& site) { return transfer::copy_protocol_of(site) == transfer::copy_protocol::http; }

json::object render(site_id const& site, storage::probe::report const& r, wall_time started, wall_time finished) {
    json::object o{{"site", site.str()}, {"started", format_rfc3339(started)}, {"finished", format_rfc3339(finished)}};
    o["requests"] = r.requests;
    o["clock_ahead_ms"] = r.clock_ahead.count();
    if (!r.leftovers.empty()) o["leftovers"] = r.leftovers;
    for (auto const v : {storage::probe::verdict::honest, storage::probe::verdict::dishonest, storage::probe::verdict::unknown})
        o[storage::probe::name_of(v)] = std::count_if(r.rows.begin(), r.rows.end(), [v](auto const& row) { return row.is == v; });
    json::array rows;
    for (auto const& row : r.rows) rows.push_back(render(row));
    o["rows"] = std::move(rows);
    return o;
}

}  // namespace fjord::broker
