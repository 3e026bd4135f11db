// /api/v1/sites/ID/probe: begin a probe of a site, follow it, read the last report. Administrators only.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/probe_report.hpp"
#include "broker/site_prober.hpp"

#include "base/dataset_uri.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"

namespace fjord::broker {
namespace {

struct known {
    catalog::site_record site;
    std::optional<catalog::probe_record> last;
};

result<known> read(catalog::catalog& cat, site_id const& id) {
    auto site = cat.find_site(id);
    if (!site) return site.error();
    known k{std::move(*site), {}};
    auto last = cat.find_probe(id);
    if (last) k.last = std::move(*last);
    if (!last && last.error().code != make_error_code(errc::not_found)) return last.error();
    return k;
}

std::string_view name_of(probe_state::phase p) {
    if (p == probe_state::phase::running) return "running";
    return p == probe_state::phase::done ? "done" : "failed";
}

// {site, state: never|running|done|failed, step, steps, step_name, started, error?, unreachable?, last?}
json::object shown(site_id const& site, std::optional<probe_state> const& state,
                   std::optional<catalog::probe_record> const& last) {
    json::object o{{"site", site.str()}, {"state", state ? name_of(state->now) : last ? "done" : "never"}};
    if (state && state->now == probe_state::phase::running) {
        o["step"] = state->step;
        o["steps"] = state->steps;
        o["step_name"] = state->step_name;
    }
    if (state) o["started"] = format_rfc3339(state->started);
    if (state && state->failure) {
        o["error"] = state->failure->message();
        o["unreachable"] = state->failure->code == errc::unavailable || state->failure->code == errc::timed_out;
    }
    if (!last) return o;
    if (auto report = parse_json(last->document)) o["last"] = std::move(*report);
    return o;
}

result<probe_switches> read_switches(json::value const& body, probe_switches as_configured) {
    object_reader in(body, "probe");
    probe_switches s;
    s.server_files = in.boolean("server_files", as_configured.server_files);
    s.cleartext = in.boolean("cleartext", as_configured.cleartext);
    if (auto done = in.done(); !done) return done.error();
    return s;
}

asio::awaitable<net::response> begin(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto const switches = read_switches(*body, {c.opts.probe_server_files, c.opts.probe_cleartext});
    if (!switches) co_return net::problem(switches.error());
    site_id const id(req.params.at(0));
    auto find = [&c, id] { return read(c.cat, id); };
    auto found = co_await on_pool(c.pool, std::move(find));
    if (!found) co_return net::problem(found.error());
    if (!can_be_probed(found->site))
        co_return net::problem(409, "a site of kind " + found->site.kind + " is not probed: it takes no tokens of ours");
    auto answer = net::json_response(202, shown(id, c.prober->begin(id, *switches), found->last));
    answer.headers.set("Location", "/api/v1/sites/" + encode_segment(id.str()) + "/probe");
    co_return answer;
}

asio::awaitable<net::response> show(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    site_id const id(req.params.at(0));
    // The state first: a probe that ends in between shows its own report.
    auto const state = c.prober->state_of(id);
    auto find = [&c, id] { return read(c.cat, id); };
    auto found = co_await on_pool(c.pool, std::move(find));
    if (!found) co_return net::problem(found.error());
    auto answer = net::json_response(200, shown(id, state, found->last));
    answer.headers.set("Cache-Control", "no-store");
    co_return answer;
}

}  // namespace

void add_probe_routes(net::router& r, core& c) {
    r.add("POST", "/api/v1/sites/{id}/probe", [&c](net::request& req) { return begin(c, req); });
    r.add("GET", "/api/v1/sites/{id}/probe", [&c](net::request& req) { return show(c, req); });
}

}  // namespace fjord::broker
