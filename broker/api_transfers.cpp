// /api/v1/transfers: copies under way and their history; cancel and retry.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/rendering.hpp"

#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "transfer/engine.hpp"

namespace fjord::broker {
namespace {

result<std::optional<catalog::transfer_state>> read_state(std::string_view text) {
    using enum catalog::transfer_state;
    if (text.empty()) return std::optional<catalog::transfer_state>();
    for (auto s : {queued, active, verifying, done, failed, cancelled})
        if (catalog::name_of(s) == text) return std::optional(s);
    return fail(errc::invalid_argument, "state is none of queued, active, verifying, done, failed, cancelled");
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto page = read_page(req);
    if (!page) co_return net::problem(page.error());
    auto state = read_state(req.query.get("state"));
    if (!state) co_return net::problem(state.error());
    transfer::transfer_query query{*state, page->cursor, std::min<std::size_t>(page->limit, 1000)};
    auto found = co_await c.transfers.list_transfers(std::move(query));
    if (!found) co_return net::problem(found.error());
    json::array rows;
    for (auto const& t : found->transfers) rows.push_back(render(t));
    co_return list_response(req, "transfers", std::move(rows), found->next);
}

asio::awaitable<net::response> show(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    transfer_id const id(req.params.at(0));
    auto read = [&c, id] { return c.cat.find_transfer(id); };
    auto record = co_await on_pool(c.pool, std::move(read));
    if (!record) co_return net::problem(record.error());
    if (auto live = c.transfers.progress(id)) record->bytes = live->bytes;
    co_return net::json_response(200, render(*record));
}

asio::awaitable<net::response> act(core& c, net::request& req, bool cancel) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    transfer_id const id(req.params.at(0));
    result<void> done;
    if (cancel)
        done = co_await c.transfers.cancel(id);
    else
        done = co_await c.transfers.retry(id);
    if (!done) co_return net::problem(done.error());
    co_return co_await show(c, req);
}

}  // namespace

void add_transfer_routes(net::router& r, core& c) {
    r.add("GET", "/api/v1/transfers", [&c](net::request& req) { return list(c, req); });
    r.add("GET", "/api/v1/transfers/{id}", [&c](net::request& req) { return show(c, req); });
    r.add("POST", "/api/v1/transfers/{id}/cancel", [&c](net::request& req) { return act(c, req, true); });
    r.add("POST", "/api/v1/transfers/{id}/retry", [&c](net::request& req) { return act(c, req, false); });
}

}  // namespace fjord::broker
