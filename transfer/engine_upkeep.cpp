#include "base/log.hpp"
#include "transfer/engine_core.hpp"
#include "transfer/layout.hpp"
#include "transfer/step_grants.hpp"

#include <algorithm>

namespace fjord::transfer {

namespace {

logger const log("transfer");
constexpr std::size_t log_tail = 10'000;  // entries looked at for the last announced state of a rule
constexpr std::size_t page_size = 500;
constexpr std::chrono::seconds step_time{30};
constexpr std::chrono::hours foreign_age{24};  // a staged file of a transfer we do not know is left alone for so long
constexpr milliseconds deletion_base{1'000}, deletion_cap{600'000};

// What the store holds when the engine starts.
struct stored_state {
    catalog::sequence at = 0;
    std::vector<catalog::rule_record> rules;
    std::vector<catalog::transfer_record> open;
    std::map<std::string, std::string> last_rule_event;  // rule id -> type, from the tail of the log
};

result<stored_state> read_state(catalog::catalog& catalog) {
    stored_state out;
    out.at = catalog.last_sequence();  // first: what comes later is in the log
    auto rules = catalog.list_rules();
    if (!rules) return rules.error();
    out.rules = std::move(*rules);
    auto open = catalog.list_open_transfers();
    if (!open) return open.error();
    out.open = std::move(*open);
    for (auto since = out.at > log_tail ? out.at - log_tail : 0; since < out.at;) {
        auto entries = catalog.read_log(since, page_size);
        if (!entries || entries->empty()) break;  // pruned: then nothing of the tail is news
        for (auto const& e : *entries)
            if (e.type.starts_with("rule.")) out.last_rule_event[e.subject] = e.type;
        since = entries->back().seq;
    }
    return out;
}

bool was_cut_off(catalog::transfer_record const& t) { return t.state != catalog::transfer_state::queued; }

}  // namespace

asio::awaitable<result<void>> engine_core::recover() {
    auto read = [this] { return read_state(deps.catalog); };
    auto stored = co_await on_pool_of(*this, std::move(read));
    if (!stored) co_return stored.error();
    if (auto ok = co_await load_sites(); !ok) co_return ok.error();
    cursor = stored->at;
    // Also called when the log was pruned past the cursor: rules may have gone meanwhile.
    std::set<rule_id> gone;
    for (auto const& [id, rule] : rules) gone.insert(id);
    for (auto const& record : stored->rules) gone.erase(record.id);
    for (auto const& id : gone) remove_rule(id);
    for (auto& record : stored->rules) {
        auto id = record.id;
        add_rule(std::move(record));
        auto last = stored->last_rule_event.find(id.str());
        if (last == stored->last_rule_event.end())
            quiet.insert(id);
        else if (last->second == "rule.fulfilled")
            told[id] = rule_state::fulfilled;
        else if (last->second == "rule.impossible")
            told[id] = rule_state::impossible;
    }
    catalog::change_set changes;
    for (auto& record : stored->open) {
        if (open.contains(record.id)) continue;
        auto copy = std::make_shared<open_copy>();
        copy->key = key_of(record.asset, record.version, record.to);
        bool twin = targets.contains(copy->key);
        if (twin || was_cut_off(record)) {
            copy->look_first = true;
            copy->abandoned_staging = record.staging_path;
            record.state = twin ? catalog::transfer_state::cancelled : catalog::transfer_state::queued;
            record.reason = twin ? "another transfer makes the same copy" : "the broker ended during this copy; it starts again";
            record.updated = time.now();
            changes.put_transfer(record);
        }
        copy->record = std::move(record);
        if (!twin) adopt({copy, {}});
    }
    if (changes.empty()) co_return result<void>();
    co_return co_await commit(std::move(changes));
}

asio::awaitable<void> engine_core::upkeep() {
    while (!stopping) {
        co_await resume_deletions();
        for (auto list = sites; auto const& site : *list) {
            if (stopping) co_return;
            if (site.enabled && takes_copies(site)) co_await sweep_site(site);
        }
        if (stopping) co_return;
        co_await forget_history();
        co_await pause(options.sweep_every);
    }
}

// Removes staged files of transfers that are over, or of attempts that are.
asio::awaitable<void> engine_core::sweep_site(catalog::site_record site) {
    // Both layouts' folders: a site may have changed its layout since.
    for (auto const& folder : staging_folders()) co_await sweep_folder(site, folder);
}

asio::awaitable<void> engine_core::sweep_folder(catalog::site_record site, std::string folder) {
    auto driver = deps.sites.driver(site);
    if (!driver || stopping) co_return;
    storage::call look{deps.sites.token(site, {{"storage.read", folder}}), due_after(time, step_time)};
    auto entries = co_await (*driver)->list(std::move(look), folder);
    if (!entries) co_return;  // none yet, or the site is away; the next sweep comes
    for (auto const& entry : *entries) {
        auto id = staged_by(entry.name);
        if (!id || entry.stat.directory || stopping) continue;
        auto find = [this, id = *id] { return deps.catalog.find_transfer(id); };
        auto known = co_await on_pool_of(*this, std::move(find));
        bool recent = !entry.stat.modified || time.now() - *entry.stat.modified < foreign_age;
        if (!known && (known.error().code != errc::not_found || recent)) continue;
        auto path = folder + "/" + entry.name;
        // Decided and sent without a pause in between: an attempt that starts now uses another name.
        auto live = open.find(*id);
        if (live != open.end() && live->second->running && live->second->record.staging_path == path) continue;
        storage::call call{deps.sites.token(site, remove_grants(site, path)), due_after(time, step_time)};
        auto removed = co_await (*driver)->remove(std::move(call), path);
        if (removed) log.info("removed a staged leftover", {{"site", site.id.str()}, {"path", path}});
    }
}

// Finished transfers older than the history are forgotten, oldest first (ids sort by time).
asio::awaitable<void> engine_core::forget_history() {
    auto before = time.now() - options.history;
    std::string after;
    for (bool more = true; more && !stopping;) {
        auto step = [this, before, after]() -> result<std::string> {
            auto page = deps.catalog.list_transfers(after, page_size);
            if (!page) return page.error();
            catalog::change_set changes;
            bool recent = false;
            for (auto const& t : *page) {
                recent = t.created >= before;
                if (recent) break;
                bool over = t.state == catalog::transfer_state::done || t.state == catalog::transfer_state::failed ||
                            t.state == catalog::transfer_state::cancelled;
                if (t.updated < before && over) changes.delete_transfer(t.id);
            }
            if (!changes.empty())
                if (auto ok = deps.catalog.commit(std::move(changes)); !ok) return ok.error();
            return recent || page->size() < page_size ? std::string() : page->back().id.str();
        };
        auto next = co_await on_pool_of(*this, std::move(step));
        more = next && !next->empty();
        if (more) after = *next;
    }
}

asio::awaitable<void> engine_core::resume_deletions() {
    auto read = [this, list = sites]() -> result<std::vector<copy_key>> {
        std::vector<copy_key> out;
        for (auto const& site : *list) {
            std::string after;
            for (bool more = true; more;) {
                auto page = deps.catalog.list_replicas_at(site.id, after, page_size);
                if (!page) return page.error();
                for (auto const& r : *page)
                    if (r.state == catalog::replica_state::deleting) out.push_back(key_of(r.asset, r.version, r.site));
                more = page->size() == page_size && page->back().asset.str() != after;
                if (more) after = page->back().asset.str();
            }
        }
        return out;
    };
    auto keys = co_await on_pool_of(*this, std::move(read));
    if (!keys) co_return;
    for (auto& key : *keys) deletions.try_emplace(std::move(key));
    ring();
}

asio::awaitable<void> engine_core::expire_rules() {
    while (!expiries.empty() && expiries.begin()->first <= time.now()) {
        auto id = expiries.begin()->second;
        log.info("the lifetime of a rule ended", {{"rule", id.str()}});
        catalog::change_set changes;
        changes.delete_rule(id);
        if (auto ok = co_await commit(std::move(changes)); !ok && ok.error().code != errc::not_found) co_return;
        expiries.erase({expiries.begin()->first, id});
    }
}

result<catalog::replica_record> engine_core::decide_deletion(catalog::asset_ref const& asset, digest const& version,
                                                             site_id const& site, std::string const& why) {
    std::lock_guard guard(deletion_gate);
    auto replica = deps.catalog.find_replica(asset, version, site);
    if (!replica) return replica.error();
    using enum catalog::replica_state;
    if (replica->state == deleting) return replica;
    if (replica->state == copying) return fail(errc::conflict, "this copy is being made; cancel its transfer first");
    auto locks = deps.catalog.list_locks(asset);
    if (!locks) return locks.error();
    for (auto const& lock : *locks)
        if (lock.site == site && lock.version == version && deps.catalog.find_rule(lock.rule))
            return fail(errc::conflict, "rule " + lock.rule.str() + " wants this copy; change or delete the rule first");
    auto all = deps.catalog.list_replicas(asset, version);
    if (!all) return all.error();
    auto list = deps.catalog.list_sites();
    if (!list) return list.error();
    bool another = std::any_of(all->begin(), all->end(), [&](auto const& r) {
        if (r.site == site || r.state != available) return false;
        return std::any_of(list->begin(), list->end(), [&](auto const& s) { return s.id == r.site && s.enabled; });
    });
    if (!another)
        return fail(errc::conflict, "this is the last good copy of " + asset.str() + " at an enabled site; it is not deleted");
    replica->state = deleting;
    replica->reason = why;
    catalog::change_set changes;
    changes.put_replica(*replica);
    if (auto ok = deps.catalog.commit(std::move(changes)); !ok) return ok.error();
    return replica;
}

asio::awaitable<result<void>> engine_core::remove_copy(catalog::replica_record replica) {
    auto find = [this, id = replica.site] { return deps.catalog.find_site(id); };
    auto site = co_await on_pool_of(*this, std::move(find));
    if (!site && site.error().code != errc::not_found) co_return site.error();
    if (site) {
        auto driver = deps.sites.driver(*site);
        if (!driver) co_return driver.error();
        storage::call call{deps.sites.token(*site, remove_grants(*site, replica.path)), due_after(time, step_time)};
        auto removed = co_await (*driver)->remove(std::move(call), replica.path);
        if (!removed && removed.error().code != errc::not_found) co_return removed.error();
    }
    auto write = [this, replica]() -> result<void> {
        catalog::change_set changes;
        changes.delete_replica(replica.asset, replica.version, replica.site);
        auto ok = deps.catalog.commit(std::move(changes));
        return ok ? result<void>() : result<void>(ok.error());
    };
    co_return co_await on_pool_of(*this, std::move(write));
}

void engine_core::launch_deletions() {
    for (auto& [key, state] : deletions) {
        if (state.running || state.due > time.now()) continue;
        state.running = true;
        spawn(run_deletion(key));
    }
}

asio::awaitable<void> engine_core::run_deletion(copy_key key) {
    auto version = digest::from_text(key.version);
    auto find = [this, key, version = *version] { return deps.catalog.find_replica(key.asset, version, key.site); };
    auto replica = co_await on_pool_of(*this, std::move(find));
    bool over = replica ? replica->state != catalog::replica_state::deleting : replica.error().code == errc::not_found;
    if (replica && !over && !stopping) over = (co_await remove_copy(*replica)).has_value();
    if (over) {
        deletions.erase(key);
    } else {
        auto& state = deletions[key];
        state.running = false;
        auto delay = deletion_base * (1 << std::min(state.attempts++, 12u));
        state.due = time.now() + std::min(delay, deletion_cap);
    }
    ring();
}

asio::awaitable<void> engine_core::drop_file(catalog::replica_record bad) {
    auto find = [this, id = bad.site] { return deps.catalog.find_site(id); };
    auto site = co_await on_pool_of(*this, std::move(find));
    if (!site) co_return;
    auto driver = deps.sites.driver(*site);
    if (!driver) co_return;
    storage::call call{deps.sites.token(*site, remove_grants(*site, bad.path)), due_after(time, step_time)};
    auto removed = co_await (*driver)->remove(std::move(call), bad.path);
    if (!removed && removed.error().code != errc::not_found)
        log.warn("a bad copy under its old name stays",
                 {{"site", bad.site.str()}, {"path", bad.path}, {"reason", removed.error().message()}});
}

asio::awaitable<void> engine_core::drop_surplus(catalog::replica_record replica) {
    auto key = key_of(replica.asset, replica.version, replica.site);
    auto decide = [this, replica] {
        return decide_deletion(replica.asset, replica.version, replica.site, "no rule wants it and the site is greedy");
    };
    auto decided = co_await on_pool_of(*this, std::move(decide));
    if (decided) {
        co_await run_deletion(key);
        co_return;
    }
    deletions.erase(key);
    log.debug("a surplus copy stays", {{"site", replica.site.str()}, {"reason", decided.error().message()}});
}

}  // namespace fjord::transfer
