#include "base/dataset_uri.hpp"
#include "base/log.hpp"
#include "transfer/engine_core.hpp"

#include <charconv>

namespace fjord::transfer {

namespace {

logger const log("transfer");
constexpr std::size_t entries_per_read = 1000;
constexpr std::size_t locks_per_commit = 2000;

void read_limit(std::map<site_id, std::size_t>& into, catalog::site_record const& site, std::string const& key) {
    auto found = site.attributes.find(key);
    if (found == site.attributes.end()) return;
    std::size_t value = 0;
    auto const& text = found->second;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec == std::errc{} && end == text.data() + text.size()) into[site.id] = value;
}

bool starts(std::string_view text, std::string_view with) { return text.starts_with(with); }

}  // namespace

asio::awaitable<result<bool>> engine_core::follow_log() {
    if (all_dirty.exchange(false)) mark_all();
    if (cursor == deps.catalog.last_sequence()) co_return false;
    auto read = [this, since = cursor] { return deps.catalog.read_log(since, entries_per_read); };
    auto entries = co_await on_pool_of(*this, std::move(read));
    if (!entries && entries.error().code == errc::not_found) {
        // The log was pruned past us: what happened is unknown, so everything is looked at.
        cursor = deps.catalog.last_sequence();
        co_return (co_await recover()).has_value();
    }
    if (!entries) co_return entries.error();
    for (auto& entry : *entries) {
        auto seq = entry.seq;
        if (auto ok = co_await note_entry(std::move(entry)); !ok) co_return ok.error();
        cursor = seq;
    }
    co_return !entries->empty();
}

asio::awaitable<result<void>> engine_core::note_entry(catalog::log_entry entry) {
    auto const& type = entry.type;
    if (type == "rule.created" || type == "rule.updated") co_return co_await load_rule(rule_id(entry.subject));
    if (type == "rule.deleted") co_return co_await drop_rule(rule_id(entry.subject));
    if (type == "site.changed") {
        site_id changed(entry.subject);
        release_holds([&](copy_key const& key, hold const& h) { return h.until && (key.site == changed || h.from == changed); });
        folders.forget(changed);
        mark_all();
        co_return co_await load_sites();
    }
    if (type == "policy.changed") {
        mark_all();
        co_return result<void>();
    }
    // A copy that begins is our own doing and satisfies nobody yet.
    bool about_data = starts(type, "collection.") || starts(type, "item.") || type == "asset.version" ||
                      (starts(type, "replica.") && type != "replica.copying");
    if (!about_data) co_return result<void>();
    auto where = parse_scope(entry.subject);
    if (!where) {
        log.warn("a log entry has an unreadable subject", {{"type", type}, {"subject", entry.subject}});
        co_return result<void>();
    }
    if (type == "replica.available" || type == "asset.version")
        release_holds([&](copy_key const& key, hold const& h) { return h.until && where->covers(key.asset); });
    mark(*where);
    co_return result<void>();
}

asio::awaitable<result<void>> engine_core::load_rule(rule_id id) {
    auto read = [this, id] { return deps.catalog.find_rule(id); };
    auto record = co_await on_pool_of(*this, std::move(read));
    if (!record && record.error().code == errc::not_found) co_return result<void>();  // deleted meanwhile; its entry follows
    if (!record) co_return record.error();
    add_rule(std::move(*record));
    co_return result<void>();
}

// Locks of a deleted rule go in pieces, and what it covered is looked at: transfers may have become unwanted.
asio::awaitable<result<void>> engine_core::drop_rule(rule_id id) {
    if (auto known = rules.find(id); known != rules.end()) {
        auto const& selection = known->second->selection;
        for (auto const& [key, transfer] : targets)
            if (selection.covers(key.asset)) dirty.insert(scope_of(key.asset));
    }
    remove_rule(id);
    auto read = [this, id] { return deps.catalog.list_locks(id); };
    auto locks = co_await on_pool_of(*this, std::move(read));
    if (!locks) co_return locks.error();
    for (std::size_t at = 0; at < locks->size(); at += locks_per_commit) {
        catalog::change_set changes;
        for (std::size_t i = at; i < std::min(at + locks_per_commit, locks->size()); ++i) {
            dirty.insert(scope_of((*locks)[i].asset));
            changes.delete_lock(std::move((*locks)[i]));
        }
        if (auto ok = co_await commit(std::move(changes)); !ok) co_return ok.error();
    }
    co_return result<void>();
}

asio::awaitable<result<void>> engine_core::load_sites() {
    auto read = [this] { return deps.catalog.list_sites(); };
    auto list = co_await on_pool_of(*this, std::move(read));
    if (!list) co_return list.error();
    auto limits = options.limits;
    for (auto const& site : *list) {
        read_limit(limits.site_source, site, "max_reads");
        read_limit(limits.site_destination, site, "max_writes");
    }
    queue.set_limits(std::move(limits));
    sites = std::make_shared<std::vector<catalog::site_record> const>(std::move(*list));
    co_return result<void>();
}

void engine_core::add_rule(catalog::rule_record record) {
    remove_rule(record.id);
    auto id = record.id;
    auto lifetime = record.lifetime;
    auto created = record.created;
    auto compiled = compile_rule(std::move(record), deps.make_filter);
    if (!compiled) {
        // Stored by another version, or with a filter language that is not there any more: it stays, and says why it does
        // nothing.
        gaps.set(id, {}, {true, "the rule cannot be used: " + compiled.error().message()});
        gaps.mark_judged(id);
        touched.insert(id);
        return;
    }
    auto const& selection = (*compiled)->selection;
    release_holds([&](copy_key const& key, hold const&) { return selection.covers(key.asset); });
    rules_by_collection[selection.collection].insert(id);
    if (lifetime) expiries.emplace(created + *lifetime, id);
    dirty.insert(selection);
    rules.insert_or_assign(std::move(id), std::move(*compiled));
}

void engine_core::remove_rule(rule_id const& id) {
    gaps.forget(id);
    told.erase(id);
    touched.erase(id);
    auto found = rules.find(id);
    if (found == rules.end()) return;
    auto const& rule = *found->second;
    auto of_collection = rules_by_collection.find(rule.selection.collection);
    of_collection->second.erase(id);
    if (of_collection->second.empty()) rules_by_collection.erase(of_collection);
    if (rule.record.lifetime) expiries.erase({rule.record.created + *rule.record.lifetime, id});
    rules.erase(found);
}

void engine_core::mark(scope const& where) {
    auto found = rules_by_collection.find(where.collection);
    if (found == rules_by_collection.end()) return;
    for (auto const& id : found->second) {
        if (!rules.at(id)->selection.overlaps(where)) continue;
        dirty.insert(where);
        return;
    }
}

void engine_core::mark_all() {
    for (auto const& [id, rule] : rules) dirty.insert(rule->selection);
}

void engine_core::release_holds(std::function<bool(copy_key const&, hold const&)> const& which) {
    std::erase_if(holds, [&](auto const& entry) { return which(entry.first, entry.second); });
}

std::vector<rule_ptr> engine_core::rules_of(collection_id const& collection) const {
    std::vector<rule_ptr> out;
    auto found = rules_by_collection.find(collection);
    if (found == rules_by_collection.end()) return out;
    for (auto const& id : found->second) out.push_back(rules.at(id));
    return out;
}

}  // namespace fjord::transfer
