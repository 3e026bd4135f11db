#pragma once
// What the cache counts. Bytes are counted when they go to a client, by where they came from, so that read-ahead and warming
// can never look like hits.
#include "base/metrics.hpp"

namespace fjord::cache {

struct counters {
    explicit counters(metrics_registry& registry);

    counter& hits;       // requests answered from what was here
    counter& partial;    // part of it was here
    counter& misses;     // nothing of it was here
    counter& collapsed;  // misses that waited for bytes another request was fetching
    counter& bypassed;   // passed through without storing
    counter& refused;    // not allowed

    counter& bytes_ram;
    counter& bytes_disk;
    counter& bytes_filled;   // sent from a fill in flight
    counter& bytes_passed;   // passed through
    counter& bytes_fetched;  // read from sources, for whatever reason

    counter& fetches;
    counter& failovers;          // a fill went on at another place
    counter& source_failures;    // a fill ended without its bytes
    counter& digest_mismatches;  // whole objects that were not what their digest says
    counter& healed_blocks;      // corrupt at rest, fetched again
    counter& aborted;            // answers cut because their bytes could not be had or certified
    counter& stale_served;       // the source could not be asked
};

}  // namespace fjord::cache
