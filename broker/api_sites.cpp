// /api/v1/sites: the storage sites of the federation.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/rendering.hpp"
#include "broker/site_prober.hpp"

#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "transfer/access.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::broker {
namespace {

result<std::map<std::string, std::string>> read_attributes(json::object const* o) {
    std::map<std::string, std::string> out;
    if (!o) return out;
    for (auto const& member : *o) {
        auto const& v = member.value();
        std::string const key(member.key());
        if (key.starts_with("honours."))
            return fail(errc::invalid_argument,
                        "attribute \"" + key + "\": names below honours. belong to the site probe (fjord site probe)");
        if (v.is_string()) {
            out[key] = std::string(v.get_string());
        } else if (v.is_int64() || v.is_uint64() || v.is_double() || v.is_bool()) {
            out[key] = json::serialize(v);
        } else {
            return fail(errc::invalid_argument, "attribute \"" + key + "\" must be a string, a number or a boolean");
        }
    }
    return out;
}

bool is_jurisdiction(std::string const& text) {
    auto upper = [](char ch) { return ch >= 'A' && ch <= 'Z'; };
    return text.empty() || (text.size() == 2 && std::all_of(text.begin(), text.end(), upper));
}

result<catalog::site_record> read_site(json::value const& body, std::string id_in_path) {
    object_reader in(body, "site");
    catalog::site_record s;
    auto const id = id_in_path.empty() ? in.string("id") : in.string("id", id_in_path);
    s.id = site_id(id);
    s.kind = in.string("kind");
    s.url = in.string("url");
    s.jurisdiction = in.string("jurisdiction", "");
    s.enabled = in.boolean("enabled", true);
    auto attributes = read_attributes(in.object("attributes"));
    if (!attributes) in.refuse(attributes.error().message());
    if (auto done = in.done(); !done) return done.error();
    s.attributes = std::move(*attributes);
    if (!id_in_path.empty() && id != id_in_path) return fail(errc::invalid_argument, "site: id differs from the one in the path");
    if (auto name = check_name("site id", id); !name) return name.error();
    if (auto ok = transfer::check_site(s); !ok) return error(ok.error().code, "site: " + ok.error().message());
    while (s.url.ends_with('/')) s.url.pop_back();
    if (!is_jurisdiction(s.jurisdiction))
        return fail(errc::invalid_argument, "site: jurisdiction must be an ISO 3166 code such as DE");
    return s;
}

asio::awaitable<net::response> store(core& c, net::request& req, std::string id_in_path) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto site = read_site(*body, id_in_path);
    if (!site) co_return net::problem(site.error());
    // A site that nobody here can speak to is better refused now than found out by the first upload.
    if (auto driver = c.sites.driver(*site); !driver) {
        auto const missing = driver.error().code == make_error_code(errc::unavailable);
        co_return net::problem(missing ? fail(errc::conflict, driver.error().message()) : driver.error());
    }
    bool const creating = id_in_path.empty();
    struct stored_site {
        catalog::site_record site;
        bool moved = true;  // what was probed may be another server now
    };
    auto work = [&c, s = *site, creating]() mutable -> result<stored_site> {
        auto const now = c.time.now();
        auto old = c.cat.find_site(s.id);
        if (creating && old)
            return fail(errc::already_exists,
                        "there is a site " + s.id.str() + "; change it with PUT /api/v1/sites/" + s.id.str());
        s.created = old ? old->created : now;
        s.updated = now;
        catalog::change_set change;
        change.put_site(s);
        auto done = c.cat.commit(std::move(change));
        if (!done) return done.error();
        if (old) s.honours = old->honours;
        auto const base = [](catalog::site_record const& r) {
            auto const at = r.attributes.find("token_base");
            return at == r.attributes.end() ? std::string() : at->second;
        };
        bool const moved =
            !old || old->url != s.url || old->kind != s.kind || base(*old) != base(s) || (s.enabled && !old->enabled);
        return stored_site{s, moved};
    };
    auto stored = co_await on_pool(c.pool, std::move(work));
    if (!stored) co_return net::problem(stored.error());
    auto const& now = stored->site;
    if (stored->moved && now.enabled) c.prober->notice(now.id);
    auto answer = net::json_response(creating ? 201 : 200, render(now));
    if (creating) answer.headers.set("Location", "/api/v1/sites/" + encode_segment(now.id.str()));
    co_return answer;
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto read = [&c] { return c.cat.list_sites(); };
    auto sites = co_await on_pool(c.pool, std::move(read));
    if (!sites) co_return net::problem(sites.error());
    json::array rows;
    for (auto const& s : *sites) rows.push_back(render(s));
    co_return list_response(req, "sites", std::move(rows));
}

asio::awaitable<net::response> show(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto read = [&c, id = site_id(req.params.at(0))] { return c.cat.find_site(id); };
    auto site = co_await on_pool(c.pool, std::move(read));
    if (!site) co_return net::problem(site.error());
    co_return net::json_response(200, render(*site));
}

asio::awaitable<net::response> remove(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto work = [&c, id = site_id(req.params.at(0))]() -> result<catalog::sequence> {
        if (auto site = c.cat.find_site(id); !site) return site.error();
        auto held = c.cat.list_replicas_at(id, {}, 1);
        if (!held) return held.error();
        if (!held->empty())
            return fail(errc::conflict, "site " + id.str() + " still holds replicas, such as " + held->front().asset.str() +
                                            "; move or delete them first");
        catalog::change_set change;
        change.delete_site(id);
        return c.cat.commit(std::move(change));
    };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    co_return net::empty_response(204);
}

}  // namespace

void add_site_routes(net::router& r, core& c) {
    r.add("GET", "/api/v1/sites", [&c](net::request& req) { return list(c, req); });
    r.add("POST", "/api/v1/sites", [&c](net::request& req) { return store(c, req, {}); });
    r.add("GET", "/api/v1/sites/{id}", [&c](net::request& req) { return show(c, req); });
    r.add("PUT", "/api/v1/sites/{id}", [&c](net::request& req) { return store(c, req, req.params.at(0)); });
    r.add("DELETE", "/api/v1/sites/{id}", [&c](net::request& req) { return remove(c, req); });
}

}  // namespace fjord::broker
