// Keys from the network, with the files of the system JWKS cache before and behind it.
#include "auth/auth.hpp"
#include "auth/jwk.hpp"
#include "auth/jwks_cache.hpp"
#include "auth/key_ring.hpp"
#include "base/log.hpp"
#include "base/pool.hpp"

#include <algorithm>
#include <mutex>
#include <set>

namespace fjord::auth {
namespace {

logger const log("auth");

class cached_key_source final : public key_source {
public:
    cached_key_source(std::shared_ptr<key_source> network, jwks_cache files, blocking_pool& pool, clock& time)
        : network_(std::move(network)), files_(std::make_shared<jwks_cache const>(std::move(files))), pool_(pool), time_(time) {}

    asio::awaitable<result<keys>> fetch(issuer_options const& issuer) override;

private:
    bool is_first(std::string const& issuer) {
        std::lock_guard lock(mutex_);
        return asked_.insert(issuer).second;
    }
    asio::awaitable<std::optional<cached_jwks>> read(std::string issuer);
    asio::awaitable<void> keep(std::string issuer, keys fetched);
    keys second_hand(cached_jwks const& entry, bool due) const;

    std::shared_ptr<key_source> const network_;
    std::shared_ptr<jwks_cache const> const files_;
    blocking_pool& pool_;
    clock& time_;
    std::mutex mutex_;
    std::set<std::string> asked_;  // guarded by mutex_; issuers are configured, so there are few
};

// The first fetch of this process is answered by a file that is not due yet; later ones ask the network, or a rotation would not
// be seen. When the network fails, a file that has not expired serves, and is asked about again soon.
asio::awaitable<result<key_source::keys>> cached_key_source::fetch(issuer_options const& issuer) {
    auto const name = issuer.url;
    if (!issuer.jwks_file.empty()) co_return co_await network_->fetch(issuer);  // a file already
    if (is_first(name)) {
        auto kept = co_await read(name);
        if (kept && kept->next_update && time_.now() < *kept->next_update) co_return second_hand(*kept, false);
    }
    auto fetched = co_await network_->fetch(issuer);
    if (fetched)  // an error page is no keys
        if (auto usable = parse_jwks(fetched->jwks); !usable) fetched = usable.error();
    if (fetched) {
        co_await keep(name, *fetched);
        co_return fetched;
    }
    auto kept = co_await read(name);
    if (!kept) co_return fetched;
    log.warn("issuer keys are taken from the JWKS cache", {{"issuer", name}, {"reason", fetched.error().message()}});
    co_return second_hand(*kept, true);
}

asio::awaitable<std::optional<cached_jwks>> cached_key_source::read(std::string issuer) {
    auto look = [files = files_, issuer, now = time_.now()]() -> result<std::optional<cached_jwks>> {
        return files->read(issuer, now);
    };
    auto found = co_await on_pool(pool_, std::move(look));
    co_return found ? std::move(*found) : std::nullopt;
}

// A directory that cannot be written costs the next start its head start and nothing else.
asio::awaitable<void> cached_key_source::keep(std::string issuer, keys fetched) {
    auto const now = time_.now();
    auto const fresh = std::clamp(fetched.max_age, key_ring::min_fresh, key_ring::max_fresh);
    cached_jwks entry{std::move(fetched.jwks), now + key_ring::lifetime, now + fresh};
    auto store = [files = files_, issuer, entry = std::move(entry)] { return files->write(issuer, entry); };
    auto kept = co_await on_pool(pool_, std::move(store));
    if (!kept)
        log.warn("issuer keys cannot be kept for the next start", {{"issuer", issuer}, {"reason", kept.error().message()}});
}

key_source::keys cached_key_source::second_hand(cached_jwks const& entry, bool due) const {
    auto const now = time_.now();
    auto const until = [now](wall_time t) { return std::chrono::duration_cast<seconds>(t - now); };
    keys out{entry.jwks, seconds{0}};
    if (!due && entry.next_update) out.max_age = until(*entry.next_update);
    out.lifetime = until(entry.expiration);
    out.second_hand = true;
    return out;
}

}  // namespace

std::shared_ptr<key_source> make_cached_key_source(std::shared_ptr<key_source> network, std::string directory,
                                                   blocking_pool& pool, clock& time) {
    return std::make_shared<cached_key_source>(std::move(network), jwks_cache(std::move(directory)), pool, time);
}

}  // namespace fjord::auth
