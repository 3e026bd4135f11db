#include "transfer/planner.hpp"

#include "transfer/site_address.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fjord::transfer {

namespace {

// FNV-1a with a final avalanche: stable over builds and machines, unlike std::hash.
std::uint64_t stable_hash(std::string_view a, std::string_view b) {
    std::uint64_t h = 0xcbf29ce484222325u;
    auto eat = [&h](std::string_view text) {
        for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
        h = (h ^ 0xff) * 0x100000001b3u;
    };
    eat(a);
    eat(b);
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

// Weighted rendezvous hashing: the highest score wins; the share of wins is proportional to the weight.
double score(std::string_view asset, std::string_view site, double weight) {
    double unit = (static_cast<double>(stable_hash(asset, site) >> 11) + 0.5) / 9007199254740992.0;  // in (0, 1)
    return -weight / std::log(unit);
}

bool holds_good_copy(planner_asset const& asset, site_id const& site) {
    return std::any_of(asset.replicas.begin(), asset.replicas.end(), [&](auto const& r) {
        return r.site == site && r.version == asset.version.id && r.state == catalog::replica_state::available;
    });
}

struct ranked {
    std::size_t index;  // into candidates
    site_choice choice;
    bool good;  // a verified copy lies there
    double score;
};

std::string bytes_text(std::uint64_t n) {
    static char const* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = static_cast<double>(n);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(units)) value /= 1024, ++unit;
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

std::string witness_of(asset_plan const& plan, std::uint32_t copies) {
    std::string allowed, refused;
    for (auto const& id : plan.sites) allowed += (allowed.empty() ? "" : ", ") + id.str();
    for (auto const& v : plan.verdicts)
        if (v.choice == site_choice::excluded) refused += (refused.empty() ? "" : "; ") + v.site.str() + " " + v.reason;
    std::string text = std::to_string(copies) + (copies == 1 ? " copy wanted; " : " copies wanted; ");
    text += allowed.empty() ? "no site is allowed" : "only " + allowed + " allowed";
    return text + ": " + (refused.empty() ? "there are no other sites" : refused);
}

}  // namespace

std::string_view name_of(site_choice c) noexcept {
    switch (c) {
        case site_choice::kept:
            return "kept";
        case site_choice::has_copy:
            return "has_copy";
        case site_choice::chosen:
            return "chosen";
        case site_choice::spare:
            return "spare";
        case site_choice::excluded:
            break;
    }
    return "excluded";
}

planner::planner(catalog::rule_record const& rule, site_expression const& expression, std::span<planner_site const> sites)
    : rule_(rule) {
    for (auto const& site : sites) {
        bool matches = expression.matches(site.record);
        matching_ += matches;
        std::string exclusion;
        if (!matches)
            exclusion = "does not match the site expression";
        else if (!site.record.enabled)
            exclusion = "is disabled by its administrator";
        candidates_.push_back({site, std::move(exclusion)});
    }
    std::sort(candidates_.begin(), candidates_.end(),
              [](auto const& a, auto const& b) { return a.site.record.id < b.site.record.id; });
}

asset_plan planner::plan(planner_asset const& asset, placement_check const& placement) const {
    asset_plan out{asset.ref, asset.version.id, asset.version.size};
    std::vector<ranked> usable;
    auto name = asset.ref.str();
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        auto const& [site, exclusion] = candidates_[i];
        auto refuse = [&](std::string why) { out.verdicts.push_back({site.record.id, site_choice::excluded, std::move(why)}); };
        if (!exclusion.empty()) {
            refuse(exclusion);
            continue;
        }
        if (auto verdict = placement(site.record); !verdict.allowed) {
            refuse("is not allowed by policy (" + verdict.reason + ")");
            continue;
        }
        bool good = holds_good_copy(asset, site.record.id);
        if (!good && !takes_copies(site.record)) {
            refuse("is of kind " + site.record.kind + ", which cannot pull a copy; upload to it instead");
            continue;
        }
        if (!good && asset.version.tree) {
            refuse("has no copy of this tree, and trees are copied by their owners only");
            continue;
        }
        if (!good && site.free_bytes && *site.free_bytes < asset.version.size) {
            refuse("has " + bytes_text(*site.free_bytes) + " free, " + bytes_text(asset.version.size) + " needed");
            continue;
        }
        bool held = std::find(asset.held.begin(), asset.held.end(), site.record.id) != asset.held.end();
        auto choice = held ? site_choice::kept : good ? site_choice::has_copy : site_choice::chosen;
        double weight = site.free_bytes ? std::max(1.0, static_cast<double>(*site.free_bytes)) : 1.0;
        usable.push_back({i, choice, good, score(name, site.record.id.str(), weight)});
        out.verdicts.push_back({site.record.id, site_choice::spare, "would do, but is not needed"});
    }
    std::sort(usable.begin(), usable.end(), [](ranked const& a, ranked const& b) {
        if (a.choice != b.choice) return a.choice < b.choice;
        if (a.good != b.good) return a.good;
        return a.score != b.score ? a.score > b.score : a.index < b.index;
    });
    if (usable.size() > rule_.copies) usable.resize(rule_.copies);
    for (auto const& r : usable) {
        auto const& id = candidates_[r.index].site.record.id;
        out.sites.push_back(id);
        if (!r.good) out.bytes_to_move += asset.version.size;
        // verdicts are in candidate order: one per candidate
        out.verdicts[r.index] = {id, r.choice,
                                 r.choice == site_choice::kept
                                     ? (r.good ? "keeps its copy" : "was chosen before; its copy is being made")
                                 : r.choice == site_choice::has_copy ? "already has a good copy"
                                                                     : "gets a new copy"};
    }
    out.missing = rule_.copies - static_cast<std::uint32_t>(usable.size());
    if (out.missing > 0) out.witness = witness_of(out, rule_.copies);
    return out;
}

}  // namespace fjord::transfer
