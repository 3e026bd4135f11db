#include "auth/minter.hpp"

#include "auth/signing_keys.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr seconds backdate{60};

json::value list_or_one(std::vector<std::string> const& texts) {
    if (texts.size() == 1) return json::value(texts.front());
    return json::value_from(texts);
}

// A token for everybody is a token for whoever steals it.
bool is_narrow(std::vector<std::string> const& audience) {
    auto wide = [](std::string const& a) {
        return a.empty() || a == "ANY" || a == "*" || a == "https://wlcg.cern.ch/jwt/v1/any";
    };
    return !audience.empty() && std::none_of(audience.begin(), audience.end(), wide);
}

std::int64_t unix_seconds(wall_time t) { return std::chrono::duration_cast<seconds>(t.time_since_epoch()).count(); }

}  // namespace

struct minter::impl {
    std::string issuer;
    std::shared_ptr<signing_keys> keys;
    clock* time = nullptr;

    json::object claims_of(mint_request const& request) const;
};

json::object minter::impl::claims_of(mint_request const& request) const {
    auto const now = unix_seconds(time->now());
    json::object c;
    c["iss"] = issuer;
    c["sub"] = request.subject;
    c["aud"] = list_or_one(request.audience);
    c["iat"] = now;
    c["nbf"] = now - backdate.count();
    c["exp"] = now + std::min(request.lifetime, keys->longest_life()).count();
    c["jti"] = new_ulid();
    c["wlcg.ver"] = "1.0";
    if (!request.scope.empty()) c["scope"] = request.scope;
    // WLCG wants scope or groups; an identity without either says so with an empty list.
    if (!request.groups.empty() || request.scope.empty()) c["wlcg.groups"] = json::value_from(request.groups);
    if (!request.upload_id.empty()) c["fjord.upload"] = request.upload_id;
    if (!request.org.empty()) c["fjord.org"] = request.org;
    if (!request.kind.empty()) c["fjord.kind"] = request.kind;
    if (!request.key_thumbprint.empty()) c["cnf"] = json::object{{"jkt", request.key_thumbprint}};
    if (!request.act.empty())
        if (auto act = parse_json(request.act, {4u << 10, 8})) c["act"] = std::move(*act);
    return c;
}

minter::minter(std::string issuer_url, std::shared_ptr<signing_keys> keys, clock& time) : impl_(std::make_unique<impl>()) {
    impl_->issuer = std::move(issuer_url);
    impl_->keys = std::move(keys);
    impl_->time = &time;
}
minter::minter(minter&&) noexcept = default;
minter& minter::operator=(minter&&) noexcept = default;
minter::~minter() = default;

result<minter> minter::open(std::string issuer_url, std::string const& key_file, clock& time) {
    auto keys = signing_keys::fixed(key_file, time);
    if (!keys) return keys.error();
    return minter(std::move(issuer_url), std::move(*keys), time);
}

secret minter::mint(mint_request const& request) const {
    if (!is_narrow(request.audience)) {
        log.error("a token without a proper audience was refused", {{"subject", request.subject}, {"scope", request.scope}});
        return {};
    }
    return sign(json::serialize(impl_->claims_of(request)), request.signature);
}

secret minter::sign(std::string const& claims, algorithm a) const {
    auto token = impl_->keys->signer(a)->sign(claims);
    if (token.empty()) log.error("a token could not be signed", {{"issuer", impl_->issuer}});
    return token;
}

std::string minter::jwks() const { return impl_->keys->jwks(); }
std::string const& minter::issuer() const noexcept { return impl_->issuer; }
signing_keys& minter::keys() const noexcept { return *impl_->keys; }

}  // namespace fjord::auth
