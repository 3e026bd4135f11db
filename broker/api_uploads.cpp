// /api/v1/uploads: reserve, commit, abandon.
#include "broker/body.hpp"
#include "broker/rendering.hpp"
#include "broker/tokens.hpp"
#include "broker/upload_sweep.hpp"
#include "broker/uploads.hpp"

#include "auth/auth.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "storage/driver.hpp"
#include "transfer/access.hpp"
#include "transfer/evaluator.hpp"
#include "transfer/layout.hpp"
#include "transfer/site_facts.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::broker {
namespace {

logger const log("broker");
constexpr std::chrono::seconds verify_limit{120};
constexpr digest_algorithm algorithms[] = {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c,
                                           digest_algorithm::md5};

// The last path component of what the caller said, or the asset key.
std::string safe_filename(std::string const& said, catalog::asset_ref const& ref) {
    auto const slash = said.find_last_of('/');
    auto name = slash == std::string::npos ? said : said.substr(slash + 1);
    return check_name("filename", name) ? name : ref.asset.str();
}

// Where the bytes go. With a promised sha-256 the final path is known; without one the reservation's id takes its place.
std::string upload_path(catalog::site_record const& site, catalog::upload_record const& u) {
    catalog::asset_version v;
    v.filename = u.filename;
    v.id = u.digests.sha256 ? *u.digests.sha256 : sha256_of("upload " + u.id);
    return transfer::replica_path(site, u.asset, v);
}

// Why nobody is sent to this site with this upload, by what the probe found; empty when that is fine.
std::string unsafe_for(catalog::site_record const& site, upload_request const& what) {
    if (transfer::fact(site, "create_is_not_overwrite") == false)
        return "lets an upload token replace files (probe: create_is_not_overwrite=false), so that what is registered could "
               "change";
    // The holder of an upload token can make such a site copy one of its own files to the reserved path. Whoever must name the
    // digest of the bytes beforehand gains nothing by that: other bytes are never registered, so never readable.
    if (transfer::fact(site, "tpc_scheme_filter") == false && !what.digests.sha256)
        return "copies from file:// (probe: tpc_scheme_filter=false), so uploads there must announce their sha-256";
    return {};
}

result<catalog::site_record> choose_site(core& c, upload_request const& what, policies::resource const& on) {
    auto const wanted = what.site.empty() ? c.opts.default_site : what.site;
    std::string reasons;
    auto fits = [&](catalog::site_record const& s) {
        if (!s.enabled) {
            reasons += "; " + s.id.str() + " is disabled";
            return false;
        }
        if (auto const why = unsafe_for(s, what); !why.empty()) {
            reasons += "; " + s.id.str() + " " + why;
            return false;
        }
        auto verdict = c.policy.may_place(on, transfer::place_of(s));
        if (!verdict.allowed)
            reasons += "; " + s.id.str() + ": " + (verdict.reasons.empty() ? "not allowed by policy" : verdict.reasons.front());
        return verdict.allowed;
    };
    if (!wanted.empty()) {
        auto site = c.cat.find_site(site_id(wanted));
        if (!site) return site.error();
        if (!fits(*site)) return fail(errc::denied, "this data may not be stored at " + wanted + reasons);
        return site;
    }
    auto sites = c.cat.list_sites();
    if (!sites) return sites.error();
    for (auto const& s : *sites)
        if (fits(s)) return s;
    return fail(errc::unavailable,
                "no site can take this upload" + (reasons.empty() ? std::string(": none is registered") : reasons));
}

// A minimal item for data that arrives before its description; whoever knows more replaces it.
std::string minimal_item(catalog::asset_ref const& ref, wall_time now) {
    json::object item{{"type", "Feature"}, {"stac_version", "1.1.0"}, {"stac_extensions", json::array{}}};
    item["id"] = ref.item.str();
    item["collection"] = ref.collection.str();
    item["geometry"] = nullptr;
    item["properties"] = json::object{{"datetime", format_rfc3339(now)}};
    item["links"] = json::array{};
    item["assets"] = json::object{};
    return json::serialize(item);
}

// Looks at the site itself: size and digest of what is there, compared with what was promised or reported.
asio::awaitable<result<catalog::asset_version>> inspect(core& c, catalog::upload_record u, catalog::site_record site,
                                                        digest_set reported) {
    auto found = c.sites.driver(site);
    if (!found) co_return found.error();
    auto& driver = **found;  // `found` keeps it alive
    storage::call const call{c.sites.token(site, {{"storage.read", u.path}}), c.time.steady() + verify_limit};
    auto stat = co_await driver.stat(call, u.path);
    if (!stat) co_return error(stat.error().code, "looking for the upload at " + site.id.str() + ": " + stat.error().message());
    if (u.size && *u.size != stat->size)
        co_return fail(errc::corrupt,
                       "the site holds " + std::to_string(stat->size) + " bytes, " + std::to_string(*u.size) + " were announced");
    catalog::asset_version v;
    v.size = stat->size;
    v.media_type = u.media_type;
    v.filename = u.filename;
    v.digests = u.digests;
    for (auto a : algorithms)
        if (auto const& d = reported.get(a); d && !v.digests.get(a)) v.digests.set(*d);
    // The site is asked too. What it says must agree; when it knows no sha-256 the broker reads the bytes itself, because a
    // version is named by a digest that Fjord has seen.
    digest_set seen;
    std::vector<digest_algorithm> wanted(std::begin(algorithms), std::end(algorithms));
    auto said = co_await driver.checksum(call, u.path, std::move(wanted));
    if (said) seen.set(*said);
    bool const trusted =
        said && (said->algorithm() == digest_algorithm::sha256 || (v.digests.sha256 && v.digests.get(said->algorithm())));
    if (!trusted) {
        digester all;
        auto take = [&all](std::string_view bytes) -> asio::awaitable<result<void>> {
            all.update(bytes);
            co_return result<void>{};
        };
        storage::byte_sink sink = take;
        auto read = co_await driver.read(call, u.path, std::nullopt, std::move(sink));
        if (!read)
            co_return error(read.error().code, "reading the upload back from " + site.id.str() + ": " + read.error().message());
        if (all.size() != v.size)
            co_return fail(errc::corrupt,
                           "the site sent " + std::to_string(all.size()) + " of " + std::to_string(v.size) + " bytes");
        seen = all.finish();
    }
    if (compare(seen, v.digests) == digest_match::different)
        co_return fail(errc::corrupt, "the bytes at " + site.id.str() + " do not have the announced digest");
    for (auto a : algorithms)
        if (auto const& d = seen.get(a)) v.digests.set(*d);
    v.id = *v.digests.sha256;
    v.registered = c.time.now();
    co_return v;
}

// Blocking: version, replica, and the item when it is missing, in one batch. The reservation stays until it expires, so that a
// repeated commit of the same upload finds what the first one did.
result<void> register_upload(core& c, catalog::upload_record const& u, catalog::asset_version const& v) {
    auto const now = c.time.now();
    catalog::change_set change;
    auto item = c.cat.find_item(u.asset.collection, u.asset.item);
    if (!item && item.error().code != make_error_code(errc::not_found)) return item.error();
    if (!item) {
        catalog::item_record fresh{u.asset.collection, u.asset.item, minimal_item(u.asset, now), now, now, {}};
        change.put_item(std::move(fresh), catalog::if_absent{});
    }
    change.register_version(u.asset, v);
    catalog::replica_record r;
    r.asset = u.asset;
    r.version = v.id;
    r.site = u.site;
    r.state = catalog::replica_state::available;
    r.size = v.size;
    r.path = u.path;
    r.verified_at = now;
    change.put_replica(std::move(r));
    auto done = c.cat.commit(std::move(change));
    if (!done) return done.error();
    return {};
}

result<upload_request> read_reservation(json::value const& body) {
    object_reader in(body, "upload");
    upload_request u;
    auto const uri = in.string("uri");
    u.site = in.string("site", "");
    u.media_type = in.string("media_type", "");
    u.filename = in.string("filename", "");
    if (in.member("size")) u.size = static_cast<std::uint64_t>(in.integer("size", 0, INT64_MAX));
    auto const* digests = in.object("digests");
    if (auto done = in.done(); !done) return done.error();
    if (digests) {
        auto set = read_digests(*digests);
        if (!set) return set.error();
        u.digests = *set;
    }
    auto parsed = dataset_uri::parse(uri);
    if (!parsed) return parsed.error();
    if (parsed->asset.empty() || !parsed->member.empty() || parsed->version)
        return fail(errc::invalid_argument, "upload: uri must name COLLECTION/ITEM/ASSET");
    u.ref = {parsed->collection, parsed->item, parsed->asset};
    return u;
}

asio::awaitable<net::response> reserve(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto what = read_reservation(*body);
    if (!what) co_return net::problem(what.error());
    auto reserved = co_await reserve_upload(c, req, std::move(*what));
    if (reserved.refused) co_return std::move(*reserved.refused);
    json::object o{{"id", reserved.upload.id}, {"site", reserved.site.id.str()}, {"url", reserved.url}};
    o["token"] = reserved.token.reveal();
    if (!reserved.headers.items().empty()) {
        json::object fields;
        for (auto const& [name, value] : reserved.headers.items()) fields[name] = value;
        o["headers"] = std::move(fields);
    }
    o["expires"] = format_rfc3339(reserved.upload.expires);
    // A door commits by itself when the PUT carries this token; other sites are committed by the uploader.
    o["commits_itself"] = reserved.site.kind == "door";
    auto answer = net::json_response(201, o);
    answer.headers.set("Location", "/api/v1/uploads/" + reserved.upload.id);
    answer.headers.set("Cache-Control", "no-store");
    co_return answer;
}

struct commit_request {
    digest_set digests;
    std::optional<std::uint64_t> size;
};

result<commit_request> read_commit(json::value const& body) {
    object_reader in(body, "commit");
    commit_request r;
    if (in.member("size")) r.size = static_cast<std::uint64_t>(in.integer("size", 0, INT64_MAX));
    auto const* digests = in.object("digests");
    if (auto done = in.done(); !done) return done.error();
    if (digests) {
        auto set = read_digests(*digests);
        if (!set) return set.error();
        r.digests = *set;
    }
    return r;
}

struct pending {
    catalog::upload_record upload;
    catalog::site_record site;
    std::optional<catalog::asset_version> registered;  // by an earlier commit whose answer got lost
};

// The reservation and its site, when the caller may touch it: the door with the upload's own token, its owner, or an
// administrator.
result<pending> find_pending(core& c, principal const& who, std::string const& id) {
    auto upload = c.cat.find_upload(id);
    if (!upload) return upload.error();
    bool const own = who.upload_id == id || upload->owner == owner_of(who) || is_admin(who);
    if (!own) return fail(errc::not_found, "there is no upload " + id + " here, or it is not yours");
    if (upload->expires <= c.time.now())
        return fail(errc::conflict, "the reservation expired at " + format_rfc3339(upload->expires) + "; reserve again");
    auto site = c.cat.find_site(upload->site);
    if (!site) return site.error();
    auto replicas = c.cat.list_replicas(upload->asset);
    if (!replicas) return replicas.error();
    pending p{std::move(*upload), std::move(*site), {}};
    for (auto const& r : *replicas) {
        if (r.site != p.upload.site || r.path != p.upload.path) continue;
        auto version = c.cat.find_version(p.upload.asset, r.version);
        if (!version) return version.error();
        p.registered = std::move(*version);
    }
    return p;
}

json::object shown(pending const& p, catalog::asset_version const& v) {
    auto o = render(v);
    o["asset"] = p.upload.asset.str();
    o["site"] = p.site.id.str();
    return o;
}

asio::awaitable<net::response> commit(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto said = read_commit(*body);
    if (!said) co_return net::problem(said.error());
    auto find = [&c, who = req.caller, id = req.params.at(0)] { return find_pending(c, *who, id); };
    auto found = co_await on_pool(c.pool, std::move(find));
    if (!found) co_return net::problem(found.error());
    if (found->registered) co_return net::json_response(201, shown(*found, *found->registered));
    if (said->size && found->upload.size && *said->size != *found->upload.size)
        co_return net::problem(409, "the upload has " + std::to_string(*said->size) + " bytes, " +
                                        std::to_string(*found->upload.size) + " were announced");
    if (compare(said->digests, found->upload.digests) == digest_match::different)
        co_return net::problem(409, "the upload does not have the announced digest");
    auto version = co_await inspect(c, found->upload, found->site, said->digests);
    if (!version) {
        log.warn("upload not registered",
                 {{"asset", found->upload.asset.str()}, {"site", found->site.id.str()}, {"reason", version.error().message()}});
        co_return net::problem(version.error().code == make_error_code(errc::corrupt)
                                   ? fail(errc::conflict, version.error().message())
                                   : version.error());
    }
    auto work = [&c, u = found->upload, v = *version] { return register_upload(c, u, v); };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    co_return net::json_response(201, shown(*found, *version));
}

asio::awaitable<net::response> abandon(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto work = [&c, who = req.caller, id = req.params.at(0)]() -> result<catalog::sequence> {
        auto found = find_pending(c, *who, id);
        if (!found) return found.error();
        catalog::change_set change;
        change.delete_upload(id);
        return c.cat.commit(std::move(change));
    };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    co_return net::empty_response(204);
}

}  // namespace

namespace {

constexpr std::uint64_t largest_s3_put = 5ull << 30;
constexpr seconds longest_presigned{7 * 86400};

// A bucket takes one PUT whose URL is the right to it: only where nothing is yet, and only the bytes that were promised.
result<void> presign_upload(core& c, upload_reservation& out) {
    if (out.upload.size && *out.upload.size > largest_s3_put)
        return fail(errc::limit_exceeded, "site " + out.site.id.str() +
                                              " is an S3 bucket, which takes at most 5 GiB in one upload; "
                                              "upload to another site");
    out.headers.set("If-None-Match", "*");
    if (auto const& d = out.upload.digests.sha256) out.headers.set("x-amz-checksum-sha256", d->base64());
    auto const left = std::chrono::duration_cast<seconds>(out.upload.expires - c.time.now());
    auto url = c.sites.presign(out.site, "PUT", out.upload.path, std::clamp(left, seconds{1}, longest_presigned), out.headers);
    if (!url) return url.error();
    out.url = url->reveal();
    return {};
}

}  // namespace

asio::awaitable<upload_reservation> reserve_upload(core& c, net::request const& req, upload_request what) {
    upload_reservation out;
    std::string const scope = "storage.create:/data/" + what.ref.str();
    auto named = check_name("item", what.ref.item.str());
    if (named) named = check_name("asset", what.ref.asset.str());
    if (!named) {
        out.refused = net::problem(named.error());
        co_return out;
    }
    // A new version of what is there is a change, not a creation.
    auto look = [&c, ref = what.ref] { return c.cat.find_asset(ref); };
    auto const there = co_await on_pool(c.pool, std::move(look));
    auto const action = there ? policies::action::modify : policies::action::create;
    auto asked = co_await ask(c, req.caller, action, what.ref);
    if (!asked) {
        out.refused =
            asked.error().code == make_error_code(errc::not_found) ? absent("such collection") : net::problem(asked.error());
        co_return out;
    }
    if (!asked->granted) {
        out.refused = refusal(c, req, *asked, scope);
        co_return out;
    }
    catalog::upload_record u;
    u.id = new_ulid();
    u.asset = what.ref;
    u.filename = safe_filename(what.filename, what.ref);
    u.media_type = what.media_type;
    u.owner = owner_of(*req.caller);
    u.size = what.size;
    u.digests = what.digests;
    u.expires = c.time.now() + c.opts.upload_lifetime;
    auto work = [&c, what, u, on = asked->matter.on]() mutable -> result<pending> {
        c.sweep.run(c.cat, c.time.now());
        auto site = choose_site(c, what, on);
        if (!site) return site.error();
        if (u.digests.sha256) {
            auto old = c.cat.find_replica(u.asset, *u.digests.sha256, site->id);
            if (old && old->state == catalog::replica_state::available)
                return fail(errc::already_exists, site->id.str() + " already holds exactly these bytes of " + u.asset.str());
        }
        u.site = site->id;
        u.path = upload_path(*site, u);
        catalog::change_set change;
        change.put_upload(u);
        if (auto done = c.cat.commit(std::move(change)); !done) return done.error();
        return pending{std::move(u), std::move(*site), {}};
    };
    auto stored = co_await on_pool(c.pool, std::move(work));
    if (!stored) {
        out.refused = net::problem(stored.error());
        co_return out;
    }
    out.upload = std::move(stored->upload);
    out.site = std::move(stored->site);
    if (transfer::signs_requests(out.site)) {
        if (auto ok = presign_upload(c, out); !ok) out.refused = net::problem(ok.error());
        co_return out;
    }
    out.url = transfer::url_of(out.site, out.upload.path);
    auto const end = token_end(out.site, c.time.now(), out.upload.expires);
    out.token = mint_for_site(c, *req.caller, out.site, {"storage.create"}, out.upload.path, end, out.upload.id);
    co_return out;
}

void add_upload_routes(net::router& r, core& c) {
    r.add("POST", "/api/v1/uploads", [&c](net::request& req) { return reserve(c, req); });
    r.add("POST", "/api/v1/uploads/{id}/commit", [&c](net::request& req) { return commit(c, req); });
    r.add("DELETE", "/api/v1/uploads/{id}", [&c](net::request& req) { return abandon(c, req); });
}

}  // namespace fjord::broker
