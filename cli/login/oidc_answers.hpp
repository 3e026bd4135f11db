#pragma once
// What an OpenID provider answers, read with limits: metadata (OpenID Connect Discovery 1.0, RFC 8414), device codes (RFC 8628
// section 3.2), tokens and errors (RFC 6749 section 5). Texts that are shown to a person lose their control characters. Pure.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cli {

inline constexpr std::size_t max_answer_bytes = 256u << 10;

struct provider_metadata {
    std::string issuer, device_endpoint, token_endpoint, revocation_endpoint;  // the last may be empty
    std::vector<std::string> scopes;
};
// `issuer`: what was asked for; the document must name it byte for byte, and endpoints must be https. errc::invalid_argument,
// errc::unsupported when it has no device flow.
result<provider_metadata> read_metadata(std::string_view body, std::string_view issuer);

// "openid", and of what the provider offers: offline_access, groups and entitlements.
std::string usual_scope(provider_metadata const& provider);

struct device_code {
    secret code;
    std::string user_code, uri, uri_complete;  // uri_complete may be empty
    seconds lifetime{600}, interval{5};
};
result<device_code> read_device_code(std::string_view body);

struct token_answer {
    secret access, refresh;  // refresh may be empty
    std::string scope;       // empty: as asked for
    std::optional<seconds> lifetime, refresh_lifetime;
};
// `status` and `body` of the token endpoint. A refusal of RFC 6749 section 5.2 comes back as oauth_refused.
struct oauth_refused {
    std::string code, description;
};
struct token_outcome {
    std::optional<token_answer> tokens;
    std::optional<oauth_refused> refused;
};
result<token_outcome> read_token_answer(unsigned status, std::string_view body);

// The sentence for a person: "invalid_grant (Token is not active)".
std::string text_of(oauth_refused const& r);

}  // namespace fjord::cli
