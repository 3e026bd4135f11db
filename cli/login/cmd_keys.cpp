// fjord token keys, rotate, drop-key: the keys that sign the broker's tokens. For administrators.
#include "cli/exit_code.hpp"
#include "cli/login/commands.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"

#include <boost/json/array.hpp>

namespace fjord::cli {
namespace {

int show(client_context& c, json::value const& answer) {
    table t({"KEY", "ALG", "STATE", "SIGNS FROM", "PUBLISHED UNTIL"});
    for (auto const& k : answer.at("keys").as_array()) {
        if (c.options().json) {
            print_json(k);
            continue;
        }
        t.add({member_text(k, "kid"), member_text(k, "alg"), member_text(k, "state"), member_text(k, "signs_from"),
               member_text(k, "published_until")});
    }
    if (!c.options().json) t.print();
    return exit_done;
}

}  // namespace

int list_keys(client_context& c) {
    auto answer = c.call("GET", "/api/v1/signing-keys");
    return answer ? show(c, *answer) : report(answer.error());
}

int rotate_keys(client_context& c, bool at_once) {
    auto answer = c.call("POST", "/api/v1/signing-keys", json::object{{"at_once", at_once}});
    return answer ? show(c, *answer) : report(answer.error());
}

int drop_key(client_context& c, std::string const& kid) {
    auto answer = c.call("DELETE", "/api/v1/signing-keys/" + encode_segment(kid));
    if (!answer) return report(answer.error());
    if (!c.options().quiet && !c.options().json)
        std::printf("Dropped %s: no token that it signed counts any more.\n", kid.c_str());
    return exit_done;
}

}  // namespace fjord::cli
