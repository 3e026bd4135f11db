#include "transfer/rule_reports.hpp"

#include "transfer/selection.hpp"

#include <algorithm>
#include <map>

namespace fjord::transfer {

namespace {

using locks_by_asset = std::map<catalog::asset_ref, std::vector<catalog::lock_record>>;

result<locks_by_asset> locks_of(catalog::catalog& catalog, rule_id const& id) {
    auto locks = catalog.list_locks(id);
    if (!locks) return locks.error();
    locks_by_asset out;
    for (auto& lock : *locks) out[lock.asset].push_back(std::move(lock));
    return out;
}

result<site_list> sites_of(catalog::catalog& catalog) {
    auto list = catalog.list_sites();
    if (!list) return list.error();
    return std::make_shared<std::vector<catalog::site_record> const>(std::move(*list));
}

// Adds one selected asset to the tally.
result<void> tally_asset(report_sources const& from, rule_id const& id, catalog::asset_state const& asset,
                         std::vector<catalog::lock_record> const* locks, status_tally& tally) {
    std::uint32_t available = 0;
    std::uint64_t moving = 0;
    for (std::size_t i = 0; locks && i < locks->size(); ++i) {
        auto const& lock = (*locks)[i];
        if (!(lock.version == asset.current.id)) continue;
        auto replica = from.catalog.find_replica(lock.asset, lock.version, lock.site);
        if (!replica && replica.error().code != errc::not_found) return replica.error();
        if (replica && replica->state == catalog::replica_state::available) {
            ++available;
            continue;
        }
        if (auto live = from.board.find(key_of(lock.asset, lock.version, lock.site))) {
            moving += live->bytes;
            tally.note(lock.site.str() + ": " + sentence_of(*live));
        }
    }
    tally.add(asset.current.size, available, moving);
    if (auto g = from.gaps.find(id, asset.ref)) {
        if (g->impossible)
            tally.add_gap(g->reason);
        else
            tally.note(g->reason);
    }
    return {};
}

result<rule_status> status_of(report_sources const& from, catalog::rule_record const& record) {
    auto rule = compile_rule(record, from.make_filter);
    if (!rule) return rule_status{rule_state::impossible, 0, 0, 0, 0, {}, "the rule cannot be used: " + rule.error().message()};
    auto locks = locks_of(from.catalog, record.id);
    if (!locks) return locks.error();
    status_tally tally(record.copies);
    std::optional<error> broken;
    auto add = [&](catalog::asset_state const& asset) {
        auto found = locks->find(asset.ref);
        auto ok = tally_asset(from, record.id, asset, found == locks->end() ? nullptr : &found->second, tally);
        if (!ok) broken = ok.error();
        return !broken;
    };
    auto walked = visit_assets(from.catalog, (*rule)->selection, (*rule)->filter, add);
    if (broken) return *broken;
    if (!walked && walked.error().code != errc::not_found) return walked.error();
    if (!walked) tally.add_gap("what the rule selects does not exist any more");
    auto status = tally.finish(from.board.rate());
    if (status.state == rule_state::fulfilled && !from.gaps.is_judged(record.id)) {
        status.state = rule_state::converging;
        status.reason = "the rule is being planned";
    }
    return status;
}

lock_explanation explain_lock(report_sources const& from, catalog::lock_record const& lock) {
    lock_explanation out{lock, "missing", lock.site.str() + ": no copy yet"};
    auto replica = from.catalog.find_replica(lock.asset, lock.version, lock.site);
    if (replica) {
        out.state = catalog::name_of(replica->state);
        out.sentence =
            lock.site.str() + ": the copy is " + out.state + (replica->reason.empty() ? "" : " (" + replica->reason + ")");
        if (replica->verified_at) out.sentence += ", verified at " + format_rfc3339(*replica->verified_at);
    }
    if (auto live = from.board.find(key_of(lock.asset, lock.version, lock.site))) {
        out.state = live->not_before ? "waiting" : std::string(catalog::name_of(live->state));
        out.sentence = lock.site.str() + ": " + sentence_of(*live);
    } else if (auto g = from.gaps.find(lock.rule, lock.asset); g && out.state != "available") {
        out.sentence = lock.site.str() + ": " + g->reason;
    }
    return out;
}

std::string site_names(std::vector<catalog::site_record> const& sites) {
    std::string out;
    for (auto const& s : sites) out += (out.empty() ? "" : ", ") + s.id.str();
    return out.empty() ? "none" : out;
}

}  // namespace

std::string sentence_of(transfer_progress const& p) {
    if (p.state == catalog::transfer_state::queued) {
        if (!p.reason.empty()) return p.reason;
        return "queued for a copy from " + p.from.str();
    }
    std::string what = p.state == catalog::transfer_state::verifying ? "verifying the copy from " : "copying from ";
    return what + p.from.str() + " (attempt " + std::to_string(p.attempt) + "), " + std::to_string(p.bytes) + " of " +
           std::to_string(p.total) + " bytes";
}

result<rule_ptr> check_rule(report_sources const& from, catalog::rule_record record) {
    auto rule = compile_rule(std::move(record), from.make_filter);
    if (!rule) return rule.error();
    auto const& where = (*rule)->selection;
    auto first = [](catalog::asset_state const&) { return false; };
    if (auto exists = visit_assets(from.catalog, where, {}, first); !exists) {
        if (exists.error().code != errc::not_found) return exists.error();
        return fail(errc::not_found, "rule: the data does not exist: " + exists.error().message());
    }
    auto sites = from.catalog.list_sites();
    if (!sites) return sites.error();
    bool some = std::any_of(sites->begin(), sites->end(), [&](auto const& s) { return (*rule)->sites.matches(s); });
    if (!some)
        return fail(errc::invalid_argument,
                    "rule: no site matches '" + (*rule)->sites.text() + "'; the sites are: " + site_names(*sites));
    return rule;
}

result<rule_status> report_status(report_sources const& from, rule_id const& id) {
    auto record = from.catalog.find_rule(id);
    if (!record) return record.error();
    return status_of(from, *record);
}

result<rule_explanation> report_explanation(report_sources const& from, rule_id const& id) {
    auto record = from.catalog.find_rule(id);
    if (!record) return record.error();
    auto status = status_of(from, *record);
    if (!status) return status.error();
    rule_explanation out{*record, std::move(*status), {}, {}};
    auto locks = from.catalog.list_locks(id);
    if (!locks) return locks.error();
    std::map<catalog::asset_ref, std::vector<site_id>> held;
    for (auto const& lock : *locks) {
        held[lock.asset].push_back(lock.site);
        if (out.locks.size() < rule_explanation::max_locks) out.locks.push_back(explain_lock(from, lock));
    }
    auto rule = compile_rule(*record, from.make_filter);
    auto sites = sites_of(from.catalog);
    if (!sites) return sites.error();
    if (!rule) return out;  // the status says why
    evaluator judge(from.catalog, from.policies, *sites);
    std::optional<error> broken;
    auto add = [&](catalog::asset_state const& asset) {
        auto plan = judge.plan(**rule, asset, held[asset.ref]);
        if (plan)
            out.plans.push_back(std::move(*plan));
        else
            broken = plan.error();
        return !broken && out.plans.size() < rule_explanation::max_plans;
    };
    auto walked = visit_assets(from.catalog, (*rule)->selection, (*rule)->filter, add);
    if (broken) return *broken;
    if (!walked && walked.error().code != errc::not_found) return walked.error();
    return out;
}

result<transfer_page> report_transfers(report_sources const& from, transfer_query const& query) {
    using enum catalog::transfer_state;
    transfer_page out;
    auto take = [&](catalog::transfer_record record) {
        if (query.state && record.state != *query.state) return;
        if (auto live = from.board.find(record.id)) record.bytes = live->bytes;
        out.transfers.push_back(std::move(record));
    };
    bool open_only = query.state && (*query.state == queued || *query.state == active || *query.state == verifying);
    if (open_only) {
        auto open = from.catalog.list_open_transfers();
        if (!open) return open.error();
        std::sort(open->begin(), open->end(), [](auto const& a, auto const& b) { return a.id < b.id; });
        for (auto& record : *open)
            if (record.id.str() > query.after) take(std::move(record));
        if (out.transfers.size() > query.limit) {
            out.transfers.resize(query.limit);
            out.next = out.transfers.back().id.str();
        }
        return out;
    }
    for (auto after = query.after;;) {
        auto page = from.catalog.list_transfers(after, query.limit);
        if (!page) return page.error();
        for (auto& record : *page) {
            after = record.id.str();
            take(std::move(record));
            if (out.transfers.size() < query.limit) continue;
            out.next = after;
            return out;
        }
        if (page->size() < query.limit) return out;
    }
}

result<rule_plan> report_plan(report_sources const& from, catalog::rule_record record) {
    auto rule = check_rule(from, std::move(record));
    if (!rule) return rule.error();
    auto sites = sites_of(from.catalog);
    if (!sites) return sites.error();
    auto const& copies = (*rule)->record.copies;
    evaluator judge(from.catalog, from.policies, *sites);
    rule_plan out;
    std::optional<error> broken;
    auto add = [&](catalog::asset_state const& asset) {
        auto plan = judge.plan(**rule, asset, {});
        if (!plan) {
            broken = plan.error();
            return false;
        }
        ++out.assets;
        out.copies += copies;
        auto is_new = [](site_verdict const& v) { return v.choice == site_choice::chosen; };
        auto to_make = static_cast<std::uint64_t>(std::count_if(plan->verdicts.begin(), plan->verdicts.end(), is_new));
        out.copies_to_make += to_make;
        out.copies_there += plan->sites.size() - to_make;
        out.bytes_to_move += plan->bytes_to_move;
        if (plan->missing > 0 && out.impossible++ == 0) out.reason = plan->witness;
        if (out.examples.size() < rule_plan::max_examples) out.examples.push_back(std::move(*plan));
        return true;
    };
    auto walked = visit_assets(from.catalog, (*rule)->selection, (*rule)->filter, add);
    if (broken) return *broken;
    if (!walked) return walked.error();
    if (auto rate = from.board.rate(); rate > 0) out.eta_s = static_cast<double>(out.bytes_to_move) / rate;
    return out;
}

}  // namespace fjord::transfer
