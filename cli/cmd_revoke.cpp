// fjord token revoke|restore: tokens refused before their time, in the whole federation.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "auth/jwt.hpp"
#include "base/dataset_uri.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <iostream>
#include <iterator>

namespace fjord::cli {
namespace {

result<std::string> text_of_claim(json::object const& claims, std::string_view name) {
    auto const* v = claims.if_contains(name);
    if (v && v->is_string()) return std::string(v->get_string());
    return fail(errc::invalid_argument, "the token has no claim " + std::string(name));
}

// Issuer and id out of the token itself, which is not sent anywhere.
result<void> read_leaked_token(std::string const& file, json::object& body) {
    std::string text;
    if (file == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        auto read = read_file(file, 16u << 10);
        if (!read) return read.error();
        text = std::move(*read);
    }
    auto const start = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
    if (start == std::string::npos) return fail(errc::invalid_argument, file + " holds no token");
    auto token = auth::parse_jwt(std::string_view(text).substr(start, end + 1 - start));
    if (!token) return token.error();
    auto issuer = text_of_claim(token->claims, "iss"), id = text_of_claim(token->claims, "jti");
    if (!issuer) return issuer.error();
    if (!id) return id.error();
    body["issuer"] = *issuer;
    body["jti"] = *id;
    return {};
}

}  // namespace

int revoke_token(client_context& c, revoke_args const& a) {
    json::object body;
    if (!a.token.empty()) {
        if (auto ok = read_leaked_token(a.token, body); !ok) return report(ok.error());
    } else {
        body["issuer"] = a.issuer;
        if (!a.jti.empty()) body["jti"] = a.jti;
        if (!a.issued_before.empty())
            body["issued_before"] = a.issued_before == "now" ? format_rfc3339(system_clock().now()) : a.issued_before;
    }
    if (!a.reason.empty()) body["reason"] = a.reason;
    auto answer = c.call("POST", "/api/v1/revocations", json::value(std::move(body)));
    if (!answer) return report(answer.error());
    if (c.options().json)
        print_json(*answer);
    else if (!c.options().quiet)
        std::printf("revoked; take it back with: fjord token restore %s\n", member_text(*answer, "id").c_str());
    return exit_done;
}

int restore_token(client_context& c, std::string const& id) {
    auto answer = c.call("DELETE", "/api/v1/revocations/" + encode_segment(id));
    if (!answer) return report(answer.error());
    if (!c.options().quiet && !c.options().json) std::printf("not revoked any more: %s\n", id.c_str());
    return exit_done;
}

}  // namespace fjord::cli
