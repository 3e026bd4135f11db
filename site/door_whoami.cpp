// "What may this token do here": the caller as the door sees it, the paths below the root that the token reaches once the
// issuer's base path is in front of its scopes, and the account that its files belong to. Answers the holder of a token only.
#include "site/door_core.hpp"

#include "auth/auth.hpp"
#include "site/listing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_from.hpp>

#include <map>
#include <set>

namespace fjord::site {

namespace {

namespace json = boost::json;

// Path -> what may be done at and below it; sorted, so that the answer is the same each time.
using effective = std::map<std::string, std::set<std::string>>;

std::string path_of(path_segments const& segments, bool directory) {
    return segments.empty() ? "/" : href_of({}, segments, directory);
}

effective paths_of(door_core const& core, principal const& who) {
    effective out;
    for (auto const& c : who.capabilities) {
        if (!c.verb.starts_with("storage.")) continue;
        auto& may = out[path_of(c.segments, c.directory_only)];
        may.insert(c.verb.substr(8));
        if (c.verb != "storage.poll") may.insert("stat");
        if (c.verb == "storage.modify") may.insert("create");
    }
    for (auto const& rule : core.options.groups) {
        auto const path = decode_path(rule.path);
        if (!path) continue;
        auto const granted = core.groups.at(who, path->segments);
        if (!granted.read && !granted.write) continue;
        auto& may = out[path_of(path->segments, false)];
        may.insert("stat");
        if (granted.read) may.insert("read");
        if (granted.write) may.insert({"create", "modify"});
    }
    for (auto const& path : core.public_paths) out[path_of(path, false)].insert({"read", "stat"});
    return out;
}

json::array as_json(effective const& paths) {
    json::array out;
    for (auto const& [path, may] : paths) out.push_back(json::object{{"path", path}, {"may", json::value_from(may)}});
    return out;
}

}  // namespace

asio::awaitable<net::response> handle_whoami(core_ptr core, net::request& req) {
    if (auto refused = co_await auth::authenticate(req, core->parts.tokens, core->options.realm)) co_return std::move(*refused);
    auto const& who = *req.caller;
    json::object o{{"anonymous", who.is_anonymous()}};
    if (!who.is_anonymous()) {
        o["subject"] = who.subject;
        o["issuer"] = who.issuer;
        o["org"] = who.org;
        o["groups"] = json::value_from(who.groups);
        o["audience"] = json::value_from(who.audience);
        if (who.expires) o["expires"] = format_rfc3339(*who.expires);
    }
    o["storage"] = as_json(paths_of(*core, who));
    if (core->parts.accounts) {
        auto account = co_await core->parts.accounts->account_for(who);
        if (account)
            o["account"] = (*account)->name;
        else
            o["account_missing"] = account.error().message();
    }
    auto answer = net::json_response(200, o);
    answer.headers.set("Cache-Control", "no-store");
    co_return answer;
}

}  // namespace fjord::site
