#include "auth/auth.hpp"
#include "auth/claims.hpp"
#include "auth/decision_cache.hpp"
#include "auth/jwt.hpp"
#include "auth/key_cache.hpp"
#include "base/digest.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <map>

namespace fjord::auth {
namespace {

// One configured issuer. A new object per configuration, so that its address says which configuration was used.
struct trusted_issuer {
    issuer_options options;
    std::shared_ptr<key_cache> keys;
};

using trusted_issuers = std::map<std::string, std::shared_ptr<trusted_issuer const>, std::less<>>;

bool fetches_alike(issuer_options const& a, issuer_options const& b) {
    return a.url == b.url && a.ca == b.ca && a.jwks_file == b.jwks_file;
}

}  // namespace

struct verifier::impl {
    impl(std::vector<std::string> audiences, std::shared_ptr<key_source> source, clock& clk)
        : own_audiences(std::move(audiences)), keys(std::move(source)), time(clk) {}

    void install(std::vector<issuer_options> issuers);
    result<jwt> parse(std::string_view token, std::shared_ptr<trusted_issuer const>& issuer, algorithm& alg) const;
    std::optional<result<principal>> remembered(std::string const& hash);
    seconds longest_life() const;

    std::vector<std::string> const own_audiences;
    std::shared_ptr<key_source> const keys;
    clock& time;
    std::atomic<std::shared_ptr<trusted_issuers const>> issuers{std::make_shared<trusted_issuers const>()};
    decision_cache decisions;
    revocations revoked;
};

// Keys already fetched survive a reload when they would be fetched the same way again.
void verifier::impl::install(std::vector<issuer_options> list) {
    auto before = issuers.load();
    auto after = std::make_shared<trusted_issuers>();
    for (auto& options : list) {
        auto entry = std::make_shared<trusted_issuer>();
        auto old = before->find(options.url);
        if (old != before->end() && fetches_alike(old->second->options, options))
            entry->keys = old->second->keys;
        else
            entry->keys = std::make_shared<key_cache>(options, keys, time);
        entry->options = std::move(options);
        auto url = entry->options.url;
        after->insert_or_assign(std::move(url), std::move(entry));
    }
    issuers.store(std::move(after));
}

seconds verifier::impl::longest_life() const {
    seconds longest{0};
    for (auto const& [url, issuer] : *issuers.load()) longest = std::max(longest, issuer->options.max_lifetime);
    return longest + clock_skew;
}

// The trusted list first (A10), then the issuer's algorithms (A01, A03): no network for either.
result<jwt> verifier::impl::parse(std::string_view token, std::shared_ptr<trusted_issuer const>& issuer, algorithm& alg) const {
    auto parsed = parse_jwt(token);
    if (!parsed) return parsed.error();
    auto const* iss = parsed->claims.if_contains("iss");
    auto known = issuers.load();
    auto found = iss && iss->is_string() ? known->find(std::string_view(iss->get_string())) : known->end();
    if (found == known->end()) return fail(errc::unknown_issuer, "the token's issuer is not trusted here");
    issuer = found->second;
    auto const& accepted = issuer->options.algorithms;
    auto named = algorithm_named(parsed->alg);
    if (!named || std::find(accepted.begin(), accepted.end(), parsed->alg) == accepted.end())
        return fail(errc::bad_algorithm, "the token's algorithm is not accepted from this issuer");
    alg = *named;
    return parsed;
}

// What was verified before, unless the keys or the configuration it rests on have changed, or it was revoked since.
std::optional<result<principal>> verifier::impl::remembered(std::string const& hash) {
    auto hit = decisions.find(hash, time.now());
    if (!hit) return std::nullopt;
    if (revoked.covers(*hit->who, hit->issued_at)) return fail(errc::revoked, "the token has been revoked");
    auto known = issuers.load();
    auto found = known->find(hit->who->issuer);
    if (found == known->end() || found->second != hit->issuer || !found->second->keys->is_current(hit->keys.get()))
        return std::nullopt;
    return *hit->who;
}

verifier::verifier(std::vector<issuer_options> issuers, std::vector<std::string> own_audiences, std::shared_ptr<key_source> keys,
                   clock& time)
    : impl_(std::make_shared<impl>(std::move(own_audiences), std::move(keys), time)) {
    impl_->install(std::move(issuers));
}

verifier::~verifier() = default;

asio::awaitable<result<principal>> verifier::verify(secret token) {
    auto self = impl_;  // a reload or a stop while keys are fetched must not pull the ground away
    auto const& text = token.reveal();
    if (text.size() > max_token_bytes) co_return fail(errc::malformed, "the token is longer than 8 KiB");
    auto hash = sha256_of(text).hex();
    if (auto known = self->remembered(hash)) co_return std::move(*known);

    std::shared_ptr<trusted_issuer const> issuer;
    algorithm alg{};
    auto parsed = self->parse(text, issuer, alg);
    if (!parsed) co_return parsed.error();
    auto keys = co_await issuer->keys->holding(parsed->kid);
    if (!keys) co_return keys.error();
    auto const* key = (*keys)->find(parsed->kid, alg);
    if (!key) co_return fail(errc::bad_algorithm, "the token's algorithm does not fit its key");
    if (auto ok = verify_signature(alg, key->key, parsed->signing_input, parsed->signature); !ok) co_return ok.error();
    auto now = self->time.now();
    auto checked = check_claims(parsed->claims, parsed->typ, issuer->options, self->own_audiences, now);
    if (!checked) co_return checked.error();
    checked->who.token_hash = hash;
    if (self->revoked.covers(checked->who, checked->issued_at)) co_return fail(errc::revoked, "the token has been revoked");
    auto who = std::make_shared<principal const>(std::move(checked->who));
    self->decisions.put(hash, {who, checked->issued_at, *keys, issuer}, now);
    co_return *who;
}

void verifier::revoke_token(std::string jti) {
    impl_->revoked.revoke_token(std::move(jti), impl_->time.now(), impl_->longest_life());
}

void verifier::revoke_issuer_before(std::string const& issuer, wall_time issued_before) {
    impl_->revoked.revoke_issuer_before(issuer, issued_before);
}

void verifier::replace_issuers(std::vector<issuer_options> issuers) { impl_->install(std::move(issuers)); }

}  // namespace fjord::auth
