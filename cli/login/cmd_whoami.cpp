// fjord whoami: as whom the broker takes me, for how long, and where the token came from.
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

}  // namespace

int whoami(client_context& c) {
    auto answer = c.call("GET", "/api/v1/whoami");
    if (!answer) return report(answer.error());
    auto& who = answer->as_object();
    auto const expires = parse_rfc3339(member_text(*answer, "expires"));
    auto const now = system_clock().now();
    who["token_from"] = c.token_origin();
    who["broker"] = c.options().broker;
    if (expires) who["lifetime_s"] = std::chrono::duration_cast<seconds>(*expires - now).count();
    if (c.options().json) {
        print_json(*answer);
        return exit_done;
    }
    if (member_text(*answer, "anonymous") == "true") {
        std::printf("anonymous at %s: no token was found. Run fjord login, or give one with --token-file or BEARER_TOKEN.\n",
                    c.options().broker.c_str());
        return exit_done;
    }
    auto line = [](char const* name, std::string const& value) {
        if (!value.empty()) std::printf("%-12s %s\n", name, value.c_str());
    };
    for (auto const* name : {"subject", "issuer", "kind", "org", "groups", "roles", "scope", "audience"})
        if (auto const* v = who.if_contains(name)) line(name, list_text(*v));
    if (expires) line("expires", format_rfc3339(*expires) + " (in " + lifetime_text(*expires, now) + ")");
    line("token from", c.token_origin());
    line("broker", c.options().broker);
    return exit_done;
}

}  // namespace fjord::cli
