// What an OpenID provider and oidc-agent answer to `fjord login`: nothing that is taken may carry a control character to the
// terminal, or a character into a header that no token has.
#include "cli/login/oidc_agent.hpp"
#include "cli/login/oidc_answers.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void must_be_clean(std::string_view text) {
    for (char const c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
}

void must_be_a_token(std::string_view text) {
    for (char const c : text)
        if (c <= ' ' || c > '~') std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto m = cli::read_metadata(text, "https://idp.example"); m) {
        if (m->issuer != "https://idp.example" || !m->token_endpoint.starts_with("https://")) std::abort();
        cli::usual_scope(*m);
    }
    if (auto c = cli::read_device_code(text); c) {
        must_be_clean(c->user_code + c->uri + c->uri_complete);
        if (c->interval < seconds{1} || c->lifetime > seconds{86400}) std::abort();
    }
    for (unsigned const status : {200u, 400u, 500u}) {
        auto answer = cli::read_token_answer(status, text);
        if (!answer) continue;
        if (answer->refused) must_be_clean(cli::text_of(*answer->refused));
        if (!answer->tokens) continue;
        must_be_a_token(answer->tokens->access.reveal());
        must_be_a_token(answer->tokens->refresh.reveal());
        must_be_clean(answer->tokens->scope);
    }
    if (auto token = cli::parse_agent_answer(text); token && token->token.empty()) std::abort();
    return 0;
}
