#include "cli/login/oidc_client.hpp"

#include "base/text.hpp"

namespace fjord::cli {
namespace {

constexpr std::chrono::milliseconds exchange_limit{15'000};
constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";

// application/x-www-form-urlencoded: unreserved characters as they are, all else escaped.
std::string encoded(std::string_view value) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (char const c : value) {
        auto const byte = static_cast<unsigned char>(c);
        if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~')
            out += c;
        else
            out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

error about(std::string const& what, error const& why) { return error(why.code, what + ": " + why.message()); }

}  // namespace

oidc_client::oidc_client(std::string const& ca) : runtime_(1) {
    net::client_options o;
    o.ca_file = ca;
    o.user_agent = "fjord-cli";
    http_ = std::make_unique<net::http_client>(std::move(o));
    runtime_.start();
}

oidc_client::~oidc_client() {
    http_.reset();
    runtime_.stop();
}

result<net::client_response> oidc_client::send(net::client_request request) {
    request.timeout = exchange_limit;
    request.max_body = max_answer_bytes;
    request.max_redirects = 0;
    request.headers.set("Accept", "application/json");
    auto const url = request.url;
    auto answer = net::run_blocking(runtime_.context(0), http_->send(std::move(request)));
    if (!answer) return about("asking " + url, answer.error());
    return answer;
}

result<net::client_response> oidc_client::post(std::string const& url, form fields) {
    net::client_request request;
    request.method = "POST";
    request.url = url;
    for (auto const& [name, value] : fields)
        if (!value.empty()) request.body += (request.body.empty() ? "" : "&") + name + "=" + encoded(value);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    return send(std::move(request));
}

result<provider_metadata> oidc_client::discover(std::string issuer) {
    if (!issuer.starts_with("https://")) return fail(errc::invalid_argument, "issuer " + issuer + ": logging in needs https");
    auto base = issuer;
    while (base.ends_with('/')) base.pop_back();
    net::client_request request;
    request.url = base + "/.well-known/openid-configuration";
    auto answer = send(std::move(request));
    if (!answer) return answer.error();
    if (answer->status != 200)
        return fail(errc::not_found, issuer + " is no OpenID provider: " + base + "/.well-known/openid-configuration answered " +
                                         std::to_string(answer->status));
    return read_metadata(answer->body, issuer);
}

result<device_code> oidc_client::begin(provider_metadata const& at, client_identity const& as, std::string const& scope,
                                       std::string const& audience) {
    auto answer = post(at.device_endpoint,
                       {{"client_id", as.id}, {"client_secret", as.key.reveal()}, {"scope", scope}, {"audience", audience}});
    if (!answer) return answer.error();
    if (answer->status == 200) return read_device_code(answer->body);
    auto why = read_token_answer(answer->status, answer->body);
    if (!why) return why.error();
    return fail(errc::denied, at.issuer + " does not let client " + as.id +
                                  " log anybody in: " + (why->refused ? text_of(*why->refused) : "no reason given"));
}

result<token_outcome> oidc_client::poll(std::string const& token_endpoint, client_identity const& as, device_code const& code) {
    auto answer = post(token_endpoint, {{"grant_type", std::string(device_grant)},
                                        {"device_code", code.code.reveal()},
                                        {"client_id", as.id},
                                        {"client_secret", as.key.reveal()}});
    if (!answer) return answer.error();
    return read_token_answer(answer->status, answer->body);
}

result<token_outcome> oidc_client::refresh(std::string const& token_endpoint, client_identity const& as,
                                           secret const& refresh_token) {
    auto answer = post(token_endpoint, {{"grant_type", "refresh_token"},
                                        {"refresh_token", refresh_token.reveal()},
                                        {"client_id", as.id},
                                        {"client_secret", as.key.reveal()}});
    if (!answer) return answer.error();
    return read_token_answer(answer->status, answer->body);
}

result<void> oidc_client::revoke(std::string const& revocation_endpoint, client_identity const& as, secret const& token,
                                 std::string_view hint) {
    auto answer = post(revocation_endpoint, {{"token", token.reveal()},
                                             {"token_type_hint", std::string(hint)},
                                             {"client_id", as.id},
                                             {"client_secret", as.key.reveal()}});
    if (!answer) return answer.error();
    if (answer->status == 200 || answer->status == 204) return {};
    return fail(answer->status >= 500 ? errc::unavailable : errc::denied,
                revocation_endpoint + " answered " + std::to_string(answer->status));
}

}  // namespace fjord::cli
