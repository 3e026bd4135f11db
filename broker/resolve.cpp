#include "broker/resolve.hpp"

#include "broker/cache_directory.hpp"
#include "broker/rendering.hpp"
#include "broker/tokens.hpp"

#include "auth/auth.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "transfer/access.hpp"
#include "transfer/evaluator.hpp"
#include "transfer/site_facts.hpp"

#include <algorithm>

namespace fjord::broker {
namespace {

logger const log("broker");

// All that the catalog says of one asset, read in one hop to the pool.
struct holdings {
    catalog::asset_version version;
    std::optional<catalog::tree_member> member;
    std::vector<catalog::replica_record> replicas;
    std::vector<catalog::site_record> sites;
};

std::string member_path(std::vector<std::string> const& segments) {
    std::string path;
    for (auto const& s : segments) path += (path.empty() ? "" : "/") + s;
    return path;
}

result<holdings> read_holdings(catalog::catalog& cat, catalog::asset_ref const& ref, dataset_uri const& uri) {
    holdings h;
    if (uri.version) {
        auto version = cat.find_version(ref, *uri.version);
        if (!version) return version.error();
        h.version = std::move(*version);
    } else {
        auto current = cat.find_asset(ref);
        if (!current) return current.error();
        h.version = std::move(current->current);
    }
    if (!uri.member.empty()) {
        if (!h.version.tree) return fail(errc::not_found, ref.str() + " is one file and has no members");
        auto member = cat.find_tree_member(ref, h.version.id, member_path(uri.member));
        if (!member) return member.error();
        h.member = std::move(*member);
    }
    auto replicas = cat.list_replicas(ref, h.version.id);
    if (!replicas) return replicas.error();
    h.replicas = std::move(*replicas);
    auto sites = cat.list_sites();
    if (!sites) return sites.error();
    h.sites = std::move(*sites);
    return h;
}

std::string attribute(std::map<std::string, std::string> const& attributes, std::string const& key) {
    auto at = attributes.find(key);
    return at == attributes.end() ? std::string() : at->second;
}

policies::place place_of(catalog::cache_record const& cache) {
    policies::place p;
    p.site = cache.id.str();
    p.jurisdiction = cache.jurisdiction;
    return p;
}

// A caller's location: what it says, else what its address says.
std::string caller_site(core const& c, net::request const& req, std::string const& said) {
    if (!said.empty()) return said;
    std::vector<network> networks;
    for (auto const& n : c.opts.networks) networks.push_back({n.cidr, n.site});
    return site_of_address(networks, req.peer_address);
}

struct source {
    candidate rank_by;
    catalog::site_record const* site = nullptr;
    catalog::replica_record const* replica = nullptr;
    std::optional<catalog::cache_record> cache;
};

// Sites with an available copy that policy still allows to stand there; caches that may hold it and live.
std::vector<source> find_sources(core& c, holdings const& h, policies::resource const& on, std::string const& near,
                                 bool with_caches) {
    std::vector<source> out;
    for (auto const& r : h.replicas) {
        if (r.state != catalog::replica_state::available) continue;
        auto site = std::find_if(h.sites.begin(), h.sites.end(), [&r](auto const& s) { return s.id == r.site; });
        if (site == h.sites.end() || !site->enabled) continue;
        if (!c.policy.may_place(on, transfer::place_of(*site)).allowed) continue;
        source s{{place_kind::site, site->id.str(), site->id.str(), attribute(site->attributes, "country")}, &*site, &r, {}};
        if (s.rank_by.country.empty()) s.rank_by.country = site->jurisdiction;
        out.push_back(std::move(s));
    }
    if (!with_caches || out.empty()) return out;
    for (auto& cache : c.caches.alive()) {
        if (!c.policy.may_place(on, place_of(cache)).allowed) continue;
        candidate by{place_kind::cache, cache.id.str(), cache.near_site, cache.jurisdiction, !near.empty()};
        out.push_back({std::move(by), nullptr, nullptr, std::move(cache)});
    }
    return out;
}

// A presigned URL that ends when the token would, at a site that goes by its own keys.
void presign(core& c, place& p, catalog::site_record const& site, std::string const& path) {
    auto const left = std::chrono::duration_cast<seconds>(p.expires - c.time.now());
    auto url = c.sites.presign(site, "GET", path, std::max(left, seconds{1}), {});
    if (!url) {
        log.error("no presigned URL", {{"site", site.id.str()}, {"reason", url.error().message()}});
        return;
    }
    p.url = p.redirect_url = url->reveal();
    p.url_is_secret = true;
}

place make_place(core& c, principal const& who, catalog::asset_ref const& ref, dataset_uri const& uri, source const& s,
                 ranked const& r, std::optional<wall_time> permitted_until) {
    place p;
    p.kind = s.rank_by.kind;
    p.name = s.rank_by.name;
    p.priority = r.priority;
    p.why = r.why;
    p.expires = c.time.now() + c.opts.token_lifetime;
    // Never longer than the rights it comes from: the caller's token, and a permit that ends.
    if (who.expires) p.expires = std::min(p.expires, *who.expires);
    if (permitted_until) p.expires = std::min(p.expires, *permitted_until);
    std::string tail;
    for (auto const& m : uri.member) tail += "/" + encode_segment(m);
    if (s.cache) {
        auto const path = "data/" + ref.str() + tail;
        p.url = s.cache->url + "/" + path;
        if (uri.version) p.url += "?version=" + uri.version->text();
        p.token = mint_for_origin(c, who, s.cache->url, "storage.read:/data/" + ref.str(), p.expires);
        p.redirect_url = with_credential(p.url, "ticket", p.token);
    } else if (transfer::signs_requests(*s.site)) {
        presign(c, p, *s.site, s.replica->path + tail);
    } else {
        p.url = transfer::url_of(*s.site, s.replica->path) + tail;
        p.expires = token_end(*s.site, c.time.now(), p.expires);
        p.token = mint_for_site(c, who, *s.site, {"storage.read"}, s.replica->path, p.expires);
        // A door of ours takes its ticket; elsewhere the token goes in the URL unless the site is known to refuse that.
        bool const door = s.site->kind == "door";
        bool const http = transfer::copy_protocol_of(*s.site) == transfer::copy_protocol::http;
        if (http && (door || transfer::fact(*s.site, "url_token") != false))
            p.redirect_url = with_credential(p.url, door ? "ticket" : "authz", p.token);
        if (auto mount = attribute(s.site->attributes, "mount"); !mount.empty()) p.path = mount + "/" + s.replica->path + tail;
    }
    return p;
}

net::response nowhere(holdings const& h, catalog::asset_ref const& ref) {
    std::string detail = "no site can serve " + ref.str() + " now";
    for (auto const& r : h.replicas) {
        detail += "; " + r.site.str() + ": " + std::string(catalog::name_of(r.state));
        if (!r.reason.empty()) detail += " (" + r.reason + ")";
    }
    if (h.replicas.empty()) detail += ": it has no replica";
    auto answer = net::problem(503, detail);
    answer.headers.set("Retry-After", "5");
    return answer;
}

}  // namespace

asio::awaitable<resolve_outcome> resolve(core& c, net::request const& req, resolve_request what) {
    resolve_outcome out;
    catalog::asset_ref const ref{what.uri.collection, what.uri.item, what.uri.asset};
    std::string const scope = "storage.read:/data/" + ref.str();
    bool const fill = what.need == "fill";
    auto const action = fill ? policies::action::cache : policies::action::read;

    auto asked = co_await ask(c, req.caller, action, ref, what.purpose);
    if (!asked) {
        if (asked.error().code != make_error_code(errc::not_found))
            out.refused = net::problem(asked.error());
        else
            out.refused = req.caller->is_anonymous() ? auth::unauthorized(req, realm(), scope) : absent("such dataset");
        co_return out;
    }
    bool const granted = asked->granted || (fill && is_cache(c, *req.caller));
    if (!granted) {
        out.refused = refusal(c, req, *asked, scope);
        co_return out;
    }
    auto read = [&c, ref, uri = what.uri] { return read_holdings(c.cat, ref, uri); };
    auto known = co_await on_pool(c.pool, std::move(read));
    if (!known) {
        out.refused =
            known.error().code == make_error_code(errc::not_found) ? absent("such dataset") : net::problem(known.error());
        co_return out;
    }
    if (fill) {
        auto const asking = c.caches.alive_of(owner_of(*req.caller));
        if (asking.empty()) {
            out.refused = net::problem(409, "no live cache of yours is registered here; announce it first at /api/v1/caches");
            co_return out;
        }
        for (auto const& cache : asking) {
            auto verdict = c.policy.may_place(asked->matter.on, place_of(cache));
            if (verdict.allowed) continue;
            out.refused = net::problem(
                403, "policy does not let " + ref.str() + " be cached at " + cache.id.str() + ": " + verdict.reasons.front());
            co_return out;
        }
    }
    auto const near = caller_site(c, req, what.site);
    auto const sources = find_sources(c, *known, asked->matter.on, near, !fill);
    std::string country;
    for (auto const& s : known->sites)
        if (s.id.str() == near)
            country = attribute(s.attributes, "country").empty() ? s.jurisdiction : attribute(s.attributes, "country");
    std::vector<candidate> candidates;
    for (auto const& s : sources) candidates.push_back(s.rank_by);
    out.value.ref = ref;
    auto const until = asked->decision.permitted ? asked->decision.valid_until : std::nullopt;
    for (auto const& r : rank(candidates, near, country, ref.str())) {
        auto place = make_place(c, *req.caller, ref, what.uri, sources[r.index], r, until);
        if (!place.url.empty()) out.value.places.push_back(std::move(place));
    }
    if (out.value.places.empty()) {
        out.refused = nowhere(*known, ref);
        co_return out;
    }
    out.value.lease = out.value.places.front().expires;
    out.value.version = std::move(known->version);
    out.value.member = std::move(known->member);
    out.value.decision = std::move(asked->decision);
    co_return out;
}

json::object render(resolution const& r) {
    json::object o;
    o["asset"] = r.ref.str();
    o["version"] = r.version.id.text();
    o["size"] = r.size();
    if (r.member) {
        o["member"] = r.member->path;
        o["digests"] = json::object{{"sha-256", r.member->id.hex()}};
    } else {
        o["digests"] = render(r.version.digests);
    }
    if (!r.version.media_type.empty()) o["media_type"] = r.version.media_type;
    if (!r.version.filename.empty()) o["filename"] = r.version.filename;
    json::array places;
    for (auto const& p : r.places) {
        json::object one{{"kind", p.kind == place_kind::cache ? "cache" : "site"}, {"site", p.name}, {"url", p.url}};
        one["token"] = p.token.reveal();
        one["expires"] = format_rfc3339(p.expires);
        one["priority"] = p.priority;
        one["why"] = p.why;
        if (!p.path.empty()) one["path"] = p.path;
        places.push_back(std::move(one));
    }
    o["places"] = std::move(places);
    o["lease"] = json::object{{"expires", format_rfc3339(r.lease)}};
    o["decision"] = policies::explain(r.decision, policies::action::read, r.ref.str());
    return o;
}

}  // namespace fjord::broker
