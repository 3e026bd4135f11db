// POST /api/v1/resolve: "give me this dataset here, now, by its URI".
#include "broker/body.hpp"
#include "broker/rendering.hpp"
#include "broker/resolve.hpp"

#include "catalog/catalog.hpp"
#include "net/router.hpp"

namespace fjord::broker {
namespace {

result<resolve_request> read_request(json::value const& body) {
    object_reader in(body, "resolve");
    resolve_request r;
    auto const uri = in.string("uri");
    r.site = in.string("site", "");
    r.need = in.string("need", "url");
    r.purpose = in.optional_string("purpose");
    if (auto done = in.done(); !done) return done.error();
    auto parsed = dataset_uri::parse(uri);
    if (!parsed) return parsed.error();
    r.uri = std::move(*parsed);
    if (r.need != "url" && r.need != "path" && r.need != "fill")
        return fail(errc::invalid_argument, "resolve: need must be url, path or fill");
    return r;
}

// An item or a collection: its assets, without places; the caller resolves those it wants.
asio::awaitable<net::response> list_below(core& c, net::request& req, resolve_request what) {
    catalog::asset_ref const ref{what.uri.collection, what.uri.item, asset_key{}};
    std::string const uri = what.uri.path();
    auto asked = co_await ask(c, req.caller, policies::action::read, ref, what.purpose);
    if (!asked) {
        if (asked.error().code != make_error_code(errc::not_found)) co_return net::problem(asked.error());
        if (auto login = require_login(req)) co_return std::move(*login);
        co_return absent("such dataset");
    }
    if (!asked->granted) co_return refusal(c, req, *asked, "storage.read:/data/" + uri);
    if (!asked->matter.exists) co_return absent("such dataset");
    auto read = [&c, ref] { return c.cat.list_assets(ref.collection, ref.item); };
    auto assets = co_await on_pool(c.pool, std::move(read));
    if (!assets) co_return net::problem(assets.error());
    json::array rows;
    for (auto const& a : *assets) {
        auto row = render(a.current);
        row["asset"] = a.ref.str();
        rows.push_back(std::move(row));
    }
    json::object o;
    o["uri"] = uri;
    o["assets"] = std::move(rows);
    o["decision"] = policies::explain(asked->decision, policies::action::read, uri);
    co_return net::json_response(200, o);
}

asio::awaitable<net::response> handle(core& c, net::request& req) {
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    auto what = read_request(*body);
    if (!what) co_return net::problem(what.error());
    if (what->uri.asset.empty()) co_return co_await list_below(c, req, std::move(*what));
    auto found = co_await resolve(c, req, std::move(*what));
    if (found.refused) co_return std::move(*found.refused);
    auto answer = net::json_response(200, render(found.value));
    answer.headers.set("Cache-Control", "no-store");
    co_return answer;
}

}  // namespace

void add_resolve_routes(net::router& r, core& c) {
    r.add("POST", "/api/v1/resolve", [&c](net::request& req) { return handle(c, req); });
}

}  // namespace fjord::broker
