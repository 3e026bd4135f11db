#include "transfer/evaluator.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace fjord::transfer {

namespace {

std::string attribute(catalog::site_record const& site, std::string const& key) {
    auto found = site.attributes.find(key);
    return found == site.attributes.end() ? std::string() : found->second;
}

std::vector<std::string> split_list(std::string const& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        auto comma = std::min(text.find(',', at), text.size());
        auto first = text.find_first_not_of(' ', at), last = text.find_last_not_of(' ', comma - 1);
        if (first < comma) out.push_back(text.substr(first, last - first + 1));
        at = comma + 1;
    }
    return out;
}

// Site attribute free_bytes, kept by an administrator or a probe.
std::optional<std::uint64_t> free_bytes_of(catalog::site_record const& site) {
    auto text = attribute(site, "free_bytes");
    std::uint64_t value = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool same_place(catalog::lock_record const& a, catalog::lock_record const& b) {
    return a.site == b.site && a.version == b.version;
}

catalog::replica_record const* replica_at(asset_outcome const& out, site_id const& site) {
    auto found = std::find_if(out.replicas.begin(), out.replicas.end(), [&](auto const& r) { return r.site == site; });
    return found == out.replicas.end() ? nullptr : &*found;
}

result<json::object> parse_document(std::string const& text) {
    auto value = parse_json(text);
    if (!value) return value.error();
    if (!value->is_object()) return fail(errc::corrupt, "not a JSON object");
    return std::move(value->as_object());
}

}  // namespace

copy_key key_of(catalog::asset_ref const& asset, digest const& version, site_id const& site) {
    return {asset, version.text(), site};
}

policies::place place_of(catalog::site_record const& site) {
    policies::place out;
    out.site = site.id.str();
    out.jurisdiction = site.jurisdiction;
    out.certs = split_list(attribute(site, "certs"));
    out.operator_org = attribute(site, "operator_org");
    out.storage_class = attribute(site, "storage_class");
    if (auto encrypted = attribute(site, "encrypted_at_rest"); !encrypted.empty()) out.encrypted_at_rest = encrypted == "true";
    return out;
}

evaluator::evaluator(catalog::catalog& catalog, policies::engine& policies, site_list sites)
    : catalog_(catalog), policies_(policies), sites_(std::move(sites)) {
    for (auto const& site : *sites_) planner_sites_.push_back({site, free_bytes_of(site)});
}

result<policies::resource const*> evaluator::resource_of(catalog::asset_ref const& ref) {
    auto key = ref.collection.str() + "/" + ref.item.str();
    if (key == resource_key_) return &resource_;
    auto collection = catalog_.find_collection(ref.collection);
    if (!collection) return collection.error();
    auto item = catalog_.find_item(ref.collection, ref.item);
    if (!item) return item.error();
    auto collection_document = parse_document(collection->document), item_document = parse_document(item->document);
    if (!collection_document) return collection_document.error();
    if (!item_document) return item_document.error();
    resource_ = policies::resource_of(ref.collection.str(), *collection_document, ref.item.str(), *item_document);
    resource_key_ = std::move(key);
    return &resource_;
}

place_verdict evaluator::may_place(catalog::asset_ref const& ref, catalog::site_record const& site) {
    auto on = resource_of(ref);
    if (!on) return {false, "its documents cannot be read: " + on.error().message()};
    auto verdict = policies_.may_place(**on, place_of(site));
    if (verdict.allowed) return {};
    std::string reasons;
    for (auto const& r : verdict.reasons) reasons += (reasons.empty() ? "" : "; ") + r;
    return {false, reasons.empty() ? "a placement rule" : reasons};
}

result<bool> evaluator::selects(compiled_rule const& rule, catalog::asset_ref const& ref) {
    if (!rule.selection.covers(ref)) return false;
    if (!rule.filter) return true;
    auto item = catalog_.find_item(ref.collection, ref.item);
    if (!item && item.error().code == errc::not_found) return false;
    if (!item) return item.error();
    return rule.filter(*item);
}

result<asset_plan> evaluator::plan(compiled_rule const& rule, catalog::asset_state const& asset, std::vector<site_id> held) {
    auto replicas = catalog_.list_replicas(asset.ref, asset.current.id);
    if (!replicas) return replicas.error();
    planner_asset input{asset.ref, asset.current, std::move(*replicas), std::move(held)};
    placement_check placement = [this, &asset](catalog::site_record const& site) { return may_place(asset.ref, site); };
    return planner(rule.record, rule.sites, planner_sites_).plan(input, placement);
}

result<asset_outcome> evaluator::evaluate(catalog::asset_ref const& ref, std::vector<rule_ptr> const& rules) {
    asset_outcome out;
    out.ref = ref;
    auto locks = catalog_.list_locks(ref);
    if (!locks) return locks.error();
    auto state = catalog_.find_asset(ref);
    if (!state && state.error().code != errc::not_found) return state.error();
    // An asset whose item is gone is gone, whatever records outlived it.
    auto item = catalog_.find_item(ref.collection, ref.item);
    if (!item && item.error().code != errc::not_found) return item.error();
    out.exists = state.has_value() && item.has_value();
    if (out.exists) {
        out.version = state->current;
        auto replicas = catalog_.list_replicas(ref, out.version.id);
        if (!replicas) return replicas.error();
        out.replicas = std::move(*replicas);
    }

    std::map<rule_id, std::vector<catalog::lock_record>> held;
    for (auto& lock : *locks) held[lock.rule].push_back(std::move(lock));
    for (auto const& rule : rules) {
        auto selected = out.exists ? selects(*rule, ref) : result<bool>(false);
        if (!selected) return selected.error();
        if (!*selected) continue;
        if (auto ok = judge(out, rule, held[rule->record.id]); !ok) return ok.error();
        held.erase(rule->record.id);
    }
    for (auto& [rule, rest] : held) out.orphans.insert(out.orphans.end(), rest.begin(), rest.end());
    if (auto ok = find_surplus(out); !ok) return ok.error();
    return out;
}

result<void> evaluator::judge(asset_outcome& out, rule_ptr const& rule, std::vector<catalog::lock_record> const& held) {
    std::vector<site_id> sites;
    for (auto const& lock : held) sites.push_back(lock.site);
    planner_asset input{out.ref, out.version, out.replicas, std::move(sites)};
    placement_check placement = [this, &out](catalog::site_record const& site) { return may_place(out.ref, site); };
    rule_outcome mine{rule, planner(rule->record, rule->sites, planner_sites_).plan(input, placement), {}, {}, {}};

    std::vector<catalog::lock_record> wanted;
    for (auto const& site : mine.plan.sites) wanted.push_back({rule->record.id, out.ref, out.version.id, site});
    auto among = [](auto const& list, catalog::lock_record const& lock) {
        return std::any_of(list.begin(), list.end(), [&](auto const& other) { return same_place(other, lock); });
    };
    for (auto const& lock : held)
        if (!among(wanted, lock)) mine.drop.push_back(lock);
    for (auto const& lock : wanted) {
        if (!among(held, lock)) mine.add.push_back(lock);
        out.locked.push_back(key_of(lock.asset, lock.version, lock.site));
        auto const* replica = replica_at(out, lock.site);
        if (replica && replica->state == catalog::replica_state::available) continue;
        using enum catalog::replica_state;
        bool damaged = replica && (replica->state == suspect || replica->state == bad);
        mine.needs.push_back({lock.site, replica && replica->state == deleting, damaged});
    }
    out.rules.push_back(std::move(mine));
    return {};
}

// Copies at sites with attribute greedy=true go when nobody wants them and everything that is wanted is there.
result<void> evaluator::find_surplus(asset_outcome& out) {
    for (auto const& rule : out.rules)
        if (!rule.needs.empty() || rule.plan.missing > 0) return {};
    auto all = catalog_.list_replicas(out.ref);
    if (!all) return all.error();
    for (auto const& replica : *all) {
        if (replica.state != catalog::replica_state::available) continue;
        auto site = std::find_if(sites_->begin(), sites_->end(), [&](auto const& s) { return s.id == replica.site; });
        if (site == sites_->end() || attribute(*site, "greedy") != "true") continue;
        auto key = key_of(replica.asset, replica.version, replica.site);
        if (std::find(out.locked.begin(), out.locked.end(), key) == out.locked.end()) out.surplus.push_back(replica);
    }
    return {};
}

}  // namespace fjord::transfer
