#pragma once
// What the demo shares, and on which conditions.
#include <string>
#include <vector>

namespace fjord::cli {

struct demo_sample {
    std::string collection, file, item;
    std::string datetime;                 // when the file does not say; an interval is written a/b
    std::vector<std::string> properties;  // key=value, for search
};
std::vector<demo_sample> demo_samples();

struct demo_collection {
    std::string id, terms;  // terms: one line for people
    std::string document;   // STAC Collection
};
std::vector<demo_collection> demo_collections();

// The sharing conditions of all collections, as one policy document.
std::string demo_policy();

}  // namespace fjord::cli
