// The network source of keys against a real TLS server.
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "net/server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_tls.hpp"
#include "tests/unit/auth/support.hpp"

#include <atomic>

namespace fjord::auth::test {
namespace {

using ::testing::HasSubstr;

// What the issuer answers; set before the request.
struct pages {
    std::string issuer_name, keys;
    unsigned status = 200;
    bool redirect = false;
    std::atomic<int> requests{0};
};

class Oidc : public ::testing::Test {
protected:
    Oidc() : server(runtime, options(), serve(), metrics, time) {
        EXPECT_THAT(server.start(), IsOk());
        runtime.start();
        issuer.url = "https://localhost:" + std::to_string(server.endpoints()[0].port);
        issuer.ca = tls.ca;
        answer.issuer_name = issuer.url;
        answer.keys = jwks_of({key.jwk()});
    }
    ~Oidc() override {
        server.stop(milliseconds(0));
        runtime.stop();
    }

    net::server_options options() {
        net::server_options out;
        out.listen = {"https://127.0.0.1:0"};
        out.tls = {tls.certificate, tls.key};
        out.access_log = false;
        return out;
    }
    net::router const& serve() {
        auto* a = &answer;
        auto metadata = [a](net::request&) -> asio::awaitable<net::response> {
            ++a->requests;
            co_return net::json_response(200, json::object{{"issuer", a->issuer_name}, {"jwks_uri", a->issuer_name + "/jwk"}});
        };
        auto keys = [a](net::request&) -> asio::awaitable<net::response> {
            ++a->requests;
            if (a->redirect) co_return net::redirect_response(302, a->issuer_name + "/elsewhere");
            auto out = net::text_response(a->status, a->keys, "application/json");
            out.headers.set("Cache-Control", "max-age=7200");
            co_return out;
        };
        routes.add("GET", "/.well-known/openid-configuration", metadata);
        routes.add("GET", "/jwk", keys);
        routes.add("GET", "/elsewhere", keys);
        return routes;
    }
    result<key_source::keys> fetch() { return run(source->fetch(issuer)); }

    temp_dir dir;
    test_tls tls = make_test_tls(dir.str());
    test_key key = test_key::ec("k1");
    pages answer;
    manual_clock time;
    metrics_registry metrics;
    net::router routes;
    net::io_runtime runtime{1};
    net::http_server server;
    issuer_options issuer = trusted();
    blocking_pool pool{1, 16};
    std::shared_ptr<key_source> source = make_oidc_key_source(pool);
};

TEST_F(Oidc, KeysAreFoundByDiscovery) {
    auto keys = fetch();
    ASSERT_THAT(keys, IsOk());
    EXPECT_EQ(keys->jwks, answer.keys);
    EXPECT_EQ(keys->max_age, seconds{7200});
    EXPECT_EQ(answer.requests, 2);
}

TEST_F(Oidc, ATokenIsVerifiedOverTheNetwork) {
    verifier v({issuer}, {our_origin}, source, time);
    auto t = good_token(key);
    t.claims["iss"] = issuer.url;
    EXPECT_THAT(run(v.verify(t.signed_by(key))), IsOk());
    EXPECT_THAT(run(v.verify(t.signed_by(key))), IsOk());
    EXPECT_EQ(answer.requests, 2);
}

TEST_F(Oidc, A11_MetadataOfAnotherIssuerIsRefused) {
    answer.issuer_name += "/";
    EXPECT_THAT(fetch(), FailsWith(fjord::errc::invalid_argument, HasSubstr("another issuer")));
    EXPECT_EQ(answer.requests, 1);
}

TEST_F(Oidc, A12_RedirectsAreNotFollowed) {
    answer.redirect = true;
    EXPECT_THAT(fetch(), FailsWith(fjord::errc::unavailable, HasSubstr("302")));
    EXPECT_EQ(answer.requests, 2);
}

TEST_F(Oidc, ErrorPagesAreNoKeys) {
    answer.status = 503;
    EXPECT_THAT(fetch(), FailsWith(fjord::errc::unavailable, HasSubstr("503")));
}

TEST_F(Oidc, AnUntrustedCertificateIsRefused) {
    temp_dir other;
    issuer.ca = make_test_tls(other.str()).ca;
    EXPECT_THAT(fetch(), HasErrc(fjord::errc::unavailable));
    EXPECT_EQ(answer.requests, 0);
}

TEST_F(Oidc, AKeyFileNeedsNoNetwork) {
    issuer.jwks_file = dir.write("keys.json", answer.keys);
    auto keys = fetch();
    ASSERT_THAT(keys, IsOk());
    EXPECT_EQ(keys->jwks, answer.keys);
    EXPECT_EQ(answer.requests, 0);
    issuer.jwks_file = dir.path("absent.json");
    EXPECT_FALSE(fetch().has_value());
}

}  // namespace
}  // namespace fjord::auth::test
