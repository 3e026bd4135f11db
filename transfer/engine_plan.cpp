#include "base/log.hpp"
#include "base/random.hpp"
#include "transfer/engine_core.hpp"
#include "transfer/layout.hpp"

#include <algorithm>

namespace fjord::transfer {

namespace {

logger const log("transfer");
constexpr std::size_t scopes_per_batch = 128;
constexpr std::size_t items_per_batch = 64;

bool is_open_ended(scope const& where) { return where.item.empty(); }

}  // namespace

// One round's work: some items and assets, or the next items of a collection.
struct engine_core::batch {
    std::vector<scope> scopes;
    std::optional<walk> walk_step;  // taken from `walking`; advanced by evaluate()
    bool walk_finished = false;
    site_list sites;
    std::map<collection_id, std::vector<rule_ptr>> rules;
};

engine_core::batch engine_core::next_batch() {
    walk_next = !walk_next;
    auto work = walk_next ? walk_batch() : small_batch();
    if (work.scopes.empty() && !work.walk_step) work = walk_next ? small_batch() : walk_batch();
    work.sites = sites;
    return work;
}

engine_core::batch engine_core::small_batch() {
    batch work;
    for (auto next = dirty.begin(); next != dirty.end() && work.scopes.size() < scopes_per_batch;) {
        if (is_open_ended(*next)) {
            ++next;
            continue;
        }
        // Parents sort before their children, so what is included has just been taken.
        if (work.scopes.empty() || !work.scopes.back().includes(*next)) {
            if (!work.rules.contains(next->collection)) work.rules[next->collection] = rules_of(next->collection);
            work.scopes.push_back(*next);
        }
        next = dirty.erase(next);
    }
    return work;
}

engine_core::batch engine_core::walk_batch() {
    batch work;
    if (!walking) begin_walk();
    if (!walking) return work;
    work.walk_step = walking;
    work.rules[walking->collection] = rules_of(walking->collection);
    return work;
}

void engine_core::begin_walk() {
    auto first = std::find_if(dirty.begin(), dirty.end(), is_open_ended);
    if (first == dirty.end()) return;
    walking = walk{first->collection, {}, {}};
    for (auto const& rule : rules_of(walking->collection)) walking->rules.push_back(rule->record.id);
    // The walk visits all of the collection; what its locks point at beyond that is looked at in its last step.
    while (first != dirty.end() && first->collection == walking->collection) first = dirty.erase(first);
}

result<std::vector<asset_outcome>> engine_core::evaluate(batch& work) const {
    std::vector<catalog::asset_ref> refs;
    auto ids_of = [&](collection_id const& c) {
        std::vector<rule_id> ids;
        for (auto const& rule : work.rules[c]) ids.push_back(rule->record.id);
        return ids;
    };
    auto add_vanished = [&](scope const& where) -> result<void> {
        auto gone = vanished_assets(deps.catalog, where, ids_of(where.collection));
        if (!gone) return gone.error();
        refs.insert(refs.end(), gone->begin(), gone->end());
        return {};
    };
    if (work.walk_step) {
        auto page = next_assets(deps.catalog, work.walk_step->collection, work.walk_step->after, items_per_batch);
        if (!page) return page.error();
        refs = std::move(page->assets);
        work.walk_step->after = page->after;
        work.walk_finished = page->finished;
        if (page->finished)
            if (auto ok = add_vanished({work.walk_step->collection, {}, {}}); !ok) return ok.error();
    }
    for (auto const& where : work.scopes) {
        if (!where.asset.empty()) {
            refs.push_back({where.collection, where.item, where.asset});
            continue;
        }
        auto assets = deps.catalog.list_assets(where.collection, where.item);
        if (!assets && assets.error().code != errc::not_found) return assets.error();
        if (assets)
            for (auto& a : *assets) refs.push_back(std::move(a.ref));
        if (!deps.catalog.find_item(where.collection, where.item))
            if (auto ok = add_vanished(where); !ok) return ok.error();
    }

    evaluator judge(deps.catalog, deps.policies, work.sites);
    std::vector<asset_outcome> out;
    for (auto const& ref : refs) {
        std::vector<rule_ptr> covering;
        for (auto const& rule : work.rules[ref.collection])
            if (rule->selection.covers(ref)) covering.push_back(rule);
        auto outcome = judge.evaluate(ref, covering);
        if (!outcome) return outcome.error();
        out.push_back(std::move(*outcome));
    }
    return out;
}

asio::awaitable<result<void>> engine_core::look() {
    auto shared = std::make_shared<batch>(next_batch());
    auto work = [this, shared] { return evaluate(*shared); };
    auto outcomes = co_await on_pool_of(*this, std::move(work));
    result<void> done;
    if (!outcomes)
        done = outcomes.error();
    else
        done = co_await apply(std::move(*outcomes));
    if (!done) {
        // Nothing is lost: it stays dirty. A walk has not been advanced.
        dirty.insert(shared->scopes.begin(), shared->scopes.end());
        co_return done.error();
    }
    finish_batch(*shared);
    co_return done;
}

void engine_core::finish_batch(batch const& work) {
    auto judged = [this](rule_id const& id) {
        if (!rules.contains(id)) return;
        gaps.mark_judged(id);
        touched.insert(id);
    };
    for (auto const& where : work.scopes)
        for (auto const& rule : work.rules.at(where.collection))
            if (where.includes(rule->selection)) judged(rule->record.id);
    if (!work.walk_step) return;
    if (work.walk_finished) {
        for (auto const& id : work.walk_step->rules) judged(id);
        walking.reset();
    } else {
        walking = work.walk_step;
    }
}

asio::awaitable<result<void>> engine_core::apply(std::vector<asset_outcome> outcomes) {
    catalog::change_set changes;
    std::vector<new_copy> fresh;
    for (auto const& outcome : outcomes) {
        for (auto const& rule : outcome.rules) {
            for (auto const& lock : rule.add) changes.put_lock(lock);
            for (auto const& lock : rule.drop) changes.delete_lock(lock);
            apply_rule(outcome, rule, fresh);
        }
        for (auto const& lock : outcome.orphans) changes.delete_lock(lock);
        for (auto const& rule : rules_of(outcome.ref.collection)) {
            auto judged = [&](rule_outcome const& r) { return r.rule->record.id == rule->record.id; };
            if (!rule->selection.covers(outcome.ref) || std::any_of(outcome.rules.begin(), outcome.rules.end(), judged)) continue;
            gaps.clear(rule->record.id, outcome.ref);  // it does not select the asset any more
            touched.insert(rule->record.id);
        }
        drop_unwanted(outcome);
        for (auto const& replica : outcome.surplus) {
            auto key = key_of(replica.asset, replica.version, replica.site);
            if (deletions.emplace(key, deletion{{}, 0, true}).second) spawn(drop_surplus(replica));
        }
    }
    auto write = [this, changes = std::move(changes), fresh = std::move(fresh)]() mutable -> result<std::vector<new_copy>> {
        std::lock_guard guard(deletion_gate);
        std::vector<new_copy> taken;
        for (auto& n : fresh) {
            // Somebody may have uploaded it since we looked.
            auto there = deps.catalog.find_replica(n.replica.asset, n.replica.version, n.replica.site);
            if (there && (there->state == catalog::replica_state::available || there->state == catalog::replica_state::deleting))
                continue;
            changes.put_replica(n.replica);
            changes.put_transfer(n.copy->record);
            taken.push_back(std::move(n));
        }
        if (changes.empty()) return taken;
        auto committed = deps.catalog.commit(std::move(changes));
        if (!committed) return committed.error();
        return taken;
    };
    auto taken = co_await on_pool_of(*this, std::move(write));
    if (!taken) co_return taken.error();
    for (auto& n : *taken) adopt(std::move(n));
    co_return result<void>();
}

void engine_core::apply_rule(asset_outcome const& outcome, rule_outcome const& rule, std::vector<new_copy>& out) {
    auto const& id = rule.rule->record.id;
    touched.insert(id);
    for (auto const& need : rule.needs) {
        auto planned = [&](new_copy const& n) { return n.replica.asset == outcome.ref && n.replica.site == need.site; };
        auto twin = std::find_if(out.begin(), out.end(), planned);
        if (twin != out.end()) {  // another rule of this batch wants the same copy
            auto& priority = twin->copy->record.priority;
            priority = std::max(priority, rule.rule->record.priority);
        } else if (auto fresh = plan_copy(outcome, rule, need)) {
            out.push_back(std::move(*fresh));
        }
    }
    if (rule.needs.empty() && rule.plan.missing == 0)
        gaps.clear(id, outcome.ref);
    else
        gaps.set(id, outcome.ref, gap_of(outcome, rule));
}

gap engine_core::gap_of(asset_outcome const& outcome, rule_outcome const& rule) const {
    if (rule.plan.missing > 0) return {true, rule.plan.witness};
    gap first;
    for (auto const& need : rule.needs) {
        auto key = key_of(outcome.ref, outcome.version.id, need.site);
        if (auto held = holds.find(key); held != holds.end()) {
            if (!held->second.until) return {true, held->second.reason};
            first = {false, held->second.reason};
        } else if (need.deleting) {
            first = {false, "an older copy at " + need.site.str() + " is being removed first"};
        } else if (!targets.contains(key) && usable_sources(outcome.replicas, *sites, need.site).empty()) {
            bool coming = std::any_of(outcome.replicas.begin(), outcome.replicas.end(),
                                      [](auto const& r) { return r.state == catalog::replica_state::copying; });
            return {!coming, outcome.ref.str() + " has no good copy at an enabled site to read from"};
        }
    }
    if (first.reason.empty()) first.reason = "copies of " + outcome.ref.str() + " are on their way";
    return first;
}

std::optional<new_copy> engine_core::plan_copy(asset_outcome const& outcome, rule_outcome const& rule, needed_copy const& need) {
    auto key = key_of(outcome.ref, outcome.version.id, need.site);
    auto const& wish = rule.rule->record;
    if (auto live = targets.find(key); live != targets.end()) {
        auto found = open.find(live->second);
        if (found == open.end() || found->second->record.priority >= wish.priority) return std::nullopt;
        found->second->record.priority = wish.priority;
        if (!found->second->running) enqueue(found->second);
        return std::nullopt;
    }
    if (need.deleting || holds.contains(key)) return std::nullopt;
    auto site = std::find_if(sites->begin(), sites->end(), [&](auto const& s) { return s.id == need.site; });
    auto sources = usable_sources(outcome.replicas, *sites, need.site);
    for (auto& s : sources)
        if (auto load = planned_reads.find(s.site.id); load != planned_reads.end()) s.load = load->second;
    auto chosen = site == sites->end() ? std::nullopt : choose_source(sources, *site, {});
    if (!chosen) return std::nullopt;

    auto copy = std::make_shared<open_copy>();
    copy->key = key;
    auto& record = copy->record;
    record.id = transfer_id(new_ulid());
    record.asset = outcome.ref;
    record.version = outcome.version.id;
    record.from = sources[*chosen].site.id;
    record.to = need.site;
    record.mode = "pull";
    record.total = outcome.version.size;
    record.priority = wish.priority;
    record.activity = wish.activity;
    record.final_path = replica_path(*site, outcome.ref, outcome.version);
    record.created = record.updated = time.now();
    auto old = std::find_if(outcome.replicas.begin(), outcome.replicas.end(), [&](auto const& r) { return r.site == need.site; });
    copy->look_first = old != outcome.replicas.end();
    if (need.damaged) copy->damaged = *old;
    catalog::replica_record replica{outcome.ref,          outcome.version.id, need.site, catalog::replica_state::copying,
                                    outcome.version.size, record.final_path};
    return new_copy{std::move(copy), std::move(replica)};
}

void engine_core::drop_unwanted(asset_outcome const& outcome) {
    std::vector<copy_ptr> unwanted;
    for (auto live = targets.lower_bound({outcome.ref, {}, {}}); live != targets.end() && live->first.asset == outcome.ref;
         ++live) {
        if (std::find(outcome.locked.begin(), outcome.locked.end(), live->first) != outcome.locked.end()) continue;
        if (auto found = open.find(live->second); found != open.end()) unwanted.push_back(found->second);
    }
    for (auto const& copy : unwanted) request_cancel(copy, "no rule wants this copy any more", false);
}

void engine_core::adopt(new_copy fresh) {
    auto const& copy = fresh.copy;
    open[copy->record.id] = copy;
    targets[copy->key] = copy->record.id;
    ++planned_reads[copy->record.from];
    enqueue(copy);
}

void engine_core::enqueue(copy_ptr const& copy) {
    auto const& record = copy->record;
    queue.push({record.id, record.from, record.to, record.priority, record.not_before});
    show(*copy);
}

void engine_core::launch() {
    while (!stopping) {
        auto picked = queue.pick(time.now());
        if (!picked) return;
        auto found = open.find(picked->id);
        if (found == open.end()) {
            queue.finished(picked->from, picked->to);
            continue;
        }
        auto copy = found->second;
        copy->running = true;
        copy->counted_from = picked->from;
        spawn(run_copy(copy, picked->from));
    }
}

// Something of what the rule selects waits to be looked at, so its state is not known yet.
bool engine_core::is_unsettled(rule_id const& id) const {
    auto found = rules.find(id);
    if (found == rules.end()) return false;
    auto const& selection = found->second->selection;
    if (walking && walking->collection == selection.collection) return true;
    if (dirty.contains({selection.collection, {}, {}}) || dirty.contains({selection.collection, selection.item, {}})) return true;
    auto inside = dirty.lower_bound(selection);
    return inside != dirty.end() && selection.includes(*inside);
}

asio::awaitable<result<void>> engine_core::announce() {
    catalog::change_set changes;
    std::map<rule_id, rule_state> news;
    std::set<rule_id> later;
    for (auto const& id : touched) {
        auto state = gaps.state(id);
        auto before = told.find(id);
        if (is_unsettled(id))
            later.insert(id);
        else if (state && (before == told.end() || before->second != *state))
            news[id] = *state;
    }
    for (auto const& [id, state] : news) {
        if (quiet.erase(id) > 0 || state == rule_state::converging) continue;
        boost::json::object data{{"rule", id.str()}, {"state", name_of(state)}};
        if (auto rule = rules.find(id); rule != rules.end()) data["uri"] = rule->second->record.uri;
        if (state == rule_state::impossible) data["reason"] = gaps.impossible(id).second;
        changes.append_event("rule." + std::string(name_of(state)), id.str(), std::move(data));
    }
    if (!changes.empty()) {
        auto written = co_await commit(std::move(changes));
        if (!written) co_return written.error();
    }
    for (auto const& [id, state] : news) {
        told[id] = state;
        log.debug("rule state", {{"rule", id.str()}, {"state", name_of(state)}});
    }
    touched = std::move(later);
    co_return result<void>();
}

}  // namespace fjord::transfer
