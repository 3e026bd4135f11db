#include "transfer/source_choice.hpp"

#include "transfer/site_address.hpp"

#include <algorithm>
#include <tuple>

namespace fjord::transfer {

namespace {

std::string_view tpc_of(catalog::site_record const& site) {
    auto found = site.attributes.find("tpc");
    return found == site.attributes.end() ? std::string_view("full") : std::string_view(found->second);
}

void collect(std::vector<source_candidate>& out, std::span<catalog::replica_record const> replicas,
             std::span<catalog::site_record const> sites, site_id const& target, catalog::replica_state wanted) {
    for (auto const& replica : replicas) {
        if (replica.state != wanted || replica.site == target) continue;
        auto site = std::find_if(sites.begin(), sites.end(), [&](auto const& s) { return s.id == replica.site; });
        if (site != sites.end() && site->enabled) out.push_back({*site, replica});
    }
}

}  // namespace

std::vector<source_candidate> usable_sources(std::span<catalog::replica_record const> replicas,
                                             std::span<catalog::site_record const> sites, site_id const& target) {
    std::vector<source_candidate> out;
    collect(out, replicas, sites, target, catalog::replica_state::available);
    if (out.empty()) collect(out, replicas, sites, target, catalog::replica_state::suspect);
    return out;
}

std::optional<std::size_t> choose_source(std::span<source_candidate const> candidates, catalog::site_record const& target,
                                         site_id const& planned) {
    if (candidates.empty()) return std::nullopt;
    auto rank = [&](source_candidate const& c) {
        return std::tuple(c.failures, c.site.id != planned, c.site.jurisdiction != target.jurisdiction, c.load, c.site.id.str());
    };
    auto best =
        std::min_element(candidates.begin(), candidates.end(), [&](auto const& a, auto const& b) { return rank(a) < rank(b); });
    return static_cast<std::size_t>(best - candidates.begin());
}

namespace {

// Why no copy can go that way at all; empty when it can.
std::string obstacle(catalog::site_record const& source, catalog::site_record const& target) {
    auto const from = copy_protocol_of(source), to = copy_protocol_of(target);
    if (to == copy_protocol::s3)
        return target.id.str() +
               " is an S3 bucket, which cannot pull; copies into buckets need a relay, which this version has not";
    if (from == to || (from == copy_protocol::s3 && to == copy_protocol::http)) return {};
    auto const& by_root = from == copy_protocol::root ? source : target;
    auto const& other = from == copy_protocol::root ? target : source;
    return by_root.id.str() + " is reached by roots:// only and " + other.id.str() +
           " is not, so no copy goes between them; set attribute https_url of " + by_root.id.str();
}

}  // namespace

result<storage::copy_mode> choose_mode(catalog::site_record const& source, catalog::site_record const& target,
                                       std::optional<storage::copy_mode> after_unsupported) {
    if (auto const why = obstacle(source, target); !why.empty()) return fail(errc::unsupported, why);
    auto to = tpc_of(target), from = tpc_of(source);
    bool pull = to == "full" || to == "pull", push = from == "full" || from == "push";
    if (signs_requests(source)) push = false;  // a bucket does nothing itself
    if (!pull && !push)
        return fail(errc::unsupported, "neither can " + target.id.str() + " pull (tpc=" + std::string(to) + ") nor " +
                                           source.id.str() + " push (tpc=" + std::string(from) +
                                           "); change the sites' tpc attribute");
    if (after_unsupported == storage::copy_mode::pull && push) return storage::copy_mode::push;
    if (after_unsupported == storage::copy_mode::push && pull) return storage::copy_mode::pull;
    return pull ? storage::copy_mode::pull : storage::copy_mode::push;
}

}  // namespace fjord::transfer
