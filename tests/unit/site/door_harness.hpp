#pragma once
// A real door: TLS on port 0, tokens of a real minter, a temporary directory as root. Two of them can copy from each other.
#include "net/client.hpp"
#include "net/server.hpp"
#include "site/door.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_tls.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

namespace fjord::site::test {

inline constexpr char const* issuer_url = "https://issuer.test";
inline constexpr char const* audience = "https://door.test";

// What doors and their clients share: certificates, an issuer, threads.
class world {
public:
    world() {
        tls = fjord::test::make_test_tls(dir.str());
        minter = std::make_unique<auth::minter>(auth::minter::open(issuer_url, dir.path("issuer.pem"), system_clock()).value());
        auth::issuer_options trusted;
        trusted.url = issuer_url;
        trusted.audience = {audience};
        auto keys = auth::make_fixed_key_source(issuer_url, minter->jwks(), nullptr);
        verifier =
            std::make_unique<auth::verifier>(std::vector{trusted}, std::vector<std::string>{audience}, keys, system_clock());
        client = std::make_unique<net::http_client>(net::client_options{.ca_file = tls.ca});
        runtime.start();
    }
    ~world() {
        client.reset();
        runtime.stop();
    }

    secret token(std::string scope, std::string upload_id = {}, std::string subject = "tester") const {
        auth::mint_request request;
        request.subject = std::move(subject);
        request.audience = {audience};
        request.scope = std::move(scope);
        request.upload_id = std::move(upload_id);
        return minter->mint(request);
    }

    template <class T>
    T run(net::asio::awaitable<T> work) {
        return net::run_blocking(runtime.context(0), std::move(work));
    }

    fjord::test::temp_dir dir;
    fjord::test::test_tls tls;
    std::unique_ptr<auth::minter> minter;
    std::unique_ptr<auth::verifier> verifier;
    blocking_pool pool{2, 1024};
    metrics_registry metrics;
    clock* time = &system_clock();  // the doors'
    net::io_runtime runtime{2};
    std::unique_ptr<net::http_client> client;
};

inline door_options local_options(std::string root) {
    door_options options;
    options.root = std::move(root);
    options.remotes.allow_local = true;
    options.marker_interval = std::chrono::milliseconds{20};
    return options;
}

// Starts to serve `options.root` with the world's threads.
class running_door {
public:
    running_door(world& w, door_options options, upload_registrar* registrar = nullptr, account_mapper* accounts = nullptr) {
        door_parts parts{*w.verifier, *w.client, w.pool, *w.time, w.metrics, registrar, accounts};
        opened_ = std::move(door::open(std::move(options), parts).value());
        opened_->add_routes(routes_);
        net::server_options server{.listen = {"https://127.0.0.1:0"}, .tls = {w.tls.certificate, w.tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(w.runtime, std::move(server), routes_, w.metrics, system_clock());
        server_->start().value();
    }
    ~running_door() { server_->stop(milliseconds{50}); }
    std::string url() const { return server_->endpoints().front().url; }

private:
    std::unique_ptr<door> opened_;
    net::router routes_;
    std::unique_ptr<net::http_server> server_;
};

class DoorTest : public ::testing::Test {
protected:
    using fields = std::vector<std::pair<std::string, std::string>>;

    void SetUp() override { start(local_options(root.str())); }
    void start(door_options options, upload_registrar* registrar = nullptr, account_mapper* accounts = nullptr) {
        site.reset();
        site = std::make_unique<running_door>(w, std::move(options), registrar, accounts);
    }

    net::client_response send(std::string method, std::string path, secret token, fields const& headers = {},
                              std::string body = {}) {
        net::client_request request;
        request.method = std::move(method);
        request.url = site->url() + path;
        request.bearer = std::move(token);
        request.body = std::move(body);
        for (auto const& [name, value] : headers) request.headers.add(name, value);
        auto answer = w.run(w.client->send(std::move(request)));
        EXPECT_TRUE(answer) << answer.error().message();
        return answer ? *answer : net::client_response{};
    }
    net::client_response send(std::string method, std::string path, std::string scope = all, fields const& headers = {},
                              std::string body = {}) {
        return send(std::move(method), std::move(path), scope.empty() ? secret{} : w.token(scope), headers, std::move(body));
    }
    net::client_response put(std::string path, std::string body, std::string scope = all, fields const& headers = {}) {
        return send("PUT", std::move(path), std::move(scope), headers, std::move(body));
    }

    bool exists(std::string const& name) const { return std::filesystem::exists(root.path(name)); }
    // Files waiting in the incoming folder.
    std::size_t incoming() const {
        std::size_t count = 0;
        for (auto const& unused : std::filesystem::directory_iterator(root.path(".fjord-in"))) ++count, (void)unused;
        return count;
    }
    // Until the door has noticed what a client did; at most two seconds.
    static bool soon(std::function<bool()> const& holds) {
        for (int i = 0; i < 200; ++i) {
            if (holds()) return true;
            std::this_thread::sleep_for(milliseconds{10});
        }
        return false;
    }

    static constexpr char const* all = "storage.read:/ storage.modify:/";
    world w;
    fjord::test::temp_dir root;
    std::unique_ptr<running_door> site;
};

}  // namespace fjord::site::test
