#include "auth/claims.hpp"

#include "auth/groups.hpp"
#include "auth/scope.hpp"
#include "base/dataset_uri.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace fjord::auth {
namespace {

constexpr std::string_view wlcg_any_audience = "https://wlcg.cern.ch/jwt/v1/any";
constexpr std::int64_t last_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

std::optional<std::string> text_claim(json::object const& claims, std::string_view name) {
    auto const* v = claims.if_contains(name);
    if (!v || !v->is_string()) return std::nullopt;
    return std::string(v->get_string());
}

std::string in_seconds(milliseconds d) { return std::to_string(std::max<std::int64_t>(d.count() / 1000, 0)) + " s"; }

// --- which kind of token ----------------------------------------------------------------------------------------------------

// ID and refresh tokens are never access tokens (RFC 9068 section 4; A17). Keycloak tells them apart by a `typ` claim.
result<void> refuse_other_tokens(json::object const& claims, std::string_view typ, issuer_options const& issuer) {
    if (!typ.empty() && typ != "jwt" && typ != "at+jwt")
        return fail(errc::bad_profile, "the token's typ is not an access token's");
    if (issuer.require_at_jwt && typ != "at+jwt")
        return fail(errc::bad_profile, "the token's typ is not at+jwt (RFC 9068), which is required of this issuer");
    for (auto name : {"nonce", "at_hash", "c_hash", "events"})
        if (claims.contains(name))
            return fail(errc::bad_profile,
                        "this is an ID or logout token (it has " + std::string(name) + "); send an access token");
    auto kind = text_claim(claims, "typ");
    if (kind && (*kind == "ID" || *kind == "Refresh" || *kind == "Offline" || *kind == "Logout"))
        return fail(errc::bad_profile, "this is not an access token (claim typ); send an access token");
    return {};
}

// What the token is bound to (RFC 7800). Only a key's thumbprint for DPoP is understood; a binding that is not understood must
// not be passed over, or the token would be worth more to a thief here than its issuer allows.
result<std::string> bound_key(json::object const& claims) {
    auto const* cnf = claims.if_contains("cnf");
    if (!cnf) return std::string();
    if (!cnf->is_object()) return fail(errc::bad_profile, "claim cnf is not an object");
    auto const& methods = cnf->get_object();
    if (methods.contains("x5t#S256"))
        return fail(
            errc::proof_required,
            "the token is bound to a client certificate (RFC 8705), which is not supported here; get one bound by DPoP, or a "
            "bearer token");
    auto jkt = text_claim(methods, "jkt");
    if (!jkt || jkt->size() != 43 || methods.size() != 1)
        return fail(errc::proof_required, "the token is bound in a way that is not supported here (cnf); DPoP's jkt is");
    return *jkt;
}

// [0-9]+.[0-9]+ with major 1: any minor is accepted (WLCG v1.3).
bool is_known_wlcg_version(std::string_view version) {
    auto digits = [](std::string_view t) { return !t.empty() && t.find_first_not_of("0123456789") == std::string_view::npos; };
    auto dot = version.find('.');
    return dot != std::string_view::npos && version.substr(0, dot) == "1" && digits(version.substr(dot + 1));
}

// Version 1 demanded nbf, and that claims which are not known are refused (SciTokens 1.0, section on validation).
result<void> check_scitokens_1(json::object const& claims) {
    constexpr std::array known{"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope", "ver", "opt"};
    if (!claims.contains("nbf")) return fail(errc::bad_profile, "a SciToken of version 1.0 needs the claim nbf");
    for (auto const& member : claims)
        if (std::find(known.begin(), known.end(), member.key()) == known.end())
            return fail(errc::bad_profile, "a SciToken of version 1.0 must not hold claims that are not known here");
    return {};
}

result<dialect> dialect_of(json::object const& claims, std::string_view typ, issuer_options const& issuer) {
    if (auto const* version = claims.if_contains("wlcg.ver")) {
        if (!version->is_string() || !is_known_wlcg_version(version->get_string()))
            return fail(errc::bad_profile, "wlcg.ver is not 1.x");
        return dialect::wlcg;
    }
    auto version = text_claim(claims, "ver");
    if (version && version->starts_with("scitoken")) {
        if (*version == "scitoken:2.0" || *version == "scitokens:2.0") return dialect::scitokens;
        if (*version != "scitoken:1.0" && *version != "scitokens:1.0")
            return fail(errc::bad_profile, "SciTokens of other versions than 1.0 and 2.0 are not taken");
        if (auto ok = check_scitokens_1(claims); !ok) return ok.error();
        return dialect::scitokens;
    }
    bool says_what_for = typ == "at+jwt" || claims.contains("scope") || find_claim(claims, issuer.groups_claim) ||
                         claims.contains("entitlements") || claims.contains("eduperson_entitlement");
    if (!says_what_for) return fail(errc::bad_profile, "the token has neither scope nor groups nor entitlements");
    return dialect::oidc;
}

// --- names ------------------------------------------------------------------------------------------------------------------

result<std::string> identifier(json::object const& claims, std::string_view name) {
    auto text = text_claim(claims, name);
    auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (!text || text->empty() || text->size() > 255 || !std::all_of(text->begin(), text->end(), printable))
        return fail(errc::bad_profile, "claim " + std::string(name) + " is missing or not 1 to 255 ASCII characters");
    return *text;
}

// --- time -------------------------------------------------------------------------------------------------------------------

// NumericDate of RFC 7519 section 2; fractions are kept to the millisecond.
std::optional<wall_time> numeric_date(json::value const* v) {
    if (!v) return std::nullopt;
    if (v->is_int64() && v->get_int64() >= 0 && v->get_int64() <= last_second) return wall_time{seconds{v->get_int64()}};
    if (v->is_double() && v->get_double() >= 0 && v->get_double() <= static_cast<double>(last_second))
        return wall_time{milliseconds{static_cast<std::int64_t>(std::floor(v->get_double() * 1000))}};
    return std::nullopt;
}

struct token_times {
    wall_time issued_at, expires;
};

result<token_times> check_times(json::object const& claims, issuer_options const& issuer, wall_time now) {
    auto exp = numeric_date(claims.if_contains("exp")), iat = numeric_date(claims.if_contains("iat"));
    if (!exp) return fail(errc::bad_profile, "claim exp is missing or not a time");
    if (!iat) return fail(errc::bad_profile, "claim iat is missing or not a time");
    if (now >= *exp) return fail(errc::expired, "expired " + in_seconds(now - *exp) + " ago");
    if (auto const* sent = claims.if_contains("nbf")) {
        auto nbf = numeric_date(sent);
        if (!nbf) return fail(errc::bad_profile, "claim nbf is not a time");
        if (*nbf >= *exp) return fail(errc::not_yet_valid, "the token is never valid: nbf is not before exp");
        if (*nbf > now + clock_skew) return fail(errc::not_yet_valid, "not valid for another " + in_seconds(*nbf - now));
    }
    if (*iat > now + clock_skew)
        return fail(errc::not_yet_valid, "issued " + in_seconds(*iat - now) + " in the future; check the clocks");
    if (*iat >= *exp) return fail(errc::not_yet_valid, "the token is never valid: iat is not before exp");
    if (*exp - *iat > issuer.max_lifetime)
        return fail(errc::lifetime_too_long, "the token lives " + in_seconds(*exp - *iat) + "; tokens of this issuer may live " +
                                                 in_seconds(issuer.max_lifetime));
    return token_times{*iat, *exp};
}

// --- audience ---------------------------------------------------------------------------------------------------------------

result<std::vector<std::string>> audience_of(json::object const& claims) {
    auto const* aud = claims.if_contains("aud");
    std::vector<std::string> out;
    if (aud && aud->is_string()) out.emplace_back(aud->get_string());
    if (aud && aud->is_array()) {
        for (auto const& one : aud->get_array()) {
            if (!one.is_string()) return fail(errc::bad_audience, "claim aud is not text or a list of texts");
            out.emplace_back(one.get_string());
        }
    }
    if (out.empty()) return fail(errc::bad_audience, "the token has no audience (aud)");
    return out;
}

// Byte-exact; wildcards only where the issuer's configuration allows them (A16).
bool is_meant_for_us(std::vector<std::string> const& audience, dialect d, issuer_options const& issuer,
                     std::vector<std::string> const& own) {
    auto const& accepted = issuer.audience.empty() ? own : issuer.audience;
    auto accepts = [&](std::string const& aud) {
        if (aud.empty()) return false;
        if (std::find(accepted.begin(), accepted.end(), aud) != accepted.end()) return true;
        bool wildcard = aud == wlcg_any_audience || (d == dialect::scitokens && aud == "ANY");
        return wildcard && issuer.allow_any_audience;
    };
    return std::any_of(audience.begin(), audience.end(), accepts);
}

std::string wrong_audience(issuer_options const& issuer, std::vector<std::string> const& own) {
    auto const& accepted = issuer.audience.empty() ? own : issuer.audience;
    return accepted.empty() ? "the token is meant for another service"
                            : "the token is meant for another service; this one is " + accepted.front();
}

// --- what it grants ---------------------------------------------------------------------------------------------------------

result<std::vector<capability>> capabilities_of(json::object const& claims, dialect d, issuer_options const& issuer) {
    auto const* scope = claims.if_contains("scope");
    if (!scope) return std::vector<capability>{};
    if (!scope->is_string()) return fail(errc::bad_scope, "claim scope is not text");
    auto capabilities = parse_scopes(scope->get_string(), d);
    if (!capabilities || issuer.base_path == "/" || issuer.base_path.empty()) return capabilities;
    auto base = decode_path(issuer.base_path);
    if (!base) return fail(errc::bad_scope, "the base path configured for this issuer is malformed");
    for (auto& c : *capabilities) c.segments.insert(c.segments.begin(), base->segments.begin(), base->segments.end());
    return capabilities;
}

std::vector<std::string> groups_of(json::object const& claims, dialect d, issuer_options const& issuer) {
    std::vector<std::string> out;
    add_groups(claims, issuer.groups_claim, out);
    if (d == dialect::oidc) {
        add_groups(claims, "entitlements", out);
        add_groups(claims, "eduperson_entitlement", out);
    }
    return out;
}

bool is_admin(principal const& who, issuer_options const& issuer) {
    auto const& subjects = issuer.admin_subjects;
    if (std::find(subjects.begin(), subjects.end(), who.subject) != subjects.end()) return true;
    auto holds = [&](std::string const& group) { return who.in_group(normalise_entitlement(group).value_or(group)); };
    return std::any_of(issuer.admin_groups.begin(), issuer.admin_groups.end(), holds);
}

principal_kind kind_of(json::object const& claims) {
    auto kind = text_claim(claims, "fjord.kind");
    if (kind == "service") return principal_kind::service;
    if (kind == "twin_run" || kind == "twin-run") return principal_kind::twin_run;
    return principal_kind::human;
}

// Capability beats group (WLCG v1.3): with any capability scope, even one of no use here, groups and what follows from them
// are left out, so that nobody downstream can decide on them by mistake.
void grant(principal& who, json::object const& claims, dialect d, issuer_options const& issuer) {
    who.asserted_groups = groups_of(claims, d, issuer);
    if (auto const* name = issuer.account_claim.empty() ? nullptr : find_claim(claims, issuer.account_claim))
        if (auto const* text = name->if_string()) who.account_hint = std::string(*text);
    if (!who.capabilities.empty()) return;
    who.groups = who.asserted_groups;
    if (is_admin(who, issuer)) who.roles.emplace_back("admin");
}

}  // namespace

result<checked_claims> check_claims(json::object const& claims, std::string_view typ, issuer_options const& issuer,
                                    std::vector<std::string> const& own_audiences, wall_time now) {
    if (text_claim(claims, "iss") != issuer.url) return fail(errc::unknown_issuer, "the token's issuer is not trusted here");
    if (auto ok = refuse_other_tokens(claims, typ, issuer); !ok) return ok.error();
    auto times = check_times(claims, issuer, now);
    if (!times) return times.error();
    auto d = dialect_of(claims, typ, issuer);
    if (!d) return d.error();
    auto subject = identifier(claims, "sub");
    if (!subject) return subject.error();
    auto token_id = identifier(claims, "jti");
    if (!token_id) return token_id.error();
    auto audience = audience_of(claims);
    if (!audience) return audience.error();
    if (!is_meant_for_us(*audience, *d, issuer, own_audiences))
        return fail(errc::bad_audience, wrong_audience(issuer, own_audiences));
    auto capabilities = capabilities_of(claims, *d, issuer);
    if (!capabilities) return capabilities.error();

    auto bound_to = bound_key(claims);
    if (!bound_to) return bound_to.error();

    checked_claims out;
    out.issued_at = times->issued_at;
    out.bound_to = std::move(*bound_to);
    auto& who = out.who;
    who.kind = kind_of(claims);
    who.issuer = issuer.url;
    who.subject = std::move(*subject);
    who.org = issuer.org.empty() ? text_claim(claims, "fjord.org").value_or("") : issuer.org;
    who.audience = std::move(*audience);
    who.capabilities = std::move(*capabilities);
    who.token_id = std::move(*token_id);
    who.expires = times->expires;
    who.upload_id = text_claim(claims, "fjord.upload").value_or("");
    grant(who, claims, *d, issuer);
    return out;
}

}  // namespace fjord::auth
