// TLS end to end: our client against our server, certificate reload, files over TLS.
#include "tests/unit/net/harness.hpp"

#include "tests/support/run.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <openssl/ssl.h>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <filesystem>

namespace fjord::net::test {
namespace {

using ::testing::HasSubstr;

asio::awaitable<response> hello(request& req) { co_return text_response(200, req.base_url + " " + (req.tls ? "tls" : "plain")); }

server_options tls_options(test_tls const& tls) {
    auto out = plain_options();
    out.listen = {"https://127.0.0.1:0"};
    out.tls = {tls.certificate, tls.key};
    return out;
}

client_request get(std::string url) {
    client_request out;
    out.url = std::move(url);
    out.timeout = std::chrono::seconds(10);
    return out;
}

client_options trusting(test_tls const& tls) {
    client_options out;
    out.ca_file = tls.ca;
    return out;
}

router sample() {
    router r;
    r.add("GET", "/", hello);
    return r;
}

TEST(server_tls, serves_a_client_that_trusts_its_authority) {
    temp_dir dir;
    auto const tls = make_test_tls(dir.str());
    test_server s(sample(), tls_options(tls));
    http_client client(trusting(tls));
    auto const out = run(client.send(get(s.url("/"))));
    ASSERT_THAT(out, IsOk());
    EXPECT_EQ(out->body, s.url("") + " tls");
}

TEST(server_tls, is_refused_by_a_client_that_does_not) {
    temp_dir dir, other;
    auto const tls = make_test_tls(dir.str());
    test_server s(sample(), tls_options(tls));
    http_client client(trusting(make_test_tls(other.str())));
    EXPECT_THAT(run(client.send(get(s.url("/")))), FailsWith(errc::unavailable, HasSubstr("not trusted")));
}

TEST(server_tls, plain_http_to_a_tls_port_fails_cleanly) {
    temp_dir dir;
    test_server s(sample(), tls_options(make_test_tls(dir.str())));
    raw_client c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(c.read_to_end(), ::testing::Not(HasSubstr("200 OK")));
}

TEST(server_tls, reload_swaps_the_certificate_for_new_sessions) {
    temp_dir dir, kept;
    auto const tls = make_test_tls(dir.str());
    std::filesystem::copy_file(tls.ca, kept.path("old-ca.pem"));
    test_server s(sample(), tls_options(tls));
    client_options old_trust;
    old_trust.ca_file = kept.path("old-ca.pem");
    http_client old_session(old_trust);
    ASSERT_THAT(run(old_session.send(get(s.url("/")))), IsOk());

    make_test_tls(dir.str());  // new authority, new certificate, same paths
    ASSERT_THAT(s.server.reload_tls(), IsOk());
    EXPECT_THAT(run(old_session.send(get(s.url("/")))), IsOk()) << "a session that exists keeps its certificate";
    http_client newcomer(trusting(tls)), old_newcomer(old_trust);
    EXPECT_THAT(run(newcomer.send(get(s.url("/")))), IsOk());
    EXPECT_THAT(run(old_newcomer.send(get(s.url("/")))), HasErrc(errc::unavailable));

    dir.write("host.pem", "garbage");
    EXPECT_THAT(s.server.reload_tls(), FailsWith(errc::invalid_argument, HasSubstr("host.pem")));
    http_client after(trusting(tls));
    EXPECT_THAT(run(after.send(get(s.url("/")))), IsOk()) << "the old certificate stays in use";
}

TEST(server_tls, refuses_a_key_that_does_not_fit) {
    temp_dir dir, other;
    auto const tls = make_test_tls(dir.str());
    auto options = tls_options(tls);
    options.tls.key = make_test_tls(other.str()).key;
    metrics_registry metrics;
    manual_clock time;
    io_runtime runtime(1);
    router const routes = sample();
    EXPECT_THAT(http_server(runtime, options, routes, metrics, time).start(), HasErrc(errc::invalid_argument));
}

TEST(server_tls, sends_files_whole) {
    temp_dir dir;
    auto const tls = make_test_tls(dir.str());
    std::string content;
    for (int i = 0; content.size() < 3'000'000; ++i) content += std::to_string(i) + "\n";
    auto const path = dir.write("f", content);
    file_body const file{std::make_shared<unique_fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), 7, content.size() - 7};
    router r;
    r.add("GET", "/f", [file](request&) -> asio::awaitable<response> {
        response out;
        out.body = file;
        co_return out;
    });
    test_server s(std::move(r), tls_options(tls));
    http_client client(trusting(tls));
    auto const out = run(client.send(get(s.url("/f"))));
    ASSERT_THAT(out, IsOk());
    EXPECT_EQ(out->body, content.substr(7));
}

// A handshake by hand, to look at what was negotiated.
TEST(server_tls, speaks_1_2_and_1_3_and_names_http_1_1) {
    temp_dir dir;
    test_server s(sample(), tls_options(make_test_tls(dir.str())));
    for (int version : {TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
        asio::io_context context;
        asio::ssl::context ssl(asio::ssl::context::tls_client);
        SSL_CTX_set_min_proto_version(ssl.native_handle(), version);
        SSL_CTX_set_max_proto_version(ssl.native_handle(), version);
        SSL_CTX_set_security_level(ssl.native_handle(), 0);
        unsigned char const offered[] = "\x02h2\x08http/1.1";
        SSL_CTX_set_alpn_protos(ssl.native_handle(), offered, sizeof offered - 1);
        asio::ssl::stream<asio::ip::tcp::socket> stream(context, ssl);
        stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), s.port()});
        boost::system::error_code ec;
        stream.handshake(asio::ssl::stream_base::client, ec);
        if (version == TLS1_1_VERSION) {
            EXPECT_TRUE(ec) << "TLS 1.1 must be refused";
            continue;
        }
        ASSERT_FALSE(ec) << ec.message();
        unsigned char const* chosen = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(stream.native_handle(), &chosen, &size);
        EXPECT_EQ(std::string_view(reinterpret_cast<char const*>(chosen), size), "http/1.1");
    }
}

}  // namespace
}  // namespace fjord::net::test
