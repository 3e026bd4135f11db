// /api/v1/rules, /rules/plan, /rules/ID/explain, /locks: what should be where, and why it is or is not.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/rendering.hpp"

#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "transfer/engine.hpp"

#include <boost/json/value_to.hpp>

namespace fjord::broker {
namespace {

json::object render(transfer::rule_status const& s) {
    json::object o{{"state", transfer::name_of(s.state)},
                   {"done", s.done},
                   {"total", s.total},
                   {"bytes_done", s.bytes_done},
                   {"bytes_total", s.bytes_total}};
    if (s.eta_s) o["eta_s"] = *s.eta_s;
    o["reason"] = s.reason;
    return o;
}

json::object render_plan(transfer::asset_plan const& p) {
    json::object o{{"asset", p.ref.str()}, {"size", p.size}, {"bytes_to_move", p.bytes_to_move}};
    json::array sites;
    for (auto const& v : p.verdicts)
        sites.push_back(json::object{{"site", v.site.str()}, {"choice", transfer::name_of(v.choice)}, {"reason", v.reason}});
    o["sites"] = std::move(sites);
    if (p.missing) o["impossible"] = p.witness;
    return o;
}

result<catalog::rule_record> read_rule(json::value const& body, principal const& who) {
    object_reader in(body, "rule");
    catalog::rule_record r;
    r.uri = in.string("uri", "");
    r.collection = in.string("collection", "");
    r.filter = in.string("filter", "");
    r.filter_lang = in.string("filter_lang", r.filter.empty() ? "" : "cql2-text");
    r.sites = in.string("sites");
    r.copies = static_cast<std::uint32_t>(in.integer("copies", 1, 100, 1));
    r.priority = static_cast<std::uint32_t>(in.integer("priority", 1, 5, 3));
    r.activity = in.string("activity", "");
    r.comment = in.string("comment", "");
    auto const lifetime = in.optional_string("lifetime");
    if (auto done = in.done(); !done) return done.error();
    if (lifetime) {
        auto parsed = parse_duration(*lifetime);
        if (!parsed) return parsed.error();
        r.lifetime = *parsed;
    }
    if (r.uri.empty() == r.collection.empty())
        return fail(errc::invalid_argument,
                    "a rule selects data by \"uri\" or by \"collection\" with \"filter\": give one of them");
    if (!r.uri.empty()) {
        auto uri = dataset_uri::parse(r.uri);
        if (!uri) return uri.error();
        if (!uri->member.empty() || uri->version)
            return fail(errc::invalid_argument, "rule: uri names a collection, an item or an asset, without version");
        r.uri = uri->path();
    }
    r.owner = owner_of(who);
    return r;
}

// The data a rule is about, for the replicate right.
catalog::asset_ref target_of(catalog::rule_record const& r) {
    if (r.uri.empty()) return {collection_id(r.collection), {}, {}};
    auto uri = dataset_uri::parse(r.uri);
    return {uri->collection, uri->item, uri->asset};
}

// Engaged: the refusal.
asio::awaitable<std::optional<net::response>> forbid(core& c, net::request& req, catalog::rule_record const& r) {
    if (auto login = require_login(req)) co_return login;
    auto asked = co_await ask(c, req.caller, policies::action::replicate, target_of(r));
    if (!asked) {
        if (asked.error().code == make_error_code(errc::not_found)) co_return absent("such dataset");
        co_return net::problem(asked.error());
    }
    if (!asked->granted) co_return refusal(c, req, *asked, "");
    co_return std::nullopt;
}

asio::awaitable<net::response> create(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto rule = read_rule(*body, *req.caller);
    if (!rule) co_return net::problem(rule.error());
    if (auto refused = co_await forbid(c, req, *rule)) co_return std::move(*refused);
    auto made = co_await c.transfers.create_rule(std::move(*rule));
    if (!made) co_return net::problem(made.error());
    auto status = co_await c.transfers.status(made->id);
    auto o = broker::render(*made);
    if (status) o["status"] = render(*status);
    auto answer = net::json_response(201, o);
    answer.headers.set("Location", "/api/v1/rules/" + made->id.str());
    co_return answer;
}

asio::awaitable<net::response> plan(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto rule = read_rule(*body, *req.caller);
    if (!rule) co_return net::problem(rule.error());
    if (auto refused = co_await forbid(c, req, *rule)) co_return std::move(*refused);
    auto p = co_await c.transfers.plan(std::move(*rule));
    if (!p) co_return net::problem(p.error());
    json::object o{{"assets", p->assets},
                   {"copies", p->copies},
                   {"copies_there", p->copies_there},
                   {"copies_to_make", p->copies_to_make},
                   {"bytes_to_move", p->bytes_to_move},
                   {"impossible", p->impossible},
                   {"reason", p->reason}};
    if (p->eta_s) o["eta_s"] = *p->eta_s;
    json::array examples;
    for (auto const& e : p->examples) examples.push_back(render_plan(e));
    o["examples"] = std::move(examples);
    co_return net::json_response(200, o);
}

// A rule is seen by its owner and by administrators; to all others it is absent.
asio::awaitable<result<catalog::rule_record>> find(core& c, net::request& req) {
    auto read = [&c, id = rule_id(req.params.at(0))] { return c.cat.find_rule(id); };
    auto rule = co_await on_pool(c.pool, std::move(read));
    if (!rule) co_return rule.error();
    if (rule->owner != owner_of(*req.caller) && !is_admin(*req.caller))
        co_return fail(errc::not_found, "there is no rule " + req.params.at(0) + " here, or it is not yours");
    co_return rule;
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto page = read_page(req);
    if (!page) co_return net::problem(page.error());
    auto read = [&c] { return c.cat.list_rules(); };
    auto rules = co_await on_pool(c.pool, std::move(read));
    if (!rules) co_return net::problem(rules.error());
    json::array rows;
    std::string next;
    for (auto const& r : *rules) {
        if (r.id.str() <= page->cursor) continue;
        if (r.owner != owner_of(*req.caller) && !is_admin(*req.caller)) continue;
        if (rows.size() == page->limit) {
            next = json::value_to<std::string>(rows.back().at("id"));
            break;
        }
        auto o = broker::render(r);
        if (auto status = co_await c.transfers.status(r.id)) o["status"] = render(*status);
        rows.push_back(std::move(o));
    }
    co_return list_response(req, "rules", std::move(rows), next);
}

asio::awaitable<net::response> show(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto rule = co_await find(c, req);
    if (!rule) co_return net::problem(rule.error());
    auto status = co_await c.transfers.status(rule->id);
    if (!status) co_return net::problem(status.error());
    auto o = broker::render(*rule);
    o["status"] = render(*status);
    co_return net::json_response(200, o);
}

asio::awaitable<net::response> explain(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto rule = co_await find(c, req);
    if (!rule) co_return net::problem(rule.error());
    auto e = co_await c.transfers.explain(rule->id);
    if (!e) co_return net::problem(e.error());
    json::object o = broker::render(e->rule);
    o["status"] = render(e->status);
    json::array locks, sentences, plans;
    for (auto const& l : e->locks) {
        locks.push_back(json::object{
            {"asset", l.lock.asset.str()}, {"site", l.lock.site.str()}, {"state", l.state}, {"sentence", l.sentence}});
        sentences.push_back(json::value(l.lock.asset.str() + ": " + l.sentence));
    }
    for (auto const& p : e->plans) plans.push_back(render_plan(p));
    o["locks"] = std::move(locks);
    o["sentences"] = std::move(sentences);
    o["plans"] = std::move(plans);
    co_return net::json_response(200, o);
}

asio::awaitable<net::response> remove(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto rule = co_await find(c, req);
    if (!rule) co_return net::problem(rule.error());
    auto done = co_await c.transfers.delete_rule(rule->id);
    if (!done) co_return net::problem(done.error());
    co_return net::empty_response(204);
}

asio::awaitable<net::response> locks(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto const rule = std::string(req.query.get("rule"));
    auto const uri = std::string(req.query.get("uri"));
    if (rule.empty() == uri.empty()) co_return net::problem(400, "give ?rule=ID or ?uri=COLLECTION/ITEM/ASSET");
    auto read = [&c, rule, uri]() -> result<std::vector<catalog::lock_record>> {
        if (!rule.empty()) return c.cat.list_locks(rule_id(rule));
        auto ref = catalog::parse_asset_ref(uri);
        if (!ref) return ref.error();
        return c.cat.list_locks(*ref);
    };
    auto found = co_await on_pool(c.pool, std::move(read));
    if (!found) co_return net::problem(found.error());
    json::array rows;
    for (auto const& l : *found)
        rows.push_back(json::object{
            {"rule", l.rule.str()}, {"asset", l.asset.str()}, {"version", l.version.text()}, {"site", l.site.str()}});
    co_return list_response(req, "locks", std::move(rows));
}

}  // namespace

void add_rule_routes(net::router& r, core& c) {
    r.add("GET", "/api/v1/rules", [&c](net::request& req) { return list(c, req); });
    r.add("POST", "/api/v1/rules", [&c](net::request& req) { return create(c, req); });
    r.add("POST", "/api/v1/rules/plan", [&c](net::request& req) { return plan(c, req); });
    r.add("GET", "/api/v1/rules/{id}", [&c](net::request& req) { return show(c, req); });
    r.add("DELETE", "/api/v1/rules/{id}", [&c](net::request& req) { return remove(c, req); });
    r.add("GET", "/api/v1/rules/{id}/explain", [&c](net::request& req) { return explain(c, req); });
    r.add("GET", "/api/v1/locks", [&c](net::request& req) { return locks(c, req); });
}

}  // namespace fjord::broker
