#include "stac/bulk.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "net/http.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <map>

namespace fjord::stac {
namespace {

using policies::action;

// An upsert is planned on what is there; this often again when others change it meanwhile.
constexpr int most_rounds = 8;
constexpr std::size_t longest_id = 256;  // told of a document that is no item

error not_permitted() { return fail(errc::denied, "no policy permits this change to you"); }

bool is_race(error const& e) {
    return e.code == make_error_code(errc::already_exists) || e.code == make_error_code(errc::not_found) ||
           e.code == make_error_code(errc::conflict);
}

// As far as there is one: the text may be anything.
std::string id_in(std::string_view document) {
    auto const id = find_member(document, "id");
    return id && kind_of(*id) == json_kind::string ? decode_string(*id) : std::string();
}

}  // namespace

result<bulk_method> bulk_method_named(std::string_view name) {
    if (name.empty() || name == "insert") return bulk_method::insert;
    if (name == "upsert") return bulk_method::upsert;
    return fail(errc::invalid_argument, "method must be insert (an item that exists is refused) or upsert (it is replaced)");
}

bool bulk_put::may(action what, policies::resource const& on) {
    if (named_ && std::binary_search(named_->begin(), named_->end(), on.dataset)) return permits_(what, on);
    auto kind = on;
    kind.dataset.clear();
    auto const [at, fresh] = known_.try_emplace(std::string(policies::name_of(what)) + ' ' + kind.key());
    if (fresh) at->second = permits_(what, on);
    return at->second;
}

bulk_item bulk_put::check(std::uint64_t line, collection_ptr const& c, std::string_view document) {
    bulk_item out;
    out.line = line;
    out.collection = c;
    auto const facts = read_item(document);
    if (!facts) {
        out.id = id_in(document).substr(0, longest_id);
        out.refused = error(errc::invalid_argument, facts.error().detail);
        return out;
    }
    out.id = facts->id.str();
    if (facts->collection && *facts->collection != c->id) {
        out.refused = fail(errc::invalid_argument,
                           "item: 'collection' is '" + facts->collection->str() + "' but the items go to '" + c->id.str() + "'");
        return out;
    }
    auto const properties = find_member(document, "properties");
    auto const on = resource_of_item(*c, out.id, policy_attributes(properties.value_or("")));
    out.may_create = may(action::create, on);
    out.may_modify = method_ == bulk_method::upsert && may(action::modify, on);
    if (!out.may_create && !out.may_modify) {
        out.refused = not_permitted();
        return out;
    }
    out.record = {.collection = c->id, .id = facts->id, .document = std::string(document), .etag = sha256_of(document).hex()};
    return out;
}

// An item that is not decided yet.
struct bulk_put::pending {
    bulk_item const* item;
    bulk_outcome* outcome;
    catalog::item_put put;
    std::optional<error> refused;
};

result<std::vector<bulk_outcome>> bulk_put::store(std::vector<bulk_item> items) {
    std::vector<bulk_outcome> out(items.size());
    std::vector<pending> todo;
    for (std::size_t i = 0; i < items.size(); ++i) {
        out[i].line = items[i].line;
        out[i].id = items[i].id;
        if (!items[i].refused) {
            todo.push_back({&items[i], &out[i], {std::move(items[i].record), catalog::if_absent{}}, {}});
            continue;
        }
        out[i].status = net::status_of(*items[i].refused);
        out[i].detail = items[i].refused->message();
    }
    for (int round = 1; !todo.empty(); ++round) {
        if (auto ok = expect(todo); !ok) return ok.error();
        std::vector<catalog::item_put> puts;
        for (auto& p : todo)
            if (!p.refused) puts.push_back(std::move(p.put));
        auto done = catalog_.put_items(puts);
        if (!done) return done.error();
        std::vector<pending> again;
        for (std::size_t i = 0, n = 0; i < todo.size(); ++i) {
            auto& p = todo[i];
            result<catalog::item_change> const change = p.refused ? result<catalog::item_change>(*p.refused) : (*done)[n];
            bool const retry = !change && !p.refused && method_ == bulk_method::upsert && is_race(change.error());
            if (!p.refused) p.put = std::move(puts[n++]);
            if (retry && round < most_rounds) {
                again.push_back(std::move(p));
            } else if (change) {
                p.outcome->status = *change == catalog::item_change::created ? 201 : 200;
                p.outcome->changed = *change != catalog::item_change::unchanged;
            } else {
                p.outcome->status = net::status_of(change.error());
                p.outcome->detail = change.error().message();
            }
        }
        todo = std::move(again);
    }
    return out;
}

// What must hold of each for it to be written, and whether the caller may.
result<void> bulk_put::expect(std::vector<pending>& todo) {
    if (method_ == bulk_method::insert) {
        for (auto& p : todo) p.put.expects = catalog::if_absent{};
        return {};
    }
    std::map<collection_id, std::vector<pending*>> by_collection;
    for (auto& p : todo) by_collection[p.put.item.collection].push_back(&p);
    for (auto const& [c, list] : by_collection)
        if (auto ok = expect_replaced(list); !ok) return ok;
    return {};
}

result<void> bulk_put::expect_replaced(std::vector<pending*> const& of_one_collection) {
    std::vector<std::string> ids;
    for (auto const* p : of_one_collection) ids.push_back(p->put.item.id.str());
    auto const there = catalog_.find_items(of_one_collection.front()->put.item.collection, ids);
    if (!there) return there.error();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        auto& p = *of_one_collection[i];
        auto const& old = (*there)[i];
        bool allowed = p.item->may_create;
        if (old) {
            auto const properties = find_member(old->document, "properties");
            auto const was = resource_of_item(*p.item->collection, ids[i], policy_attributes(properties.value_or("")));
            // The change must be allowed on what is there and on what it becomes.
            allowed = p.item->may_modify && may(action::modify, was);
        }
        if (!allowed) p.refused = not_permitted();
        p.put.expects = old ? catalog::expectation(catalog::if_etag{old->etag}) : catalog::expectation(catalog::if_absent{});
    }
    return {};
}

void append_line(std::string& out, bulk_outcome const& o) {
    out += "{\"line\":" + std::to_string(o.line);
    if (!o.id.empty()) out += ",\"id\":" + json_quote(o.id);
    out += ",\"status\":" + std::to_string(o.status);
    if (!o.detail.empty()) out += ",\"detail\":" + json_quote(o.detail);
    out += "}\n";
}

}  // namespace fjord::stac
