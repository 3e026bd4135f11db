#include "cache/stats.hpp"

namespace fjord::cache {

counters::counters(metrics_registry& r)
    : hits(r.counter("fjord_cache_requests_total", "Requests for bytes by outcome", {{"outcome", "hit"}})),
      partial(r.counter("fjord_cache_requests_total", "Requests for bytes by outcome", {{"outcome", "partial"}})),
      misses(r.counter("fjord_cache_requests_total", "Requests for bytes by outcome", {{"outcome", "miss"}})),
      collapsed(r.counter("fjord_cache_collapsed_total", "Requests that shared a fill of another request")),
      bypassed(r.counter("fjord_cache_requests_total", "Requests for bytes by outcome", {{"outcome", "bypass"}})),
      refused(r.counter("fjord_cache_requests_total", "Requests for bytes by outcome", {{"outcome", "refused"}})),
      bytes_ram(r.counter("fjord_cache_sent_bytes_total", "Bytes sent to clients by where they came from", {{"from", "ram"}})),
      bytes_disk(r.counter("fjord_cache_sent_bytes_total", "Bytes sent to clients by where they came from", {{"from", "disk"}})),
      bytes_filled(
          r.counter("fjord_cache_sent_bytes_total", "Bytes sent to clients by where they came from", {{"from", "fill"}})),
      bytes_passed(
          r.counter("fjord_cache_sent_bytes_total", "Bytes sent to clients by where they came from", {{"from", "source"}})),
      bytes_fetched(r.counter("fjord_cache_fetched_bytes_total", "Bytes read from sources")),
      fetches(r.counter("fjord_cache_fetches_total", "Runs of blocks fetched from sources")),
      failovers(r.counter("fjord_cache_failovers_total", "Fills that went on at another place")),
      source_failures(r.counter("fjord_cache_source_failures_total", "Fills that ended without their bytes")),
      digest_mismatches(r.counter("fjord_cache_digest_mismatches_total", "Objects that did not match their digest")),
      healed_blocks(r.counter("fjord_cache_healed_blocks_total", "Corrupt blocks at rest that were fetched again")),
      aborted(r.counter("fjord_cache_aborted_total", "Answers cut because their bytes could not be had or certified")),
      stale_served(r.counter("fjord_cache_stale_total", "Answers given while the source could not be asked")) {}

}  // namespace fjord::cache
