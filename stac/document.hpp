#pragma once
// STAC documents as they come in: checked, described, and kept as the exact bytes given. STAC 1.0 and 1.1 are accepted; older
// ones are refused with the version named (migrate them first), because their members mean other things.
#include "base/strong_id.hpp"
#include "stac/datetime.hpp"
#include "stac/geometry.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

// A top-level member of a document: where its bytes are.
struct member_span {
    std::string name;
    std::size_t key_begin = 0;  // the opening quote of the key
    std::size_t value_begin = 0;
    std::size_t value_end = 0;
};

// What search needs to know of an item.
struct item_facts {
    item_id id;
    std::optional<collection_id> collection;  // as the document says; absent is allowed where the URL names it
    std::optional<instant> datetime;
    time_interval time;             // start/end when given, else the datetime twice
    std::optional<geometry> shape;  // nullopt: null geometry
    std::vector<box> boxes;         // of `shape`
    std::array<double, 2> z{0, 0};
    std::vector<member_span> members;
    boost::json::object document;  // parsed, for policy attributes; not kept by the index
};

// errc::invalid_argument (which member, why), errc::limit_exceeded (over 16 MiB, too deep).
// Rules: item spec 1.0/1.1; id and asset keys by check_name; bbox required with a geometry; RFC 3339 datetimes.
result<item_facts> read_item(std::string_view text);

struct collection_facts {
    collection_id id;
    std::vector<member_span> members;
    std::vector<box> boxes;                // of extent.spatial.bbox: all but the first when there are several (the overall one)
    std::vector<time_interval> intervals;  // of extent.temporal.interval, likewise
    boost::json::object document;
};
result<collection_facts> read_collection(std::string_view text);

// The offset table of a validated document.
std::vector<member_span> table_of(std::string_view document);

}  // namespace fjord::stac
