#include "auth/revocation.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <tuple>

namespace fjord::auth {
namespace {

constexpr std::size_t max_list_bytes = 16u << 20;  // about 230,000 tokens

bool is_fingerprint(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

error not_a_list(std::string_view why) { return fail(errc::invalid_argument, "not a list of revocations: " + std::string(why)); }

result<revocation> read_issuer(json::value const& value) {
    object_reader in(value, "issuers");
    revocation out;
    out.issuer = in.string("issuer");
    auto const before = parse_rfc3339(in.string("issued_before"));
    if (!before) return not_a_list("issued_before: " + before.error().message());
    out.issued_before = *before;
    if (out.issuer.empty()) return not_a_list("an issuer without a name");
    return out;
}

}  // namespace

std::string token_fingerprint(std::string_view issuer, std::string_view token_id) {
    return sha256_of(std::string(issuer) + '\n' + std::string(token_id)).hex();
}

std::string write_revocations(std::vector<revocation> list) {
    std::sort(list.begin(), list.end(), [](revocation const& a, revocation const& b) {
        return std::tie(a.token, a.issuer, a.issued_before) < std::tie(b.token, b.issuer, b.issued_before);
    });
    json::array issuers, tokens;
    for (auto const& r : list) {
        if (!r.token.empty())
            tokens.push_back(json::value(r.token));
        else
            issuers.push_back(json::object{{"issuer", r.issuer}, {"issued_before", format_rfc3339(r.issued_before)}});
    }
    return json::serialize(json::object{{"issuers", std::move(issuers)}, {"tokens", std::move(tokens)}});
}

result<std::vector<revocation>> read_revocations(std::string_view text) {
    auto document = parse_json(text, {.max_bytes = max_list_bytes, .max_depth = 8});
    if (!document) return not_a_list(document.error().message());
    auto const* object = document->if_object();
    auto const* issuers = object ? object->if_contains("issuers") : nullptr;
    auto const* tokens = object ? object->if_contains("tokens") : nullptr;
    if (!issuers || !issuers->is_array() || !tokens || !tokens->is_array())
        return not_a_list("issuers and tokens must be arrays");
    std::vector<revocation> out;
    for (auto const& value : issuers->get_array()) {
        auto one = read_issuer(value);
        if (!one) return one.error();
        out.push_back(std::move(*one));
    }
    for (auto const& value : tokens->get_array()) {
        if (!value.is_string() || !is_fingerprint(value.get_string())) return not_a_list("a token is not named by 64 hex digits");
        out.push_back({std::string(value.get_string()), {}, {}});
    }
    return out;
}

void revocation_set::replace(std::vector<revocation> list) {
    auto next = std::make_shared<snapshot>();
    for (auto& r : list) {
        if (!r.token.empty()) {
            next->tokens.insert(std::move(r.token));
            continue;
        }
        auto& limit = next->issued_before.try_emplace(std::move(r.issuer), r.issued_before).first->second;
        limit = std::max(limit, r.issued_before);
    }
    now_.store(std::move(next));
}

bool revocation_set::covers(std::string_view issuer, std::string_view token_id, wall_time issued_at) const {
    auto const now = now_.load();
    if (!now->tokens.empty() && now->tokens.contains(token_fingerprint(issuer, token_id))) return true;
    auto const limit = now->issued_before.find(issuer);
    return limit != now->issued_before.end() && issued_at < limit->second;
}

}  // namespace fjord::auth
