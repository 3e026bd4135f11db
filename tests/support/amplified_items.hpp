#pragma once
// Many STAC items from a few real ones, for benchmarks: real bodies; new ids, places, times and property values of the same
// shape. Deterministic: item n is always the same text, so documents need not be kept. Immutable; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::test {

class amplified_items {
public:
    struct item {
        std::string collection, id, document;
    };

    // Reads the NDJSON files of `folder` (shared/data/stac): NAIP, Sentinel-2 and Landsat scenes. Throws std::runtime_error.
    explicit amplified_items(std::string const& folder);

    static std::vector<std::string> collections();  // ids
    static std::string collection_document(std::string const& id);

    item make(std::uint64_t n) const;
    // The n of an id that make() gave.
    static std::optional<std::uint64_t> number_of(std::string_view collection, std::string_view id);

private:
    struct slot {
        enum class kind { id, geometry, bbox, datetime, time, digits, number, pick };
        kind what;
        std::string given;  // the value of the real item
    };
    struct piece {
        std::string text;  // before the slot
        std::optional<slot> then;
    };
    struct pattern {
        std::string collection;
        std::vector<piece> pieces;
        std::vector<std::pair<double, double>> ring;  // around 0, 0
    };
    static pattern read(std::string collection, std::string const& line);

    std::vector<pattern> patterns_[3];  // by collection
};

}  // namespace fjord::test
