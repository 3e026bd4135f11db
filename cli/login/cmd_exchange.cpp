// fjord token exchange: a narrow token out of mine, for a job that needs one dataset and no more (RFC 8693).
#include "cli/exit_code.hpp"
#include "cli/login/commands.hpp"
#include "cli/output.hpp"

#include "auth/exchange.hpp"
#include "base/dataset_uri.hpp"

namespace fjord::cli {
namespace {

std::string escaped(std::string_view value) {
    std::string out;
    for (char const c : encode_segment(value)) {
        // What encode_segment leaves as a path may have it means something in a form.
        if (c == '&' || c == '+' || c == '=' || c == ';')
            out += "%" + to_hex(std::as_bytes(std::span(&c, 1)));
        else
            out += c;
    }
    return out;
}

result<std::string> scope_of(exchange_args const& a) {
    std::vector<capability> all;
    for (auto const& text : a.uris) {
        auto uri = dataset_uri::parse(text);
        if (!uri) return uri.error();
        if (uri->item.empty())
            return fail(errc::invalid_argument, text + ": name an item or an asset; a token is not given for more");
        capability c{"storage." + a.action, {"data", uri->collection.str(), uri->item.str()}, false};
        if (!uri->asset.empty()) c.segments.push_back(uri->asset.str());
        all.push_back(std::move(c));
    }
    return auth::scope_text(all);
}

// {error, error_description} of RFC 6749 section 5.2.
error refused(net::client_response const& r) {
    auto const body = parse_json(r.body);
    auto const code = body ? member_text(*body, "error") : std::string();
    auto const why = body ? member_text(*body, "error_description") : std::string();
    auto const kind = code == "invalid_scope" || code == "invalid_target" ? errc::denied : errc_of_status(r.status);
    return fail(kind, "the broker gives no such token: " + (why.empty() ? "it answered " + std::to_string(r.status) : why));
}

}  // namespace

int exchange_token(client_context& c, exchange_args const& a) {
    auto scope = scope_of(a);
    if (!scope) return report(scope.error());
    auto mine = c.current_token();
    if (!mine) return report(mine.error());
    if (mine->empty()) return report(fail(errc::unauthenticated, "there is no token to exchange: run fjord login, or give one"));
    net::client_request request;
    request.method = "POST";
    request.url = c.options().broker + "/oauth/token";
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body =
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
        "&subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token=" +
        escaped(mine->reveal()) + "&scope=" + escaped(*scope);
    if (!a.audience.empty()) request.body += "&audience=" + escaped(a.audience);
    if (!a.purpose.empty()) request.body += "&purpose=" + escaped(a.purpose);
    auto answer = c.send(std::move(request));
    if (!answer)
        return report(error(answer.error().code, "asking the broker " + c.options().broker + ": " + answer.error().message()));
    if (answer->status != 200) return report(refused(*answer));
    auto body = parse_json(answer->body);
    if (!body) return report(body.error());
    if (c.options().json)
        print_json(*body);
    else
        std::printf("%s\n", member_text(*body, "access_token").c_str());
    return exit_done;
}

}  // namespace fjord::cli
