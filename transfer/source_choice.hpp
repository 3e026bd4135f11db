#pragma once
// From which copy to read, and which end does the work. Pure.
#include "catalog/records.hpp"
#include "storage/driver.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace fjord::transfer {

struct source_candidate {
    catalog::site_record site;
    catalog::replica_record replica;
    std::uint32_t failures = 0;  // of this transfer with this source
    std::size_t load = 0;        // copies reading from the site now
};

// Which replicas may be read for a copy to `target`: available ones at enabled sites other than the target; suspect ones only
// where nothing better is left (the digest check at the destination will tell). `sites`: all of them.
std::vector<source_candidate> usable_sources(std::span<catalog::replica_record const> replicas,
                                             std::span<catalog::site_record const> sites, site_id const& target);

// Fewest failures first, then `planned`, then the same jurisdiction as the target, then the least load, then the id.
// nullopt when there is none.
std::optional<std::size_t> choose_source(std::span<source_candidate const> candidates, catalog::site_record const& target,
                                         site_id const& planned);

// Pull when the destination can (a read token travels, never a write token), else push. Site attribute `tpc` = full (default),
// pull, push or none, as in FTS. `after_unsupported`: the last attempt's mode was refused by the server; the other one is
// taken where both ends can. A bucket is only ever pulled from. errc::unsupported names the two sites and the obstacle.
result<storage::copy_mode> choose_mode(catalog::site_record const& source, catalog::site_record const& target,
                                       std::optional<storage::copy_mode> after_unsupported);

}  // namespace fjord::transfer
