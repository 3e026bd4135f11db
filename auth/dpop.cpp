#include "auth/dpop.hpp"

#include "auth/jwk.hpp"
#include "auth/jwt.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

constexpr std::size_t max_id_bytes = 128;

error bad(std::string why) { return fail(errc::bad_proof, std::move(why)); }

std::string_view text_of(json::object const& o, std::string_view name) {
    auto const* v = o.if_contains(name);
    return v && v->is_string() ? std::string_view(v->get_string()) : std::string_view{};
}

// Header: typ, an asymmetric algorithm and the public key that goes with it.
result<public_key> read_key(compact_jws const& proof, algorithm& alg) {
    if (media_subtype(text_of(proof.header, "typ")) != "dpop+jwt") return bad("the DPoP proof's typ is not dpop+jwt");
    if (proof.header.contains("crit")) return bad("the DPoP proof demands a header extension that is not known here");
    auto const named = algorithm_named(text_of(proof.header, "alg"));
    if (!named) return bad("the DPoP proof's algorithm is none of " + std::string(proof_algorithms));
    auto const* jwk = proof.header.if_contains("jwk");
    if (!jwk || !jwk->is_object()) return bad("the DPoP proof carries no key (jwk)");
    auto key = parse_public_key(jwk->get_object());
    if (!key) return bad("the DPoP proof's key: " + key.error().message());
    if (!fits(*named, key->family)) return bad("the DPoP proof's algorithm does not fit its key");
    alg = *named;
    return key;
}

bool same_target(std::string_view claimed, std::string_view path, std::vector<std::string> const& own_origins) {
    auto const wanted = normal_target_uri(claimed);
    return !wanted.empty() && std::any_of(own_origins.begin(), own_origins.end(), [&](std::string const& origin) {
        return normal_target_uri(origin + std::string(path)) == wanted;
    });
}

result<wall_time> read_issued_at(json::object const& claims, wall_time now) {
    auto const* iat = claims.if_contains("iat");
    double const at = !iat               ? -1
                      : iat->is_int64()  ? static_cast<double>(iat->get_int64())
                      : iat->is_double() ? iat->get_double()
                                         : -1;
    if (!(at >= 0 && at < 1e11)) return bad("the DPoP proof's iat is missing or not a time");
    wall_time const issued{milliseconds{static_cast<std::int64_t>(at * 1000)}};
    if (issued + proof_window < now || issued > now + proof_window)
        return bad("the DPoP proof is not of this minute; make one for each request and check the clock");
    return issued;
}

// Escapes in one spelling: unreserved characters plain, the others with capital digits. Broken escapes stay as they are.
std::string normal_escapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int const high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        int const low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low < 0) {
            out += text[i];
            continue;
        }
        char const c = static_cast<char>(high * 16 + low);
        if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~')
            out += c;
        else
            out += {'%', "0123456789ABCDEF"[high], "0123456789ABCDEF"[low]};
        i += 2;
    }
    return out;
}

}  // namespace

std::string normal_target_uri(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    auto const colon = url.find("://");
    if (colon == std::string_view::npos) return {};
    auto const scheme = to_lower(url.substr(0, colon));
    if (scheme != "https" && scheme != "http") return {};
    url.remove_prefix(colon + 3);
    auto const slash = std::min(url.find('/'), url.size());
    auto host = to_lower(url.substr(0, slash));
    if (host.empty() || host.find('@') != std::string::npos) return {};
    std::string_view const default_port = scheme == "https" ? ":443" : ":80";
    if (host.ends_with(default_port)) host.resize(host.size() - default_port.size());
    auto const path = url.substr(slash);
    return scheme + "://" + host + (path.empty() ? "/" : normal_escapes(path));
}

result<dpop_proof> check_dpop_proof(presented_proof const& sent, std::string_view token,
                                    std::vector<std::string> const& own_origins, wall_time now) {
    auto proof = parse_compact_jws(sent.proof, "the DPoP proof");
    if (!proof) return bad(proof.error().message());
    algorithm alg{};
    auto key = read_key(*proof, alg);
    if (!key) return key.error();
    if (!verify_signature(alg, key->key, proof->signing_input, proof->signature))
        return bad("the DPoP proof's signature does not hold");
    auto const& claims = proof->claims;
    if (text_of(claims, "htm") != sent.method) return bad("the DPoP proof is for another method (htm)");
    if (!same_target(text_of(claims, "htu"), sent.path, own_origins)) return bad("the DPoP proof is for another URL (htu)");
    auto issued = read_issued_at(claims, now);
    if (!issued) return issued.error();
    auto const hash = sha256_of(token);
    if (!token.empty() &&
        text_of(claims, "ath") != base64url_encode({reinterpret_cast<char const*>(hash.bytes().data()), hash.bytes().size()}))
        return bad("the DPoP proof is for another token (ath)");
    auto const id = text_of(claims, "jti");
    if (id.empty() || id.size() > max_id_bytes) return bad("the DPoP proof's jti is missing or longer than 128 bytes");
    return dpop_proof{key->thumbprint, std::string(id), *issued};
}

}  // namespace fjord::auth
