#include "cli/client_context.hpp"

#include "base/config.hpp"
#include "base/file.hpp"
#include "cli/exit_code.hpp"
#include "net/retry.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace fjord::cli {
namespace {

std::string from_environment(char const* name) {
    auto const* value = std::getenv(name);
    return value ? value : "";
}

std::string strip(std::string text) {
    auto blank = [](unsigned char ch) { return std::isspace(ch) != 0; };
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
    text.erase(std::find_if_not(text.rbegin(), text.rend(), blank).base(), text.end());
    return text;
}

// RFC 6750 section 2.1: b64token.
bool is_token(std::string const& text) {
    auto good = [](unsigned char ch) {
        return std::isalnum(ch) || std::string_view("-._~+/=").find(static_cast<char>(ch)) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), good);
}

result<secret> checked(std::string text, std::string const& where) {
    text = strip(std::move(text));
    if (text.empty()) return secret();
    if (!is_token(text)) return fail(errc::invalid_argument, where + " does not hold a bearer token (RFC 6750)");
    return secret(std::move(text));
}

result<void> read_user_config(global_options& o) {
    auto home = from_environment("XDG_CONFIG_HOME");
    if (home.empty()) home = from_environment("HOME") + "/.config";
    auto const file = home + "/fjord/config.toml";
    if (access(file.c_str(), R_OK) != 0) return {};
    global_options from_file;
    config_table t;
    t.text("broker", &from_file.broker);
    t.text("ca", &from_file.ca);
    t.text("site", &from_file.site);
    t.text("token_file", &from_file.token_file);
    auto& login = from_file.login;
    t.section("login", "How people log in, where the broker does not say it");
    t.text("login.issuer", &login.issuer);
    t.text("login.client_id", &login.client_id);
    t.text("login.client_secret_file", &login.client_secret_file);
    t.text("login.scope", &login.scope);
    t.text("login.audience", &login.audience);
    t.text("login.ca", &login.ca);
    t.text("login.account", &login.account);
    if (auto parsed = t.parse_file(file); !parsed) return parsed.error();
    if (o.broker.empty()) o.broker = from_file.broker;
    if (o.ca.empty()) o.ca = from_file.ca;
    if (o.site.empty()) o.site = from_file.site;
    if (o.token_file.empty()) o.token_file = from_file.token_file;
    o.login = from_file.login;
    return {};
}

error from_problem(net::client_response const& r, std::string const& what) {
    std::string detail;
    if (auto value = parse_json(r.body); value && value->is_object()) {
        auto const& o = value->get_object();
        if (auto const* d = o.if_contains("detail"); d && d->is_string()) detail = std::string(d->get_string());
        if (auto const* id = o.if_contains("decision_id"); id && id->is_string())
            detail += " [decision " + std::string(id->get_string()) + "]";
    }
    if (detail.empty())
        detail = what + ": the broker answered " + std::to_string(r.status) + " " + std::string(net::reason_phrase(r.status));
    if (r.status == 401 && detail.find("token") == std::string::npos)
        detail += "; run `fjord login`, or give a token with --token-file or BEARER_TOKEN";
    return fail(errc_of_status(r.status), detail);
}

}  // namespace

result<void> complete(global_options& o) {
    if (o.broker.empty()) o.broker = from_environment("FJORD_BROKER");
    if (o.ca.empty()) o.ca = from_environment("FJORD_CA");
    if (o.site.empty()) o.site = from_environment("FJORD_SITE");
    if (auto ok = read_user_config(o); !ok) return ok.error();
    while (o.broker.ends_with('/')) o.broker.pop_back();
    return {};
}

result<found_token> discover_token_and_origin(std::string const& token_file) {
    auto from_file = [](std::string const& path) -> result<found_token> {
        auto text = read_file(path, 64u << 10);
        if (!text) return text.error();
        auto token = checked(std::move(*text), path);
        if (!token) return token.error();
        return found_token{std::move(*token), path};
    };
    if (!token_file.empty()) return from_file(token_file);
    if (auto text = strip(from_environment("BEARER_TOKEN")); !text.empty()) {
        auto token = checked(text, "BEARER_TOKEN");
        if (!token) return token.error();
        return found_token{std::move(*token), "BEARER_TOKEN"};
    }
    if (auto path = from_environment("BEARER_TOKEN_FILE"); !path.empty()) return from_file(path);
    auto const name = "/bt_u" + std::to_string(getuid());
    for (auto const& folder : {from_environment("XDG_RUNTIME_DIR"), std::string("/tmp")}) {
        if (folder.empty() || access((folder + name).c_str(), R_OK) != 0) continue;
        auto found = from_file(folder + name);
        if (!found || !found->token.empty()) return found;
    }
    return found_token{};
}

result<secret> discover_token(std::string const& token_file) {
    auto found = discover_token_and_origin(token_file);
    if (!found) return found.error();
    return std::move(found->token);
}

client_context::client_context(global_options o, secret token) : options_(std::move(o)), token_(std::move(token)), runtime_(1) {
    net::client_options c;
    c.ca_file = options_.ca;
    c.user_agent = "fjord-cli";
    http_ = std::make_unique<net::http_client>(std::move(c));
    runtime_.start();
}

client_context::client_context(global_options o, std::function<result<secret>()> token, std::string origin)
    : client_context(std::move(o), secret()) {
    renewed_token_ = std::move(token);
    token_origin_ = std::move(origin);
}

result<secret> client_context::current_token() {
    if (renewed_token_) {
        auto token = renewed_token_();
        if (!token) return token.error();
        token_ = std::move(*token);
    }
    return token_;
}

client_context::~client_context() {
    http_.reset();
    runtime_.stop();
}

result<net::client_response> client_context::send(net::client_request request) {
    return run(net::send_with_retry(*http_, std::move(request), {}));
}

result<net::client_response> client_context::call_raw(net::client_request request) {
    if (options_.broker.empty())
        return fail(errc::invalid_argument, "no broker is known: give --broker https://HOST:PORT or set FJORD_BROKER");
    auto const what = request.method + " " + request.url;
    request.url = options_.broker + request.url;
    auto token = current_token();
    if (!token) return token.error();
    request.bearer = std::move(*token);
    auto answer = send(std::move(request));
    if (!answer) return error(answer.error().code, "asking the broker " + options_.broker + ": " + answer.error().message());
    if (answer->status >= 400) return from_problem(*answer, what);
    return answer;
}

result<json::value> client_context::call(std::string method, std::string const& path, std::optional<json::value> body) {
    net::client_request request;
    request.method = std::move(method);
    request.url = path;
    request.max_body = 256u << 20;
    if (body) {
        request.body = json::serialize(*body);
        request.headers.set("Content-Type", "application/json");
    }
    auto answer = call_raw(std::move(request));
    if (!answer) return answer.error();
    if (answer->body.empty()) return json::value(nullptr);
    return parse_json(answer->body, {256u << 20, 128});
}

}  // namespace fjord::cli
