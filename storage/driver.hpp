#pragma once
// What Fjord needs of a storage site, whatever it speaks. All calls take a deadline and a token (an opaque secret) for exactly
// the object they touch. Paths are relative to the site's url, percent-encoded, without leading slash. Any context.
#include "base/byte_range.hpp"
#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::storage {

namespace asio = boost::asio;

struct stat_info {
    std::uint64_t size = 0;
    bool directory = false;
    std::optional<wall_time> modified;
    std::string etag;
};

struct entry {
    std::string name;  // last segment, decoded
    stat_info stat;
};

struct call {
    secret token;
    steady_time deadline;
};

// Live progress of a third-party copy (performance marker).
struct copy_progress {
    std::uint64_t bytes = 0;
    std::string remote;  // "tcp:192.0.2.7:1094", may be empty
};

enum class copy_mode { pull, push };

struct third_party_request {
    std::string local_path;  // at the active site
    std::string remote_url;  // absolute URL at the passive site
    secret remote_token;     // for the passive site
    copy_mode mode = copy_mode::pull;
    std::chrono::seconds stall{60};                         // no marker for so long: errc::timed_out
    std::function<void(copy_progress const&)> on_progress;  // may be empty
    // RequireChecksumVerification: unset sends nothing (the server's default), true makes a source without checksum a failure.
    std::optional<bool> require_checksum{};
};

// Gives bytes of an upload; 0 at the end.
using byte_source = std::function<asio::awaitable<result<std::size_t>>(std::span<char>)>;
// Takes bytes of a download; a failure ends it.
using byte_sink = std::function<asio::awaitable<result<void>>(std::string_view)>;

// errc: invalid_argument (the server calls the request malformed), not_found, denied, unauthenticated, already_exists, no_space,
// conflict, unavailable, timed_out, corrupt, unsupported, cancelled.
class driver {
public:
    virtual ~driver() = default;
    virtual asio::awaitable<result<stat_info>> stat(call c, std::string path) = 0;
    // The whole file, or exactly `span`: errc::invalid_argument when that reaches beyond the end. The sink may have got bytes
    // before a failure.
    virtual asio::awaitable<result<void>> read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) = 0;
    // The bytes of each span, in order; all are held in memory. As good as one read() each where a protocol has nothing better.
    virtual asio::awaitable<result<std::vector<std::string>>> read_vector(call c, std::string path, std::vector<byte_span> spans);
    // Exactly `size` bytes of `source`; missing directories are made. errc::already_exists when there is a file and `overwrite`
    // is false; errc::invalid_argument when the source has fewer or more bytes. A write that fails or is cancelled leaves nothing
    // under a free name (xrootd: where the token may remove); with `overwrite` the old file may be lost.
    virtual asio::awaitable<result<void>> write(call c, std::string path, std::uint64_t size, byte_source source,
                                                bool overwrite = false) = 0;
    virtual asio::awaitable<result<void>> make_directory(call c, std::string path) = 0;  // parents too; existing is success
    virtual asio::awaitable<result<std::vector<entry>>> list(call c, std::string path) = 0;
    virtual asio::awaitable<result<void>> remove(call c, std::string path) = 0;  // errc::not_found when absent
    virtual asio::awaitable<result<void>> rename(call c, std::string from,
                                                 std::string to) = 0;  // target must be free: checked first
    // What the server says the digest is. errc::unsupported when it knows none of those asked.
    virtual asio::awaitable<result<digest>> checksum(call c, std::string path, std::vector<digest_algorithm> wanted) = 0;
    // A copy that this site carries out with another (HTTP-TPC; XRootD's own between root URLs). Returns when the site said
    // success; the caller still verifies (a success line is no proof).
    virtual asio::awaitable<result<void>> third_party_copy(call c, third_party_request request) = 0;
};

}  // namespace fjord::storage
