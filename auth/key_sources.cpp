#include "auth/auth.hpp"
#include "auth/discovery.hpp"
#include "auth/jwk.hpp"
#include "auth/signing_keys.hpp"
#include "base/file.hpp"
#include "base/pool.hpp"
#include "net/client.hpp"

#include <map>
#include <mutex>

namespace fjord::auth {
namespace {

constexpr std::chrono::milliseconds fetch_timeout{8'000};

error unavailable(std::string why) { return fail(fjord::errc::unavailable, std::move(why)); }

// Discovery and keys over https. One client per CA bundle, made on first use. Any thread.
class oidc_key_source final : public key_source {
public:
    explicit oidc_key_source(blocking_pool& pool) : pool_(pool) {}
    asio::awaitable<result<keys>> fetch(issuer_options const& issuer) override;

private:
    using client = std::shared_ptr<net::http_client>;
    client client_for(std::string const& ca);
    static asio::awaitable<result<net::client_response>> get(client from, std::string url);

    blocking_pool& pool_;
    std::mutex mutex_;
    std::map<std::string, client> clients_;  // guarded by mutex_
};

oidc_key_source::client oidc_key_source::client_for(std::string const& ca) {
    std::lock_guard lock(mutex_);
    auto& slot = clients_[ca];
    if (!slot) {
        net::client_options options;
        options.ca_file = ca;
        options.max_connections_per_host = 2;
        slot = std::make_shared<net::http_client>(std::move(options));
    }
    return slot;
}

// Only a 200 counts: an error page must never be taken for keys, and redirects are not followed (A12).
asio::awaitable<result<net::client_response>> oidc_key_source::get(client from, std::string url) {
    net::client_request request;
    request.url = url;
    request.timeout = fetch_timeout;
    request.max_body = max_jwks_bytes;
    request.max_redirects = 0;
    request.headers.set("Accept", "application/json");
    auto answer = co_await from->send(std::move(request));
    if (!answer) co_return unavailable(url + ": " + answer.error().message());
    if (answer->status != 200) co_return unavailable(url + " answered " + std::to_string(answer->status));
    co_return std::move(*answer);
}

asio::awaitable<result<key_source::keys>> oidc_key_source::fetch(issuer_options const& issuer) {
    if (!issuer.jwks_file.empty()) {
        auto read = [file = issuer.jwks_file] { return read_file(file, max_jwks_bytes); };
        auto text = co_await on_pool(pool_, std::move(read));
        if (!text) co_return text.error();
        co_return keys{std::move(*text), seconds{3600}};
    }
    auto address = discovery_url(issuer.url);
    if (!address) co_return address.error();
    auto from = client_for(issuer.ca);
    auto metadata = co_await get(from, *address);
    if (!metadata) co_return metadata.error();
    auto location = jwks_location(issuer.url, metadata->body);
    if (!location) co_return location.error();
    auto document = co_await get(from, *location);
    if (!document) co_return document.error();
    auto max_age = max_age_of(document->headers.get("Cache-Control"));
    co_return keys{std::move(document->body), max_age};
}

// One issuer's keys known beforehand (our own); the others elsewhere.
class fixed_key_source final : public key_source {
public:
    fixed_key_source(std::string issuer, std::string jwks, std::shared_ptr<key_source> others)
        : issuer_(std::move(issuer)), jwks_(std::move(jwks)), others_(std::move(others)) {}

    asio::awaitable<result<keys>> fetch(issuer_options const& issuer) override {
        if (issuer.url == issuer_) co_return keys{jwks_, seconds{6 * 3600}};
        if (!others_) co_return unavailable("no source of keys for " + issuer.url);
        co_return co_await others_->fetch(issuer);
    }

private:
    std::string const issuer_, jwks_;
    std::shared_ptr<key_source> const others_;
};

// Our own keys as they are at the moment of asking; the others elsewhere.
class own_key_source final : public key_source {
public:
    own_key_source(std::string issuer, std::shared_ptr<signing_keys const> own, std::shared_ptr<key_source> others)
        : issuer_(std::move(issuer)), own_(std::move(own)), others_(std::move(others)) {}

    asio::awaitable<result<keys>> fetch(issuer_options const& issuer) override {
        if (issuer.url == issuer_) co_return keys{own_->jwks(), own_->max_age()};
        if (!others_) co_return unavailable("no source of keys for " + issuer.url);
        co_return co_await others_->fetch(issuer);
    }

private:
    std::string const issuer_;
    std::shared_ptr<signing_keys const> const own_;
    std::shared_ptr<key_source> const others_;
};

}  // namespace

std::shared_ptr<key_source> make_oidc_key_source(blocking_pool& pool) { return std::make_shared<oidc_key_source>(pool); }

std::shared_ptr<key_source> make_fixed_key_source(std::string issuer, std::string jwks, std::shared_ptr<key_source> others) {
    return std::make_shared<fixed_key_source>(std::move(issuer), std::move(jwks), std::move(others));
}

std::shared_ptr<key_source> make_own_key_source(std::string issuer, std::shared_ptr<signing_keys const> keys,
                                                std::shared_ptr<key_source> others) {
    return std::make_shared<own_key_source>(std::move(issuer), std::move(keys), std::move(others));
}

}  // namespace fjord::auth
