#include "broker/access.hpp"

#include "auth/auth.hpp"
#include "base/json.hpp"
#include "catalog/catalog.hpp"

#include <algorithm>

namespace fjord::broker {

std::string_view realm() { return "fjord"; }

std::string owner_of(principal const& who) { return who.subject + "@" + who.issuer; }

bool is_admin(principal const& who) { return who.has_role("admin"); }

bool is_cache(core const& c, principal const& who) {
    auto member = [&who](std::string const& group) { return who.in_group(group); };
    return std::any_of(c.opts.cache_groups.begin(), c.opts.cache_groups.end(), member);
}

result<subject_matter> look_up(catalog::catalog& cat, collection_id const& c, item_id const& i) {
    auto collection = cat.find_collection(c);
    if (!collection) return collection.error();
    auto collection_doc = parse_json(collection->document);
    if (!collection_doc || !collection_doc->is_object())
        return fail(errc::corrupt, "the stored document of collection " + c.str() + " is not JSON");
    subject_matter m;
    m.uri = encode_segment(c.str());
    m.exists = true;
    if (i.empty()) {
        m.on = policies::resource_of(c.str(), collection_doc->get_object());
        return m;
    }
    m.uri += "/" + encode_segment(i.str());
    auto item = cat.find_item(c, i);
    if (!item) {
        if (item.error().code != make_error_code(errc::not_found)) return item.error();
        m.exists = false;
        m.on = policies::resource_of(c.str(), collection_doc->get_object());
        m.on.dataset = i.str();
        return m;
    }
    auto item_doc = parse_json(item->document);
    if (!item_doc || !item_doc->is_object()) return fail(errc::corrupt, "the stored document of item " + m.uri + " is not JSON");
    m.on = policies::resource_of(c.str(), collection_doc->get_object(), i.str(), item_doc->get_object());
    return m;
}

// A token of our own by exchange: policy was asked then, for this dataset, and the token lives for minutes. Tokens for one upload
// name a path at a site, which is none of ours.
static bool holds_capability(core const& c, principal const& who, policies::action what, catalog::asset_ref const& on) {
    if (who.issuer != c.opts.public_url || !who.upload_id.empty() || on.item.empty()) return false;
    std::string_view verb = "storage.read";
    if (what == policies::action::create) verb = "storage.create";
    if (what == policies::action::modify) verb = "storage.modify";
    if (verb == "storage.read" && what > policies::action::read) return false;
    std::vector<std::string> path{"data", on.collection.str(), on.item.str()};
    if (!on.asset.empty()) path.push_back(on.asset.str());
    return auth::allows(who, verb, path);
}

asio::awaitable<result<permission>> ask(core& c, std::shared_ptr<principal const> who, policies::action what,
                                        catalog::asset_ref on, std::optional<std::string> purpose) {
    auto read = [&c, on] { return look_up(c.cat, on.collection, on.item); };
    auto matter = co_await on_pool(c.pool, std::move(read));
    if (!matter) co_return matter.error();
    permission p;
    p.what = what;
    p.matter = std::move(*matter);
    if (!on.asset.empty()) p.matter.uri += "/" + encode_segment(on.asset.str());
    policies::question q{who.get(), what, &p.matter.on, std::move(purpose), {}, c.time.now()};
    p.decision = c.policy.decide(q);
    p.granted = p.decision.permitted || is_admin(*who) || holds_capability(c, *who, what, on);
    co_return p;
}

net::response absent(std::string_view what) {
    return net::problem(404, "there is no " + std::string(what) + " here, or you may not know of it");
}

net::response refusal(core& c, net::request const& req, permission const& p, std::string_view scope) {
    if (req.caller->is_anonymous()) return auth::unauthorized(req, realm(), scope);
    policies::question q{req.caller.get(), policies::action::discover, &p.matter.on, {}, {}, c.time.now()};
    if (!c.policy.decide(q).permitted) return absent("such dataset");
    json::object extra;
    extra["decision_id"] = p.decision.decision_id;
    extra["decision"] = policies::explain(p.decision, p.what, p.matter.uri);
    std::string detail = "policy does not permit you to " + std::string(policies::name_of(p.what)) + " " + p.matter.uri;
    if (!p.decision.nearest.empty()) detail += "; it would if: " + p.decision.nearest.front();
    return auth::insufficient_scope(req, realm(), scope, detail, std::move(extra));
}

std::optional<net::response> require_login(net::request const& req) {
    if (req.caller->is_anonymous()) return auth::unauthorized(req, realm(), "");
    return std::nullopt;
}

std::optional<net::response> require_admin(net::request const& req) {
    if (auto login = require_login(req)) return login;
    if (is_admin(*req.caller)) return std::nullopt;
    return auth::insufficient_scope(req, realm(), "", "this needs the role admin, which your token does not carry");
}

}  // namespace fjord::broker
