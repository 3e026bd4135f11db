#pragma once
// What the STAC benches share: their options, the items, and the clock.
#include "tests/bench/support/bench.hpp"
#include "tests/support/amplified_items.hpp"

#include <chrono>
#include <cstdlib>
#include <string>

namespace fjord::bench {

// Both programs of `deploy/bench stac` take the options of both.
inline session::options stac_options() {
    char const* data = std::getenv("FJORD_SHARED_DATA");
    return {
        {"--data", data ? data : FJORD_SOURCE_DIR "/../shared/data"},
        {"--items", "1000000"},               // behind HTTP
        {"--fill-seconds", "150"},            // putting them into the store ends here, with those that are in by then
        {"--rival-items", "100000"},          // in pgstac, and behind HTTP where the two are compared
        {"--rival-seconds", "150"},           // loading pgstac ends here, with the items it has by then
        {"--sizes", "10000,100000,1000000"},  // of the index alone, for the growth table
    };
}

inline double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace fjord::bench
