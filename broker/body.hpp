#pragma once
// Reading a JSON request body, and the paging parameters that all lists share.
#include "base/json.hpp"
#include "net/http.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace fjord::broker {

namespace asio = boost::asio;

// Up to 1 MiB; errc::invalid_argument for anything but one strict JSON object. An empty body reads as {}.
asio::awaitable<result<json::value>> read_json(net::request& req);

// ?limit (1..10000, default 1000) and ?cursor. errc::invalid_argument.
struct page_request {
    std::size_t limit = 1000;
    std::string cursor;
};
result<page_request> read_page(net::request const& req);

// A list as {NAME: [...], "next": cursor} or, when the client accepts application/jsonl, one object per line.
net::response list_response(net::request const& req, std::string_view name, json::array rows, std::string const& next = {});

}  // namespace fjord::broker
