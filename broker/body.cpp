#include "broker/body.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>

namespace fjord::broker {

asio::awaitable<result<json::value>> read_json(net::request& req) {
    auto body = co_await net::read_body(req, 1u << 20);
    if (!body) co_return body.error();
    if (body->empty()) co_return json::value(json::object{});
    auto value = parse_json(*body);
    if (value && !value->is_object()) co_return fail(errc::invalid_argument, "the request body must be one JSON object");
    co_return value;
}

result<page_request> read_page(net::request const& req) {
    page_request page;
    page.cursor = std::string(req.query.get("cursor"));
    if (auto text = req.query.find("limit")) {
        auto [at, ec] = std::from_chars(text->data(), text->data() + text->size(), page.limit);
        if (ec != std::errc{} || at != text->data() + text->size() || page.limit < 1 || page.limit > 10'000)
            return fail(errc::invalid_argument, "limit must be a whole number from 1 to 10000");
    }
    return page;
}

net::response list_response(net::request const& req, std::string_view name, json::array rows, std::string const& next) {
    if (req.headers.get("Accept").find("application/jsonl") != std::string_view::npos) {
        std::string lines;
        for (auto const& row : rows) lines += json::serialize(row) + "\n";
        return net::text_response(200, std::move(lines), "application/jsonl");
    }
    json::object o;
    o[name] = std::move(rows);
    if (!next.empty()) o["next"] = next;
    return net::json_response(200, o);
}

}  // namespace fjord::broker
