#pragma once
// Does a file at a site hold the bytes we know? Asked of the bytes, never of the answer to a COPY.
#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/pool.hpp"
#include "base/secret.hpp"
#include "catalog/records.hpp"
#include "storage/driver.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fjord::transfer {

namespace asio = boost::asio;

struct verify_context {
    storage::driver& driver;
    blocking_pool& pool;  // hashes on read-back
    clock& time;
    std::string site;        // for sentences
    bool read_back = false;  // do not take the site's word for its checksum (site attribute verify=read)
    // What the site tells when asked for digests; nullopt: not known, so it is asked for all.
    std::optional<std::vector<digest_algorithm>> told{};
};

// Size first, then the strongest digest that both the site and `version` know; when they have none in common the file is read
// back and hashed here. errc::corrupt: it is there with other bytes, or is not there at all; else the driver's failures.
asio::awaitable<result<void>> verify_file(verify_context context, secret token, std::string path, catalog::asset_version version);

// The algorithms of `known` in the order they are worth asking for.
std::vector<digest_algorithm> worth_asking(digest_set const& known);

// When a step over `size` bytes is late: `base` plus the time at `bytes_per_second`.
steady_time due_after(clock& time, std::chrono::seconds base, std::uint64_t size = 0, std::uint64_t bytes_per_second = 1);

}  // namespace fjord::transfer
