// /api/v1/signing-keys: the keys that sign our tokens; rotation on demand, and taking one out. Administrators only.
#include "broker/access.hpp"
#include "broker/body.hpp"

#include "auth/auth.hpp"
#include "auth/signing_keys.hpp"
#include "net/router.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

namespace fjord::broker {
namespace {

json::object render(auth::key_description const& k) {
    json::object o{{"kid", k.kid}, {"alg", auth::name_of(k.alg)}, {"state", auth::name_of(k.state)}};
    o["created"] = format_rfc3339(k.created);
    o["signs_from"] = format_rfc3339(k.use_from);
    if (k.kept_until) o["published_until"] = format_rfc3339(*k.kept_until);
    return o;
}

json::array rows_of(auth::signing_keys const& keys) {
    json::array rows;
    for (auto const& k : keys.list()) rows.push_back(render(k));
    return rows;
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    co_return list_response(req, "keys", rows_of(c.minter.keys()));
}

asio::awaitable<net::response> rotate(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    object_reader in(*body, "signing-keys");
    bool const at_once = in.boolean("at_once", false);
    if (auto done = in.done(); !done) co_return net::problem(done.error());
    auto& keys = c.minter.keys();
    auto work = [&keys, at_once] { return keys.rotate(at_once); };
    auto kids = co_await on_pool(c.pool, std::move(work));
    if (!kids) co_return net::problem(kids.error());
    c.verifier.forget_keys(c.opts.public_url);
    json::object o{{"new", json::value_from(*kids)}};
    o["keys"] = rows_of(keys);
    co_return net::json_response(201, o);
}

asio::awaitable<net::response> drop(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto& keys = c.minter.keys();
    auto work = [&keys, kid = req.params.at(0)] { return keys.drop(kid); };
    auto done = co_await on_pool(c.pool, std::move(work));
    if (!done) co_return net::problem(done.error());
    c.verifier.forget_keys(c.opts.public_url);
    co_return net::empty_response(204);
}

}  // namespace

void add_key_routes(net::router& r, core& c) {
    r.add("GET", "/api/v1/signing-keys", [&c](net::request& req) { return list(c, req); });
    r.add("POST", "/api/v1/signing-keys", [&c](net::request& req) { return rotate(c, req); });
    r.add("DELETE", "/api/v1/signing-keys/{kid}", [&c](net::request& req) { return drop(c, req); });
}

}  // namespace fjord::broker
