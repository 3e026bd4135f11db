// POST /oauth/token: exchange of tokens (RFC 8693). What comes out is narrower than what went in: one audience of this
// federation, single datasets, minutes. A token with capabilities gives at most these; a token with groups gives what policy
// permits its bearer. Scope paths are those of the broker and its caches, /data/C/I[/A]; for a site they are answered as that
// site names the copy.
#include "broker/access.hpp"
#include "broker/exchange_target.hpp"

#include "auth/auth.hpp"
#include "auth/exchange.hpp"
#include "auth/jwt.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/router.hpp"
#include "transfer/access.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::broker {
namespace {

logger const log("broker");

oauth_error invalid(std::string why) { return {400, "invalid_request", std::move(why)}; }

// RFC 8693 section 2.2.2: a token that is invalid for any reason is invalid_request.
oauth_error from_token(std::string_view which, error const& e) {
    if (e.code == auth::make_error_code(auth::errc::keys_unavailable) || e.code == make_error_code(errc::unavailable))
        return {503, "temporarily_unavailable", e.message()};
    return invalid(std::string(which) + ": " + e.message());
}

struct subject {
    std::shared_ptr<principal const> who;
    json::object claims;  // of the verified token
};

asio::awaitable<granted<subject>> verify(core& c, secret token, std::string key, std::string_view which) {
    auto who = co_await c.verifier.verify_held(token, std::move(key));
    if (!who) co_return from_token(which, who.error());
    if (!(*who)->upload_id.empty()) co_return invalid(std::string(which) + ": a token for one upload cannot be exchanged");
    auto parsed = auth::parse_jwt(token.reveal());
    if (!parsed) co_return from_token(which, parsed.error());
    co_return subject{std::move(*who), std::move(parsed->claims)};
}

// What is asked for, within what the token itself holds.
granted<std::vector<capability>> read_scope(exchange_form const& form, principal const& who) {
    if (!form.scope) {
        if (who.capabilities.empty())
            return bad_scope(
                "say what for: scope=storage.read:/data/COLLECTION/ITEM[/ASSET]; a token with groups has no scope of its own");
        return who.capabilities;
    }
    auto wanted = auth::parse_requested_scope(*form.scope);
    if (!wanted) return bad_scope(wanted.error().message());
    if (wanted->empty()) return bad_scope("scope is empty");
    if (who.capabilities.empty()) return *wanted;
    if (auto ok = auth::must_cover(who.capabilities, *wanted); !ok) return bad_scope(ok.error().message());
    return *wanted;
}

std::optional<policies::action> action_of(std::string_view verb) {
    if (verb == "storage.read") return policies::action::read;
    if (verb == "storage.create") return policies::action::create;
    if (verb == "storage.modify") return policies::action::modify;
    return std::nullopt;
}

// /data/C/I[/A[/MEMBER...]]: narrower than a collection, because policy decides by item.
granted<catalog::asset_ref> dataset_of(capability const& wanted) {
    auto const& s = wanted.segments;
    if (s.size() < 3 || s[0] != "data")
        return bad_scope(auth::scope_text(wanted) + ": name one dataset, as in storage.read:/data/COLLECTION/ITEM[/ASSET]");
    catalog::asset_ref ref{collection_id(s[1]), item_id(s[2]), asset_key{}};
    if (s.size() > 3) ref.asset = asset_key(s[3]);
    return ref;
}

asio::awaitable<granted<exchange_permit>> ask_policy(core& c, std::shared_ptr<principal const> who, capability wanted,
                                                     std::optional<std::string> purpose) {
    auto const action = action_of(wanted.verb);
    if (!action) co_return bad_scope(wanted.verb + " is not given here; storage.read, storage.create and storage.modify are");
    auto on = dataset_of(wanted);
    if (!on) co_return on.error();
    auto asked = co_await ask(c, std::move(who), *action, *on, std::move(purpose));
    if (!asked) {
        if (asked.error().code == make_error_code(errc::not_found)) co_return not_permitted(wanted);
        co_return oauth_error{503, "temporarily_unavailable", asked.error().message()};
    }
    bool const there = asked->matter.exists || *action == policies::action::create;
    if (!asked->granted || !there) co_return not_permitted(wanted);
    co_return exchange_permit{std::move(wanted), std::move(*on), std::move(asked->matter.on),
                              asked->decision.permitted ? asked->decision.valid_until : std::nullopt};
}

net::response answer_with(secret const& token, exchange_form const& form, std::string const& scope, seconds lifetime,
                          bool bound) {
    json::object o{{"access_token", token.reveal()}, {"issued_token_type", form.issued_token_type}};
    o["token_type"] = bound ? "DPoP" : "Bearer";
    o["expires_in"] = lifetime.count();
    o["scope"] = scope;
    auto answer = net::json_response(200, o);
    answer.headers.set("Cache-Control", "no-store");
    answer.headers.set("Pragma", "no-cache");
    return answer;
}

// `key`: thumbprint of the key that the new token will be bound to; empty: a bearer token.
asio::awaitable<granted<net::response>> exchange(core& c, exchange_form form, std::string key) {
    auto from = co_await verify(c, form.subject_token, key, "subject_token");
    if (!from) co_return from.error();
    auto acting = from->who;
    if (!form.actor_token.empty()) {
        auto actor = co_await verify(c, form.actor_token, key, "actor_token");
        if (!actor) co_return actor.error();
        acting = actor->who;
    }
    if (!may_act(from->claims.if_contains("may_act"), acting->issuer, acting->subject))
        co_return invalid("the subject token's may_act does not name the actor");
    auto act = act_claim(acting->issuer, acting->subject, from->claims.if_contains("act"));
    if (!act) co_return invalid(act.error().message());

    auto to = co_await find_target(c, form.audience);
    if (!to) co_return to.error();
    auto wanted = read_scope(form, *from->who);
    if (!wanted) co_return wanted.error();
    auto until = c.time.now() + c.opts.token_lifetime;
    for (auto const& who : {from->who, acting})
        if (who->expires) until = std::min(until, *who->expires);
    std::vector<exchange_permit> permits;
    for (auto& w : *wanted) {
        auto p = co_await ask_policy(c, from->who, std::move(w), form.purpose);
        if (!p) co_return p.error();
        if (p->until) until = std::min(until, *p->until);
        permits.push_back(std::move(*p));
    }
    auto scope = co_await scope_at(c, *to, std::move(permits));
    if (!scope) co_return scope.error();
    auto const lifetime = std::chrono::floor<seconds>(until - c.time.now());
    if (lifetime < seconds{1}) co_return invalid("the subject token has expired");

    auth::mint_request m;
    m.subject = from->who->subject;
    m.audience = {to->audience};
    m.scope = *scope;
    m.lifetime = lifetime;
    m.act = json::serialize(*act);
    m.key_thumbprint = key;
    if (to->site && transfer::wants_rs256(*to->site)) m.signature = auth::algorithm::rs256;
    auto token = c.minter.mint(m);
    if (token.empty()) co_return oauth_error{500, "server_error", "the token could not be signed"};
    log.info("token exchanged", {{"subject", owner_of(*from->who)},
                                 {"actor", owner_of(*acting)},
                                 {"audience", to->audience},
                                 {"scope", *scope},
                                 {"lifetime_s", static_cast<std::int64_t>(lifetime.count())}});
    co_return answer_with(token, form, *scope, lifetime, !key.empty());
}

// RFC 9449 section 5: a proof with the request binds the new token to its key.
granted<std::string> key_of(core& c, net::request const& req) {
    if (req.headers.count("DPoP") == 0) return std::string();
    if (req.headers.count("DPoP") > 1) return invalid("the DPoP field is there more than once");
    auto key = c.verifier.take_proof({std::string(trim(req.headers.get("DPoP"))), req.method, req.raw_path});
    if (!key) return oauth_error{400, "invalid_dpop_proof", key.error().message()};
    return std::move(*key);
}

granted<void> check_head(net::request const& req) {
    if (!req.tls) return invalid("tokens are not taken over plain HTTP; use https");
    if (req.headers.count("Authorization") > 0)
        return oauth_error{401, "invalid_client",
                           "no clients are registered here: send the tokens in the form, without Authorization"};
    auto type = req.headers.get("Content-Type");
    if (!iequals(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded"))
        return invalid("Content-Type must be application/x-www-form-urlencoded");
    if (!req.raw_query.empty()) return invalid("parameters belong into the body, not into the URL");
    return {};
}

asio::awaitable<net::response> token(core& c, net::request& req) {
    auto count = [&c](std::string_view outcome) {
        c.metrics.counter("fjord_token_exchanges_total", "Token exchanges by outcome", {{"outcome", std::string(outcome)}}).add();
    };
    auto refuse = [&count](oauth_error const& e) {
        count(e.code);
        return oauth_refusal(e);
    };
    if (auto ok = check_head(req); !ok) co_return refuse(ok.error());
    auto body = co_await net::read_body(req, max_form_bytes);
    if (!body) co_return refuse(invalid("the form cannot be read: " + body.error().message()));
    auto form = read_exchange_form(*body);
    if (!form) co_return refuse(form.error());
    auto key = key_of(c, req);
    if (!key) co_return refuse(key.error());
    auto done = co_await exchange(c, std::move(*form), std::move(*key));
    if (!done) co_return refuse(done.error());
    count("issued");
    co_return std::move(*done);
}

}  // namespace

void add_oauth_routes(net::router& r, core& c) {
    net::route_options open;  // the tokens are in the form, not in Authorization
    open.open = true;
    open.max_body = max_form_bytes;
    r.add(
        "POST", "/oauth/token", [&c](net::request& req) { return token(c, req); }, open);
}

}  // namespace fjord::broker
