#include "auth/auth.hpp"
#include "auth/claims.hpp"
#include "auth/decision_cache.hpp"
#include "auth/dpop.hpp"
#include "auth/jwt.hpp"
#include "auth/key_cache.hpp"
#include "auth/replay_window.hpp"
#include "base/digest.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace fjord::auth {
namespace {

logger const log("auth");

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

    using answer = result<caller>;

    void install(std::vector<issuer_options> issuers);
    result<jwt> parse(std::string_view token, std::shared_ptr<trusted_issuer const>& issuer, algorithm& alg) const;
    std::shared_ptr<key_cache> make_keys(issuer_options const& options);
    std::optional<result<decision>> remembered(digest const& hash) const;
    asio::awaitable<result<decision>> decide(std::string const& text, digest const& hash);
    // What was verified before and still counts; else what deciding anew begins with.
    struct look {
        std::optional<result<decision>> known;
        std::uint64_t epoch = 0;  // taken first: what changes meanwhile makes the outcome count for this once only
        digest hash;
    };
    look find(std::string const& text);
    asio::awaitable<result<decision>> find_or_decide(std::string const& text);
    result<std::string> take_proof(presented_proof const& proof, std::string_view token);
    answer settle(decision const& what, std::string_view token, std::optional<presented_proof> const& proof);
    void changed() { epoch->fetch_add(1); }

    std::vector<std::string> const own_audiences;
    std::shared_ptr<key_source> const keys;
    clock& time;
    std::mutex replacing;  // whoever stores `issuers`
    std::atomic<std::shared_ptr<trusted_issuers const>> issuers{std::make_shared<trusted_issuers const>()};
    // Moves after every change that decisions rest on. Shared with the key caches, which may outlive us by a fetch.
    std::shared_ptr<std::atomic<std::uint64_t>> const epoch = std::make_shared<std::atomic<std::uint64_t>>(1);
    mutable decision_cache decisions;
    recent_tokens recent;
    revocation_set revoked;
    replay_window proofs{2 * proof_window, time.now()};
};

// Keys already fetched survive a reload when they would be fetched the same way again.
void verifier::impl::install(std::vector<issuer_options> list) {
    std::lock_guard one(replacing);
    auto before = issuers.load();
    auto after = std::make_shared<trusted_issuers>();
    for (auto& options : list) {
        auto entry = std::make_shared<trusted_issuer>();
        auto old = before->find(options.url);
        if (old != before->end() && fetches_alike(old->second->options, options))
            entry->keys = old->second->keys;
        else
            entry->keys = make_keys(options);
        entry->options = std::move(options);
        auto url = entry->options.url;
        log.info("issuer trusted",
                 {{"issuer", url},
                  {"paths_below", entry->options.base_path},
                  {"audience", entry->options.audience.empty() ? "our own origins" : entry->options.audience.front()},
                  {"any_audience", entry->options.allow_any_audience}});
        after->insert_or_assign(std::move(url), std::move(entry));
    }
    issuers.store(std::move(after));
    changed();
}

std::shared_ptr<key_cache> verifier::impl::make_keys(issuer_options const& options) {
    auto on_change = [moved = epoch] { moved->fetch_add(1); };
    return std::make_shared<key_cache>(options, keys, time, std::move(on_change));
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
std::optional<result<decision>> verifier::impl::remembered(digest const& hash) const {
    auto hit = decisions.find(hash, time.now());
    if (!hit) return std::nullopt;
    if (revoked.covers(hit->who->issuer, hit->who->token_id, hit->issued_at))
        return fail(errc::revoked, "the token has been revoked");
    auto known = issuers.load();
    auto found = known->find(hit->who->issuer);
    if (found == known->end() || found->second != hit->issuer || !found->second->keys->is_current(hit->keys.get()))
        return std::nullopt;
    return hit;
}

// The whole way: shape, issuer, algorithm, key, signature, claims, revocation.
asio::awaitable<result<decision>> verifier::impl::decide(std::string const& text, digest const& hash) {
    std::shared_ptr<trusted_issuer const> issuer;
    algorithm alg{};
    auto parsed = parse(text, issuer, alg);
    if (!parsed) co_return parsed.error();
    auto fetched = co_await issuer->keys->holding(parsed->kid);
    if (!fetched) co_return fetched.error();
    auto const* key = (*fetched)->find(parsed->kid, alg);
    if (!key) co_return fail(errc::bad_algorithm, "the token's algorithm does not fit its key");
    if (auto ok = verify_signature(alg, key->key, parsed->signing_input, parsed->signature); !ok) co_return ok.error();
    auto now = time.now();
    auto checked = check_claims(parsed->claims, parsed->typ, issuer->options, own_audiences, now);
    if (!checked) co_return checked.error();
    checked->who.token_hash = hash.hex();
    if (revoked.covers(checked->who.issuer, checked->who.token_id, checked->issued_at))
        co_return fail(errc::revoked, "the token has been revoked");
    auto who = std::make_shared<principal const>(std::move(checked->who));
    verified made{std::move(who), checked->issued_at, std::move(checked->bound_to), *fetched, issuer};
    auto done = std::make_shared<verified const>(std::move(made));
    decisions.put(hash, done, now);
    co_return done;
}

// The token is good; is it in the right hands? (RFC 9449 sections 4.3 and 7.1)
verifier::impl::answer verifier::impl::settle(decision const& what, std::string_view token,
                                              std::optional<presented_proof> const& proof) {
    if (what->bound_to.empty() && !proof) return what->who;
    if (what->bound_to.empty()) return fail(errc::bad_proof, "the token is not bound to a key; send it as Bearer");
    if (!proof)
        return fail(errc::proof_required,
                    "the token is bound to a key (cnf.jkt): send it as Authorization: DPoP, with a DPoP proof");
    auto shown = take_proof(*proof, token);
    if (!shown) return shown.error();
    if (*shown != what->bound_to) return fail(errc::bad_proof, "the DPoP proof is by another key than the token names");
    return what->who;
}

// Gives the thumbprint of the proof's key. The proof is spent, whatever it is used for.
result<std::string> verifier::impl::take_proof(presented_proof const& proof, std::string_view token) {
    auto now = time.now();
    auto shown = check_dpop_proof(proof, token, own_audiences, now);
    if (!shown) return shown.error();
    switch (proofs.admit(shown->thumbprint + shown->id, shown->issued_at, now)) {
        case replay_window::verdict::fresh:
            return shown->thumbprint;
        case replay_window::verdict::seen:
            return fail(errc::bad_proof, "the DPoP proof was used before; make one for each request");
        case replay_window::verdict::too_old:
            return fail(errc::bad_proof, "the DPoP proof is older than this service's memory; make a new one");
        case replay_window::verdict::overflow:
            break;
    }
    return fail(errc::bad_proof, "more DPoP proofs arrive than can be remembered; try again in a minute");
}

verifier::verifier(std::vector<issuer_options> issuers, std::vector<std::string> own_audiences, std::shared_ptr<key_source> keys,
                   clock& time)
    : impl_(std::make_shared<impl>(std::move(own_audiences), std::move(keys), time)) {
    impl_->install(std::move(issuers));
}

verifier::~verifier() = default;

verifier::impl::look verifier::impl::find(std::string const& text) {
    look out;
    out.epoch = epoch->load();
    if (auto known = recent.find(text, out.epoch, time.now())) {
        out.known.emplace(std::move(known));
        return out;
    }
    if (text.size() > max_token_bytes) {
        out.known.emplace(fail(errc::malformed, "the token is longer than 8 KiB"));
        return out;
    }
    out.hash = sha256_of(text);
    out.known = remembered(out.hash);
    if (out.known && *out.known) recent.put(text, **out.known, out.epoch, time.now());
    return out;
}

// `text` is the awaiting caller's and outlives this.
asio::awaitable<result<decision>> verifier::impl::find_or_decide(std::string const& text) {
    auto seen = find(text);
    if (seen.known) co_return std::move(*seen.known);
    auto decided = co_await decide(text, seen.hash);
    if (decided) recent.put(text, *decided, seen.epoch, time.now());
    co_return decided;
}

std::optional<result<caller>> verifier::recall(secret const& token, std::optional<presented_proof> const& proof) {
    auto known = impl_->find(token.reveal()).known;
    if (!known) return std::nullopt;
    if (!*known) return result<caller>(known->error());
    return impl_->settle(**known, token.reveal(), proof);
}

asio::awaitable<result<caller>> verifier::admit(secret token, std::optional<presented_proof> proof) {
    auto self = impl_;  // a reload or a stop while keys are fetched must not pull the ground away
    auto known = co_await self->find_or_decide(token.reveal());
    if (!known) co_return known.error();
    co_return self->settle(*known, token.reveal(), proof);
}

result<std::string> verifier::take_proof(presented_proof const& proof) { return impl_->take_proof(proof, {}); }

asio::awaitable<result<caller>> verifier::verify_held(secret token, std::string key_thumbprint) {
    auto self = impl_;
    auto known = co_await self->find_or_decide(token.reveal());
    if (!known) co_return known.error();
    auto const& bound_to = (*known)->bound_to;
    if (bound_to.empty() || bound_to == key_thumbprint) co_return (*known)->who;
    if (key_thumbprint.empty())
        co_return fail(errc::proof_required, "the token is bound to a key (cnf.jkt): send a DPoP proof by that key along");
    co_return fail(errc::bad_proof, "the DPoP proof is by another key than the token names");
}

asio::awaitable<result<principal>> verifier::verify(secret token) {
    auto who = co_await admit(std::move(token));
    if (!who) co_return who.error();
    co_return **who;
}

void verifier::replace_revocations(std::vector<revocation> list) {
    impl_->revoked.replace(std::move(list));
    impl_->changed();
}

void verifier::forget_keys(std::string const& issuer) {
    std::lock_guard one(impl_->replacing);
    auto after = std::make_shared<trusted_issuers>(*impl_->issuers.load());
    auto const found = after->find(issuer);
    if (found == after->end()) return;
    auto fresh = std::make_shared<trusted_issuer>();
    fresh->options = found->second->options;
    fresh->keys = impl_->make_keys(fresh->options);
    found->second = std::move(fresh);
    impl_->issuers.store(std::move(after));
    impl_->changed();
}

std::vector<std::string> verifier::issuers() const {
    std::vector<std::string> out;
    for (auto const& [url, issuer] : *impl_->issuers.load()) out.push_back(url);
    return out;
}

void verifier::replace_issuers(std::vector<issuer_options> issuers) { impl_->install(std::move(issuers)); }

}  // namespace fjord::auth
