// /data/C/I/A[/MEMBER]: the bytes by their URI. GET and HEAD redirect to the best place; PUT reserves and redirects an upload.
#include "broker/resolve.hpp"
#include "broker/tokens.hpp"
#include "broker/uploads.hpp"

#include "auth/auth.hpp"
#include "net/client.hpp"
#include "net/router.hpp"
#include "policies/policies.hpp"

#include <algorithm>

namespace fjord::broker {
namespace {

result<dataset_uri> read_uri(net::request const& req) {
    dataset_uri uri;
    if (req.rest.size() < 3) return fail(errc::not_found, "a path below /data names COLLECTION/ITEM/ASSET");
    uri.collection = collection_id(req.rest[0]);
    uri.item = item_id(req.rest[1]);
    uri.asset = asset_key(req.rest[2]);
    uri.member.assign(req.rest.begin() + 3, req.rest.end());
    if (auto version = req.query.find("version")) {
        auto parsed = digest::from_text(*version);
        if (!parsed || parsed->algorithm() != digest_algorithm::sha256)
            return fail(errc::invalid_argument, "version must be sha-256:HEX with 64 hex digits");
        uri.version = *parsed;
    }
    return uri;
}

std::string xml_escape(std::string_view text) {
    std::string out;
    for (char ch : text) {
        if (ch == '&')
            out += "&amp;";
        else if (ch == '<')
            out += "&lt;";
        else if (ch == '>')
            out += "&gt;";
        else if (ch == '"')
            out += "&quot;";
        else
            out += ch;
    }
    return out;
}

// RFC 5854 Metalink 4 with the members that XRootD and Rucio clients read.
std::string metalink(resolution const& r) {
    std::string const name = r.member ? r.member->path : (r.version.filename.empty() ? r.ref.asset.str() : r.version.filename);
    std::string x = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n";
    x += " <file name=\"" + xml_escape(name) + "\">\n  <identity>" + xml_escape(r.ref.str()) + "</identity>\n";
    x += "  <hash type=\"sha-256\">" + r.id().hex() + "</hash>\n";
    if (!r.member && r.version.digests.adler32) x += "  <hash type=\"adler32\">" + r.version.digests.adler32->hex() + "</hash>\n";
    if (!r.member && r.version.digests.md5) x += "  <hash type=\"md5\">" + r.version.digests.md5->hex() + "</hash>\n";
    x += "  <size>" + std::to_string(r.size()) + "</size>\n";
    for (auto const& p : r.places)
        x += "  <url location=\"" + xml_escape(p.name) + "\" priority=\"" + std::to_string(p.priority) + "\">" +
             xml_escape(p.url) + "</url>\n";
    return x + " </file>\n</metalink>\n";
}

void describe(net::response& answer, resolution const& r) {
    for (auto const& p : r.places)
        if (!p.url_is_secret) answer.headers.add("Link", "<" + p.url + ">; rel=duplicate; pri=" + std::to_string(p.priority));
    answer.headers.set("ETag", "\"" + r.id().hex() + "\"");
    answer.headers.set("Repr-Digest", repr_digest_header(r.id()));
    answer.headers.set("Cache-Control", "private, no-store");
    answer.headers.set("Vary", "Authorization, Accept");
}

// Streams the bytes through this host; only where the data may be in the broker's own jurisdiction.
asio::awaitable<net::response> relay(core& c, net::request& req, resolution const& r, policies::resource const& on) {
    policies::place here;
    here.site = c.opts.site;
    here.jurisdiction = c.opts.jurisdiction;
    if (auto verdict = c.policy.may_place(on, here); !verdict.allowed)
        co_return net::problem(403, "policy does not let these bytes pass through the broker: " + verdict.reasons.front() +
                                        "; follow the redirect instead");
    error last = fail(errc::unavailable, "no place answered");
    for (auto const& p : r.places) {
        net::client_request fetch;
        fetch.url = p.url;
        fetch.bearer = p.token;
        if (auto range = req.headers.find("Range")) fetch.headers.set("Range", *range);
        auto stream = co_await c.http.open(std::move(fetch));
        if (!stream) {
            last = stream.error();
            continue;
        }
        auto const& head = (*stream)->head();
        if (head.status != 200 && head.status != 206 && head.status != 416) {
            last = fail(errc::unavailable, p.name + " answered " + std::to_string(head.status));
            continue;
        }
        net::response answer;
        answer.status = head.status;
        for (auto name : {"Content-Type", "Content-Range"})
            if (auto value = head.headers.find(name)) answer.headers.set(name, *value);
        describe(answer, r);
        std::optional<std::uint64_t> length;
        if (auto text = head.headers.find("Content-Length")) length = std::strtoull(std::string(*text).c_str(), nullptr, 10);
        std::shared_ptr<net::client_stream> source = std::move(*stream);
        auto produce = [source](net::body_writer& out) -> asio::awaitable<result<void>> {
            auto body = source;  // the frame keeps it alive
            std::vector<char> buffer(256 << 10);
            for (;;) {
                auto n = co_await body->read_some(buffer);
                if (!n) co_return n.error();
                if (*n == 0) co_return result<void>{};
                if (auto ok = co_await out.write({buffer.data(), *n}); !ok) co_return ok.error();
            }
        };
        answer.body = net::produced_body{length, std::move(produce)};
        co_return answer;
    }
    co_return net::problem(last);
}

asio::awaitable<net::response> get(core& c, net::request& req) {
    auto uri = read_uri(req);
    if (!uri) {
        if (req.caller->is_anonymous()) co_return auth::unauthorized(req, realm(), "");
        co_return net::problem(uri.error());
    }
    resolve_request what;
    what.uri = std::move(*uri);
    what.site = std::string(req.query.get("site"));
    if (auto purpose = req.query.find("purpose")) what.purpose = std::string(*purpose);
    auto found = co_await resolve(c, req, std::move(what));
    if (found.refused) co_return std::move(*found.refused);
    auto const& r = found.value;
    if (req.query.get("redirect") == "no") {
        auto read = [&c, ref = r.ref] { return look_up(c.cat, ref.collection, ref.item); };
        auto matter = co_await on_pool(c.pool, std::move(read));
        if (!matter) co_return net::problem(matter.error());
        co_return co_await relay(c, req, r, matter->on);
    }
    if (req.headers.get("Accept").find("application/metalink4+xml") != std::string_view::npos) {
        auto answer = net::text_response(200, metalink(r), "application/metalink4+xml");
        describe(answer, r);
        co_return answer;
    }
    auto const reachable = [](place const& p) { return !p.redirect_url.empty(); };
    auto const to = std::find_if(r.places.begin(), r.places.end(), reachable);
    if (to == r.places.end())
        co_return net::problem(
            409,
            "the sites that hold this take no token in a URL, so a redirect cannot lead there; use `fjord get`, "
            "POST /api/v1/resolve, or ?redirect=no");
    auto answer = net::redirect_response(307, to->redirect_url);
    describe(answer, r);
    co_return answer;
}

// The door that takes the upload registers it with us before it answers, so that 201 at the end of the redirect means
// "there, verified and findable".
asio::awaitable<net::response> put(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto uri = read_uri(req);
    if (!uri) co_return net::problem(uri.error());
    if (!uri->member.empty()) co_return net::problem(400, "members of a tree are registered with their manifest, not one by one");
    upload_request what;
    what.ref = {uri->collection, uri->item, uri->asset};
    what.site = std::string(req.query.get("site"));
    what.media_type = std::string(req.headers.get("Content-Type"));
    what.filename = std::string(req.query.get("filename"));
    // A client that means to follow the redirect may send an empty body here.
    if (auto const length = req.body->content_length(); length && *length > 0) what.size = length;
    for (auto name : {"Repr-Digest", "Digest"}) {
        auto const value = req.headers.find(name);
        if (!value) continue;
        auto promised = std::string_view(name) == "Digest" ? parse_digest_header(*value) : parse_repr_digest_header(*value);
        if (!promised) co_return net::problem(promised.error());
        for (auto a : {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5})
            if (auto const& d = promised->get(a)) what.digests.set(*d);
    }
    auto reserved = co_await reserve_upload(c, req, std::move(what));
    if (reserved.refused) co_return std::move(*reserved.refused);
    if (reserved.site.kind != "door")
        co_return net::problem(
            409, "site " + reserved.site.id.str() +
                     " cannot register an upload by itself; reserve one with POST /api/v1/uploads, or use `fjord put`");
    auto answer = net::redirect_response(307, with_credential(reserved.url, "ticket", reserved.token));
    answer.headers.set("Cache-Control", "no-store");
    co_return answer;
}

}  // namespace

void add_data_routes(net::router& r, core& c) {
    net::route_options upload;
    upload.max_body = 0;  // never read here: the client is sent to the door
    r.add("GET", "/data/{path...}", [&c](net::request& req) { return get(c, req); });
    r.add(
        "PUT", "/data/{path...}", [&c](net::request& req) { return put(c, req); }, upload);
}

}  // namespace fjord::broker
