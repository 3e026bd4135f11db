#pragma once
// The system JWKS cache, version 1.0 of the WLCG format: issuers' keys in files, for a start without network and for tests. A
// file holds one or more JSON objects one behind the other, {issuer: {"expiration", "next_update"?, "jwks"}}, times in seconds
// since 1970; of several entries for an issuer the last one counts. In a directory, each issuer has a file named by the hex
// SHA-256 of its URL.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

struct cached_jwks {
    std::string jwks;  // JSON text
    wall_time expiration{};
    std::optional<wall_time> next_update;
};

// Pure. errc::not_found: no entry; errc::invalid_argument: not the format.
result<cached_jwks> find_cached_jwks(std::string_view text, std::string_view issuer);
std::string write_cached_jwks(std::string_view issuer, cached_jwks const& entry);
std::string cached_jwks_name(std::string_view issuer);

// The files. All calls block: pool threads. Immutable; any thread.
class jwks_cache {
public:
    // `own`: the directory we write, read first; empty: nothing is written. `others`: files and directories read after it.
    explicit jwks_cache(std::string own, std::vector<std::string> others = standard_places());
    // $JWKS_CACHE_DIR, $JWKS_CACHE_FILE, /etc/jwks, /etc/jwks/cache.json, /var/cache/jwks, /var/cache/jwks/cache.json.
    static std::vector<std::string> standard_places();

    // The first place that has an entry which has not expired. What cannot be read is logged and passed over.
    std::optional<cached_jwks> read(std::string const& issuer, wall_time now) const;
    // Replaces the issuer's file, or makes it. Success when there is no directory of our own.
    result<void> write(std::string const& issuer, cached_jwks const& entry) const;

private:
    std::string const own_;
    std::vector<std::string> const others_;
};

}  // namespace fjord::auth
