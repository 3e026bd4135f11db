// fjord whoami: as whom the broker (or, --at, a site door) takes me, for how long, what I may do there, and where the token came
// from.
#include "cli/exit_code.hpp"
#include "cli/login/commands.hpp"
#include "cli/output.hpp"

#include <boost/json/array.hpp>

namespace fjord::cli {
namespace {

std::string list_text(json::value const& v) {
    if (!v.is_array()) return text_of(v);
    std::string out;
    for (auto const& one : v.get_array()) out += (out.empty() ? "" : " ") + text_of(one);
    return out.empty() ? "-" : out;
}

std::string lifetime_text(wall_time expires, wall_time now) {
    auto const left = std::chrono::duration_cast<seconds>(expires - now).count();
    if (left < 120) return std::to_string(left) + " s";
    if (left < 2 * 3600) return std::to_string(left / 60) + " min";
    return std::to_string(left / 3600) + " h";
}

// What the door at `at` says about the token, which goes there and nowhere else. errc::unsupported: it is no Fjord door.
result<json::value> ask_door(client_context& c, std::string at) {
    while (at.ends_with('/')) at.pop_back();
    auto token = c.current_token();
    if (!token) return token.error();
    net::client_request request;
    request.url = at + "/.well-known/fjord-whoami";
    request.bearer = *token;
    auto answer = c.send(std::move(request));
    if (!answer) return answer.error();
    if (answer->status == 404)
        return fail(errc::unsupported, at + " is no Fjord door: it does not tell what a token may do there");
    if (answer->status != 200) {
        auto const problem = parse_json(answer->body);
        auto const detail = problem ? member_text(*problem, "detail") : std::string();
        auto const kind = answer->status == 401   ? errc::unauthenticated
                          : answer->status == 403 ? errc::denied
                                                  : errc::unavailable;
        return fail(kind, at + " answers with status " + std::to_string(answer->status) + (detail.empty() ? "" : ": " + detail));
    }
    return parse_json(answer->body);
}

void print_paths(json::value const& answer) {
    auto const* paths = answer.as_object().if_contains("storage");
    if (!paths || !paths->is_array()) return;
    if (paths->get_array().empty())
        std::printf("%-12s %s\n", "may", "nothing: no scope, group or public path reaches anything here");
    for (auto const& one : paths->get_array())
        if (auto const* o = one.if_object(); o && o->contains("may"))
            std::printf("%-12s %s: %s\n", "may", member_text(one, "path").c_str(), list_text(o->at("may")).c_str());
}

}  // namespace

int whoami(client_context& c, std::string const& at) {
    auto answer = at.empty() ? c.call("GET", "/api/v1/whoami") : ask_door(c, at);
    if (!answer) return report(answer.error());
    if (!answer->is_object()) return report(fail(errc::unavailable, "the answer to whoami makes no sense"));
    auto& who = answer->as_object();
    auto const expires = parse_rfc3339(member_text(*answer, "expires"));
    auto const now = system_clock().now();
    who["token_from"] = c.token_origin();
    who[at.empty() ? "broker" : "site"] = at.empty() ? c.options().broker : at;
    if (expires) who["lifetime_s"] = std::chrono::duration_cast<seconds>(*expires - now).count();
    if (c.options().json) {
        print_json(*answer);
        return exit_done;
    }
    if (member_text(*answer, "anonymous") == "true") {
        std::printf("anonymous at %s: no token was found. Run fjord login, or give one with --token-file or BEARER_TOKEN.\n",
                    at.empty() ? c.options().broker.c_str() : at.c_str());
        print_paths(*answer);
        return exit_done;
    }
    auto line = [](char const* name, std::string const& value) {
        if (!value.empty()) std::printf("%-12s %s\n", name, value.c_str());
    };
    for (auto const* name :
         {"subject", "issuer", "kind", "org", "groups", "roles", "scope", "audience", "account", "account_missing"})
        if (auto const* v = who.if_contains(name)) line(name, list_text(*v));
    if (expires) line("expires", format_rfc3339(*expires) + " (in " + lifetime_text(*expires, now) + ")");
    line("token from", c.token_origin());
    line(at.empty() ? "broker" : "site", at.empty() ? c.options().broker : at);
    print_paths(*answer);
    return exit_done;
}

}  // namespace fjord::cli
