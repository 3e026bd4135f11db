#include "cli/login/oidc_agent.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

using namespace fjord::test;
using ::testing::HasSubstr;

// Takes one request on a Unix socket and answers in pieces, as a program that frames nothing may.
class OidcAgent : public ::testing::Test {
protected:
    void answer_with(std::vector<std::string> parts) {
        auto const path = dir.path("agent.sock");
        sockaddr_un a{};
        a.sun_family = AF_UNIX;
        std::strncpy(a.sun_path, path.c_str(), sizeof a.sun_path - 1);
        listener = unique_fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
        ASSERT_EQ(::listen(listener.get(), 1), 0);
        ::setenv("OIDC_SOCK", path.c_str(), 1);
        agent = std::jthread([this, parts = std::move(parts)] {
            unique_fd const peer(::accept(listener.get(), nullptr, nullptr));
            char buffer[4096];
            auto const n = ::read(peer.get(), buffer, sizeof buffer);
            if (n > 0) request.assign(buffer, static_cast<std::size_t>(n));
            for (auto const& p : parts)
                if (::write(peer.get(), p.data(), p.size()) < 0) return;
        });
    }
    void TearDown() override { ::unsetenv("OIDC_SOCK"); }

    temp_dir dir;
    unique_fd listener;
    std::string request;
    std::jthread agent;
};

TEST_F(OidcAgent, GivesATokenOfTheIssuer) {
    answer_with(
        {R"({"status":"success","access_tok)", R"(en":"a.b.c","issuer":"https://idp.example/","expires_at":1795270307})"});
    auto const token = ask_agent({"", "https://idp.example", "openid", ""});
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(token->token.reveal(), "a.b.c");
    EXPECT_EQ(token->issuer, "https://idp.example/");
    EXPECT_EQ(*token->expires, wall_time{seconds{1795270307}});
    agent.join();
    auto const sent = parse_json(request).value();
    EXPECT_EQ(sent.at("request"), "access_token");
    EXPECT_EQ(sent.at("issuer"), "https://idp.example");
    EXPECT_EQ(sent.at("scope"), "openid");
    EXPECT_EQ(sent.at("min_valid_period"), 60);
}

TEST_F(OidcAgent, AnAccountIsAskedForByName) {
    auto const sent = parse_json(render_agent_request({"mine", "https://idp.example", "", "aud"})).value();
    EXPECT_EQ(sent.at("account"), "mine");
    EXPECT_FALSE(sent.as_object().contains("issuer"));
    EXPECT_EQ(sent.at("audience"), "aud");
}

TEST_F(OidcAgent, ItsOwnWordsAreTold) {
    answer_with({R"({"status":"failure","error":"No account with that issuer","info":"Load it with oidc-add"})"});
    EXPECT_THAT(ask_agent({"", "https://idp.example", "", ""}), FailsWith(errc::not_found, HasSubstr("oidc-add")));
}

TEST_F(OidcAgent, NonsenseAndSilenceAreFailures) {
    answer_with({"nonsense"});
    EXPECT_THAT(ask_agent({}), FailsWith(errc::unavailable, HasSubstr("not a JSON object")));
    EXPECT_THAT(parse_agent_answer(""), HasErrc(errc::unavailable));
    EXPECT_THAT(parse_agent_answer("[]"), HasErrc(errc::unavailable));
    EXPECT_THAT(parse_agent_answer(R"({"status":"success"})"), HasErrc(errc::unavailable));
    ::setenv("OIDC_SOCK", dir.path("nobody.sock").c_str(), 1);
    EXPECT_THAT(ask_agent({}), FailsWith(errc::unavailable, HasSubstr("OIDC_SOCK")));
    ::setenv("OIDC_SOCK", std::string(300, 'x').c_str(), 1);
    EXPECT_THAT(ask_agent({}), FailsWith(errc::unavailable, HasSubstr("too long")));
}

}  // namespace
}  // namespace fjord::cli
