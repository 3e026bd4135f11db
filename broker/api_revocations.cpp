// /api/v1/revocations: tokens refused before their time, for administrators; and the public list that doors and caches follow.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/event_hub.hpp"
#include "broker/revocation_book.hpp"

#include "auth/auth.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"

namespace fjord::broker {
namespace {

// No issuer may be configured to accept tokens that live longer, so nothing needs to be remembered for longer.
constexpr seconds longest_token_life{30 * 86400};
constexpr seconds skew{60};
constexpr seconds longest_wait{30};
constexpr std::size_t max_text = 2048;

json::object render(catalog::revocation_record const& r) {
    json::object o{{"id", r.id}, {"issuer", r.issuer}};
    if (r.whole_issuer) o["issued_before"] = format_rfc3339(r.issued_before);
    if (!r.reason.empty()) o["reason"] = r.reason;
    o["made_by"] = r.made_by;
    o["created"] = format_rfc3339(r.created);
    o["expires"] = format_rfc3339(r.expires);
    return o;
}

// {"issuer", and one of "jti", "issued_before"; "reason"?}
result<catalog::revocation_record> read_revocation(json::value const& body, wall_time now) {
    object_reader in(body, "revocation");
    catalog::revocation_record r;
    r.issuer = in.string("issuer");
    auto const jti = in.optional_string("jti"), before = in.optional_string("issued_before");
    r.reason = in.string("reason", "");
    if (!r.issuer.starts_with("https://") || r.issuer.size() > max_text)
        in.refuse("revocation: issuer must be the iss of the tokens, an https URL");
    if (jti.has_value() == before.has_value())
        in.refuse("revocation: give jti to revoke one token, or issued_before to revoke all that the issuer gave out before it");
    if (jti && (jti->empty() || jti->size() > 255)) in.refuse("revocation: jti must have 1 to 255 characters");
    if (r.reason.size() > max_text) in.refuse("revocation: reason is longer than 2048 bytes");
    if (auto done = in.done(); !done) return done.error();
    r.id = jti ? auth::token_fingerprint(r.issuer, *jti) : sha256_of(r.issuer).hex();
    r.expires = now + longest_token_life + skew;
    if (!before) return r;
    auto moment = parse_rfc3339(*before);
    if (!moment) return error(moment.error().code, "revocation: issued_before: " + moment.error().message());
    if (*moment > now + skew)
        return fail(
            errc::invalid_argument,
            "revocation: issued_before lies in the future, so tokens that are yet to be issued would be refused too; give now "
            "at the latest");
    r.whole_issuer = true;
    r.issued_before = *moment;
    return r;
}

// Effective before it is answered: stored, in the verifier, and published.
result<catalog::revocation_record> store(core& c, catalog::revocation_record r) {
    catalog::change_set change;
    auto const id = r.id;
    change.put_revocation(std::move(r));
    if (auto done = c.cat.commit(std::move(change)); !done) return done.error();
    if (auto loaded = c.revocations->load(); !loaded) return loaded.error();
    c.events.notify(c.cat.last_sequence());  // those who wait for the list were woken by the commit, before the list was new
    return c.cat.find_revocation(id);
}

asio::awaitable<net::response> add(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto wanted = read_revocation(*body, c.time.now());
    if (!wanted) co_return net::problem(wanted.error());
    wanted->made_by = owner_of(*req.caller);
    auto work = [&c, r = std::move(*wanted)] { return store(c, r); };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    auto answer = net::json_response(201, render(*done));
    answer.headers.set("Location", c.opts.public_url + "/api/v1/revocations/" + done->id);
    co_return answer;
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto read = [&c] { return c.cat.list_revocations(); };
    auto records = co_await on_pool(c.pool, std::move(read));
    if (!records) co_return net::problem(records.error());
    json::array rows;
    for (auto const& r : *records)
        if (c.time.now() < r.expires) rows.push_back(render(r));
    co_return list_response(req, "revocations", std::move(rows));
}

asio::awaitable<net::response> show(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto read = [&c, id = req.params.at(0)] { return c.cat.find_revocation(id); };
    auto record = co_await on_pool(c.pool, std::move(read));
    if (!record) co_return net::problem(record.error());
    co_return net::json_response(200, render(*record));
}

asio::awaitable<net::response> take_back(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto work = [&c, id = req.params.at(0)]() -> result<void> {
        if (auto found = c.cat.find_revocation(id); !found) return found.error();
        catalog::change_set change;
        change.delete_revocation(id);
        if (auto done = c.cat.commit(std::move(change)); !done) return done.error();
        if (auto loaded = c.revocations->load(); !loaded) return loaded.error();
        c.events.notify(c.cat.last_sequence());
        return {};
    };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    co_return net::empty_response(204);
}

net::response publish(revocation_book::edition const& now) {
    auto answer = net::text_response(200, now.text, "application/json");
    answer.headers.set("ETag", now.etag);
    answer.headers.set("Cache-Control", "no-cache");
    return answer;
}

// With If-None-Match and ?wait=SECONDS the answer waits until there is another list, or 304.
asio::awaitable<net::response> published(core& c, net::request& req) {
    auto const known = std::string(req.headers.get("If-None-Match"));
    auto const wait = parse_unsigned<std::uint32_t>(req.query.get("wait")).value_or(0);
    auto const latest = c.time.steady() + std::min(seconds{wait}, longest_wait);
    event_hub::subscription wake(c.events, req.executor);
    for (;;) {
        auto const seen = c.events.last();
        auto const now = c.revocations->current();
        if (known != now->etag) co_return publish(*now);
        if (c.time.steady() >= latest || c.events.closed()) break;
        co_await wake.wait(seen, latest);
    }
    auto answer = net::empty_response(304);
    answer.headers.set("ETag", known);
    answer.headers.set("Cache-Control", "no-cache");
    co_return answer;
}

}  // namespace

void add_revocation_routes(net::router& r, core& c) {
    net::route_options open;
    open.open = true;
    open.time_limit = longest_wait + seconds{10};
    r.add(
        "GET", "/.well-known/fjord-revocations", [&c](net::request& req) { return published(c, req); }, open);
    r.add("GET", "/api/v1/revocations", [&c](net::request& req) { return list(c, req); });
    r.add("POST", "/api/v1/revocations", [&c](net::request& req) { return add(c, req); });
    r.add("GET", "/api/v1/revocations/{id}", [&c](net::request& req) { return show(c, req); });
    r.add("DELETE", "/api/v1/revocations/{id}", [&c](net::request& req) { return take_back(c, req); });
}

}  // namespace fjord::broker
