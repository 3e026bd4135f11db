// /api/v1/policies: the documents partners share under, and what they decide.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/policy_store.hpp"

#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "transfer/engine.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::broker {
namespace {

json::object render(catalog::policy_record const& p) {
    json::object o{{"id", p.id}, {"version", p.version}, {"updated", format_rfc3339(p.updated)}};
    if (auto value = parse_json(p.document)) o["rules"] = *value;
    return o;
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto read = [&c] { return c.cat.list_policies(); };
    auto policies = co_await on_pool(c.pool, std::move(read));
    if (!policies) co_return net::problem(policies.error());
    json::array rows;
    for (auto const& p : *policies) rows.push_back(render(p));
    co_return list_response(req, "policies", std::move(rows));
}

asio::awaitable<net::response> show(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto read = [&c, id = req.params.at(0)] { return c.cat.find_policy(id); };
    auto policy = co_await on_pool(c.pool, std::move(read));
    if (!policy) co_return net::problem(policy.error());
    co_return net::json_response(200, render(*policy));
}

// Stores the document and compiles everything under a new epoch before it answers: the next request sees it.
asio::awaitable<net::response> store(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto body = co_await net::read_body(req, 1u << 20);
    if (!body) co_return net::problem(body.error());
    auto work = [&c, id = req.params.at(0), text = std::move(*body)]() -> result<json::object> {
        if (auto ok = check_policy(id, text); !ok) return ok.error();
        auto old = c.cat.find_policy(id);
        catalog::policy_record p{id, text, old ? old->version + 1 : 1, c.time.now()};
        catalog::change_set change;
        change.put_policy(p);
        if (auto done = c.cat.commit(std::move(change)); !done) return done.error();
        auto epoch = c.rules.load(c.cat);
        if (!epoch) return epoch.error();
        json::object o = render(p);
        o["epoch"] = *epoch;
        return o;
    };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    c.transfers.reevaluate();  // placement may have changed
    co_return net::json_response(200, *done);
}

asio::awaitable<net::response> remove(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto work = [&c, id = req.params.at(0)]() -> result<std::uint64_t> {
        if (auto found = c.cat.find_policy(id); !found) return found.error();
        catalog::change_set change;
        change.delete_policy(id);
        if (auto done = c.cat.commit(std::move(change)); !done) return done.error();
        return c.rules.load(c.cat);
    };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    c.transfers.reevaluate();
    co_return net::empty_response(204);
}

// An administrator may ask on behalf of somebody else: {"subject": {"groups": [...], "org": "...", "sub": "...", "issuer":
// "..."}}.
result<std::shared_ptr<principal const>> read_subject(json::object const& o) {
    object_reader in(o, "subject");
    principal p;
    p.issuer = in.string("issuer", "");
    p.subject = in.string("sub", "");
    p.org = in.string("org", "");
    p.kind = in.boolean("anonymous", false) ? principal_kind::anonymous : principal_kind::human;
    if (auto const* groups = in.member("groups")) {
        if (!groups->is_array())
            in.refuse("subject: groups must be an array of strings");
        else
            for (auto const& g : groups->get_array()) {
                if (g.is_string())
                    p.groups.emplace_back(g.get_string());
                else
                    in.refuse("subject: groups must be an array of strings");
            }
    }
    if (auto done = in.done(); !done) return done.error();
    return std::make_shared<principal const>(std::move(p));
}

asio::awaitable<net::response> decide(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    object_reader in(*body, "question");
    auto const action = policies::action_named(in.string("action"));
    auto const uri = dataset_uri::parse(in.string("uri"));
    auto const purpose = in.optional_string("purpose");
    auto const* subject = in.object("subject");
    if (auto done = in.done(); !done) co_return net::problem(done.error());
    if (!action)
        co_return net::problem(fail(errc::invalid_argument,
                                    "question: action is none of discover, describe, aggregate, read.derived, read, process, "
                                    "cache, replicate, share, create, modify"));
    if (!uri) co_return net::problem(uri.error());
    auto who = req.caller;
    if (subject) {
        if (!is_admin(*req.caller)) co_return net::problem(403, "only an administrator may ask on behalf of another subject");
        auto other = read_subject(*subject);
        if (!other) co_return net::problem(other.error());
        who = *other;
    }
    catalog::asset_ref const on{uri->collection, uri->item, uri->asset};
    auto answer = co_await ask(c, who, *action, on, purpose);
    if (!answer)
        co_return answer.error().code == make_error_code(errc::not_found) ? absent("such dataset") : net::problem(answer.error());
    bool const hidden = !is_admin(*req.caller) && !answer->granted && [&] {
        policies::question q{req.caller.get(), policies::action::discover, &answer->matter.on, {}, {}, c.time.now()};
        return !c.policy.decide(q).permitted;
    }();
    if (hidden || !answer->matter.exists) co_return absent("such dataset");
    co_return net::json_response(200, policies::explain(answer->decision, *action, answer->matter.uri));
}

}  // namespace

void add_policy_routes(net::router& r, core& c) {
    r.add("GET", "/api/v1/policies", [&c](net::request& req) { return list(c, req); });
    r.add("POST", "/api/v1/policies/decide", [&c](net::request& req) { return decide(c, req); });
    r.add("GET", "/api/v1/policies/{id}", [&c](net::request& req) { return show(c, req); });
    r.add("PUT", "/api/v1/policies/{id}", [&c](net::request& req) { return store(c, req); });
    r.add("DELETE", "/api/v1/policies/{id}", [&c](net::request& req) { return remove(c, req); });
}

}  // namespace fjord::broker
