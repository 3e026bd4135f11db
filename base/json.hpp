#pragma once
// JSON from strangers, read strictly, into Boost.JSON values; and small typed readers that name what is wrong.
// Refused: duplicate keys, depth over the limit, invalid UTF-8, trailing bytes, NaN, sizes over the limit.
#include "base/error.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord {

namespace json = boost::json;

struct json_limits {
    std::size_t max_bytes = 16u << 20;
    std::size_t max_depth = 64;
};

// errc::invalid_argument ("line 3, column 7: ...") or errc::limit_exceeded. `memory`: of the value; a monotonic_resource halves
// the cost of documents that are read once and dropped.
result<json::value> parse_json(std::string_view text, json_limits limits = {}, json::storage_ptr memory = {});

// Reads an object member by member and remembers the first thing wrong. After the reads, `done()` refuses members that were
// never asked for, by name (contract: unknown members in request bodies are refused).
//
//   object_reader in(value, "rule");
//   auto uri = in.string("uri");                   // required
//   auto copies = in.integer("copies", 1, 64, 1);  // optional with default
//   if (auto r = in.done(); !r) return r.error();
class object_reader {
public:
    object_reader(json::value const& value, std::string_view what);

    std::string string(std::string_view key);
    std::string string(std::string_view key, std::string_view fallback);
    std::optional<std::string> optional_string(std::string_view key);
    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t fallback);
    bool boolean(std::string_view key, bool fallback);
    json::value const* member(std::string_view key);   // null when absent; counts as asked for
    json::object const* object(std::string_view key);  // null when absent; wrong type is an error

    void refuse(std::string reason);  // records a failure of the caller's own
    result<void> done();              // errc::invalid_argument: first failure, or the unknown members

private:
    json::object const* object_ = nullptr;
    std::string what_;
    std::optional<std::string> failure_;
    std::vector<std::string> asked_;
};

// Text of a JSON string literal, with quotes. Malformed UTF-8 is replaced by U+FFFD, so the text is always valid JSON.
std::string json_quote(std::string_view text);

}  // namespace fjord
