// Long answers and bodies over plain and TLS connections, and clients that read slowly, speak up in the middle or vanish.
#include "net/resident.hpp"
#include "tests/unit/net/harness.hpp"
#include "tests/unit/net/tls_client.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <filesystem>

namespace fjord::net::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string numbers(std::size_t size) {
    std::string out;
    out.reserve(size + 8);
    for (int i = 0; out.size() < size; ++i) out += std::to_string(i) + "\n";
    out.resize(size);
    return out;
}

std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

asio::awaitable<response> count_body(request& req) {
    std::vector<char> room(1u << 20);
    std::uint64_t sum = 0, size = 0;
    for (;;) {
        auto const got = co_await req.body->read_some(room);
        if (!got) co_return problem(got.error());
        if (*got == 0) break;
        size += *got;
        for (std::size_t i = 0; i < *got; ++i) sum += static_cast<unsigned char>(room[i]);
    }
    co_return text_response(200, std::to_string(size) + " " + std::to_string(sum));
}

struct transport_test : ::testing::Test {
    static constexpr std::size_t size = 9'000'001;  // more than a turn of the server, and than any socket buffer

    transport_test() : tls(make_test_tls(dir.str())), content(numbers(size)) {
        dir.write("f", content);
        file = std::make_shared<unique_fd>(::open(dir.path("f").c_str(), O_RDWR | O_CLOEXEC));
        router r;
        r.add("GET", "/file", [this](request&) -> asio::awaitable<response> {
            response out;
            out.body = file_body{file, 0, size};
            co_return out;
        });
        r.add("GET", "/text", [this](request&) -> asio::awaitable<response> {
            response out;
            out.body = std::shared_ptr<std::string const>(std::shared_ptr<void>(), &content);
            co_return out;
        });
        r.add("GET", "/hello", [](request&) -> asio::awaitable<response> { co_return text_response(200, "hello"); });
        r.add("PUT", "/count", &count_body, {.max_body = 0});
        server_options options;
        options.listen = {"http://127.0.0.1:0", "https://127.0.0.1:0"};
        options.tls = {tls.certificate, tls.key};
        options.access_log = false;
        server = std::make_unique<test_server>(std::move(r), options);
    }
    std::uint16_t tls_port() const { return server->server.endpoints()[1].port; }

    void drop_from_memory() {
        ::fsync(file->get());
        ::posix_fadvise(file->get(), 0, 0, POSIX_FADV_DONTNEED);
    }
    // Sessions that are gone have given their place back, and the server goes on.
    void expect_health() {
        auto& open = server->metrics.gauge("fjord_http_connections", "Open client connections");
        EXPECT_TRUE(eventually([&] { return open.value() == 0; }));
        EXPECT_EQ(exchange_once(server->port(), get("/hello")).body, "hello");
    }

    temp_dir dir;
    test_tls tls;
    std::string content;
    std::shared_ptr<unique_fd> file;
    std::unique_ptr<test_server> server;
};

TEST_F(transport_test, long_answers_arrive_whole_at_a_slow_reader) {
    for (auto const* path : {"/text", "/file"}) {
        raw_client plain(server->port());
        plain.send(get(path));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the connection fills up
        EXPECT_EQ(plain.read().body, content) << path;
        tls_client secure(tls_port(), TLS1_3_VERSION, 8192);
        secure.send(get(path));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_THAT(secure.read_until("\r\n\r\n"), HasSubstr("Content-Length: 9000001\r\n"));
        EXPECT_EQ(secure.read(size), content) << path;
    }
}

TEST_F(transport_test, what_is_not_in_memory_is_sent_from_disk) {
    drop_from_memory();
    raw_client plain(server->port());
    plain.send(get("/file"));
    EXPECT_EQ(plain.read().body, content);
    drop_from_memory();
    tls_client secure(tls_port());
    secure.send(get("/file"));
    secure.read_until("\r\n\r\n");
    EXPECT_EQ(secure.read(size), content);
}

TEST_F(transport_test, residence_is_told_and_made) {
    drop_from_memory();
    if (resident_length(file->get(), 0, size) != 0) GTEST_SKIP() << "this file system keeps files in memory, or cannot tell";
    make_resident(file->get(), 100, size - 100);
    EXPECT_EQ(resident_length(file->get(), 100, size - 100), size - 100);
    EXPECT_EQ(resident_length(file->get(), 0, 0), 0u);
    EXPECT_EQ(resident_length(-1, 0, 10), 0u);
}

TEST_F(transport_test, a_file_that_shrinks_while_it_is_sent_is_cut_and_not_filled_up) {
    for (bool const secure : {false, true}) {
        dir.write("f", content);
        raw_client plain(server->port());
        tls_client over_tls(tls_port(), TLS1_3_VERSION, 8192);
        auto const request = get("/file");
        secure ? over_tls.send(request) : plain.send(request);
        if (secure)
            over_tls.read_until("\r\n\r\n");
        else
            plain.read_until("\r\n\r\n");
        std::filesystem::resize_file(dir.path("f"), 5'000'000);  // the connection holds less than that back
        std::string got;
        if (secure)
            got = over_tls.read(size);
        else
            got = plain.read_to_end();
        EXPECT_LT(got.size(), size);
        auto const body = secure ? got : got.substr(got.find("\r\n\r\n") + 4);
        EXPECT_EQ(body, content.substr(0, body.size())) << secure;
        if (secure) {
            EXPECT_FALSE(over_tls.heard_goodbye());
        } else {
            EXPECT_TRUE(plain.was_reset());
        }
    }
    dir.write("f", content);
    expect_health();
}

TEST_F(transport_test, a_client_that_vanishes_in_the_middle_leaves_nothing_behind) {
    {
        for (auto const* path : {"/text", "/file"}) {
            raw_client plain(server->port());
            plain.send(get(path));
            plain.more();
            tls_client secure(tls_port(), TLS1_3_VERSION, 8192);
            secure.send(get(path));
            secure.read(100);
            secure.vanish();
        }
    }
    expect_health();
}

TEST_F(transport_test, large_bodies_come_in_over_tls_in_many_pieces) {
    std::uint64_t sum = 0;
    for (char c : content) sum += static_cast<unsigned char>(c);
    auto const expected = std::to_string(size) + " " + std::to_string(sum);
    auto const head = "PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
    tls_client secure(tls_port());
    ASSERT_TRUE(secure.send(head));
    ASSERT_TRUE(secure.send(content));
    EXPECT_THAT(secure.read_until(expected), EndsWith(expected));
    EXPECT_TRUE(secure.send(get("/hello")));
    EXPECT_THAT(secure.read_until("hello"), EndsWith("hello"));
    raw_client plain(server->port());
    ASSERT_TRUE(plain.send(head) && plain.send(content));
    EXPECT_EQ(plain.read().body, expected);
}

TEST_F(transport_test, tls_bodies_of_every_small_size_arrive) {
    tls_client secure(tls_port());
    for (std::size_t n : {1u, 2u, 100u, 4095u, 4096u, 8191u, 8192u, 8193u, 16383u, 16384u, 16385u, 40000u}) {
        auto const body = content.substr(0, n);
        ASSERT_TRUE(secure.send("PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(n) + "\r\n\r\n" + body));
        auto const answer = secure.read_until("\r\n\r\n" + std::to_string(n) + " ");
        EXPECT_THAT(answer, HasSubstr("200 OK")) << n;
        std::uint64_t sum = 0;
        for (char c : body) sum += static_cast<unsigned char>(c);
        EXPECT_EQ(secure.read(std::to_string(sum).size()), std::to_string(sum));
    }
}

TEST_F(transport_test, keys_are_updated_between_and_inside_of_exchanges) {
    tls_client secure(tls_port(), TLS1_3_VERSION, 8192);
    ASSERT_TRUE(secure.update_keys());
    secure.send(get("/hello"));
    EXPECT_THAT(secure.read_until("hello"), EndsWith("hello"));
    secure.send(get("/file"));
    secure.read_until("\r\n\r\n");
    EXPECT_EQ(secure.read(100'000), content.substr(0, 100'000));
    ASSERT_TRUE(secure.update_keys());
    EXPECT_EQ(secure.read(size - 100'000), content.substr(100'000));
    secure.send(get("/hello"));
    EXPECT_THAT(secure.read_until("hello"), EndsWith("hello"));
}

TEST_F(transport_test, renegotiation_is_refused) {
    {
        tls_client secure(tls_port(), TLS1_2_VERSION);
        EXPECT_FALSE(secure.renegotiate());
    }
    expect_health();
}

TEST_F(transport_test, an_orderly_end_is_said_and_understood) {
    {
        tls_client secure(tls_port());
        secure.send(get("/hello", "Connection: close\r\n"));
        EXPECT_THAT(secure.read(100'000), EndsWith("hello"));
        EXPECT_TRUE(secure.heard_goodbye());
        tls_client polite(tls_port());
        polite.send(get("/hello"));
        polite.read_until("hello");
        polite.say_goodbye();
        EXPECT_EQ(polite.read(1), "");
        EXPECT_TRUE(polite.heard_goodbye());
        tls_client rude(tls_port());
        rude.send(get("/hello"));
        rude.read_until("hello");
        rude.end_without_goodbye();
        EXPECT_EQ(rude.read(1), "");
    }
    expect_health();
}

TEST_F(transport_test, a_body_cut_short_over_tls_is_not_taken_for_whole) {
    {
        tls_client secure(tls_port());
        secure.send("PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this");
        secure.end_without_goodbye();
        EXPECT_EQ(secure.read_until("\r\n\r\n"), "") << "the connection is broken; nothing more is said on it";
    }
    expect_health();
}

}  // namespace
}  // namespace fjord::net::test
