#pragma once
// The header of a COPY, checked before anything is done (HTTP-TPC). Pure.
#include "net/http.hpp"
#include "site/remote.hpp"

#include <optional>
#include <string>

namespace fjord::site {

enum class copy_direction { pull, push };

enum class checksum_rule {
    if_offered,  // no RequireChecksumVerification: asked for, compared when there is one
    required,    // "true": a source without checksum is a failure
    waived,      // "false": neither asked for nor compared
};

struct copy_request {
    copy_direction direction = copy_direction::pull;
    net::url_parts remote;
    bool overwrite = true;  // RFC 4918 section 10.6: T unless told otherwise
    checksum_rule checksum = checksum_rule::if_offered;
    secret remote_token;         // from TransferHeaderAuthorization
    net::header_list forwarded;  // other allowed TransferHeader fields, prefix taken off
};

// errc::invalid_argument: both or none of Source and Destination, a bad URL, another Credential than none, malformed Overwrite or
// RequireChecksumVerification, a TransferHeader field that is not Authorization, SciTag, X-Request-Id or If-Match, duplicates.
// errc::denied: a port that is not allowed.
result<copy_request> parse_copy_request(net::header_list const& headers, remote_rules const& rules);

}  // namespace fjord::site
