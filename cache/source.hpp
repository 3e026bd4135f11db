#pragma once
// What the cache needs from the world: who may read an object, what it is, where its bytes are, and the bytes. The cache owns
// this interface; adapters are broker_source (the federation) and origin_source (any HTTP origin).
#include "base/digest.hpp"
#include "base/identity.hpp"
#include "base/secret.hpp"
#include "cache/types.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fjord::cache {

namespace asio = boost::asio;

struct object_key {
    std::string path;                   // percent-encoded, no leading slash: "C/I/A/member"; origins: below their prefix
    std::string query;                  // generic origins only
    std::vector<std::string> segments;  // decoded
    std::optional<digest> version;      // when one is named exactly
};

// One copy of the object that the cache may read now.
struct place {
    std::string kind;  // "door", "webdav", ...
    std::string site;
    std::string url;
    secret token;
    std::optional<wall_time> expires;  // of the token
    std::string etag;                  // strong validator of this very copy, when known: sent as If-Match
};

struct object_info {
    std::string version;           // identity of the content: "sha-256:HEX", or a strong validator of an origin
    std::optional<digest> sha256;  // what the whole object must hash to; none: cannot be checked
    std::optional<std::uint64_t> size;
    std::string media_type;
    std::string etag;                      // quoted and strong; empty: none
    std::string last_modified;             // HTTP date; may be empty
    std::vector<place> places;             // best first
    std::optional<wall_time> fresh_until;  // none: for this request only
    bool storable = true;                  // false: pass through (no-store, no strong validator, length unknown)
};

// Bytes on their way in. Destroying it ends the exchange.
class byte_stream {
public:
    virtual ~byte_stream() = default;
    // 0 at the end of the span that was asked for; fewer bytes than that are errc::unavailable, never an end.
    virtual asio::awaitable<result<std::size_t>> read_some(std::span<char> out) = 0;
    // The copy's own strong validator, or "".
    virtual std::string etag() const { return {}; }
};

// Any context; answers resume on the caller's executor. Implementations outlive the service.
class object_source {
public:
    virtual ~object_source() = default;

    // May this caller read the object? Answers until when that may be remembered. errc::denied, errc::not_found (also for
    // what the caller may not know of), errc::unauthenticated, errc::unavailable, errc::timed_out.
    virtual asio::awaitable<result<wall_time>> authorize(object_key key, principal who, secret token) = 0;

    // What the object is now and where the cache may fetch it. `who` and `token`: the caller on whose behalf. Same errc.
    virtual asio::awaitable<result<object_info>> resolve(object_key key, principal who, secret token) = 0;

    // Bytes [span) of the object `what` at a place; an empty span with unknown size means everything. Another content there is
    // errc::conflict; errc::unavailable, errc::denied, errc::not_found, errc::timed_out.
    virtual asio::awaitable<result<std::unique_ptr<byte_stream>>> open(place where, std::shared_ptr<object_info const> what,
                                                                       byte_span span) = 0;
};

}  // namespace fjord::cache
