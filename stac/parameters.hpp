#pragma once
// The parameters of /search, /collections, /aggregate and .../items, from a query string or a JSON body, to one typed request.
// Rules: stac.md section 2 (OGC API Features, STAC API item search); every refusal is errc::invalid_argument with the parameter.
#include "net/http.hpp"
#include "stac/fields.hpp"
#include "stac/search.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fjord::stac {

struct parameter_limits {
    std::size_t default_limit = 10;
    std::size_t max_limit = 10'000;  // larger requests are clamped
    std::size_t max_ids = 10'000;
};

struct search_request {
    search_query query;                     // without the cursor
    std::optional<field_selection> fields;  // absent: whole items
    std::optional<std::string> token;
    std::string identity;  // equal for the same search, whatever its page, limit or fields
};

// Unknown query parameters are tolerated: clients send some. `ids` and `collections` of an empty value are no condition.
result<search_request> read_search_query(net::query_list const& in, parameter_limits const& limits = {});
// Unknown members are refused by name. null means absent, except for `fields`.
result<search_request> read_search_body(std::string_view body, parameter_limits const& limits = {});

// The query extension as a filter tree. Absent properties match nothing, also under neq (SQL null).
result<cql2::node> read_query_extension(json::value const& value);

// Collection search: bbox, datetime, limit, token, q, filter, query, sortby, fields, ids. The same structure, of which
// `collections` and `intersects` are not used.
result<search_request> read_collections_query(net::query_list const& in, parameter_limits const& limits = {.default_limit = 100});

// What /aggregate takes beside the parameters of a search. POST names the same members.
struct aggregate_request {
    search_request search;
    std::vector<std::string> names;
    std::string interval;       // of datetime_frequency; empty: chosen by the data
    std::size_t precision = 0;  // of grids; 0: the default
};
result<aggregate_request> read_aggregate_query(net::query_list const& in, parameter_limits const& limits = {});
result<aggregate_request> read_aggregate_body(std::string_view body, parameter_limits const& limits = {});

}  // namespace fjord::stac
