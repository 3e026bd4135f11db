#pragma once
// AWS Signature Version 4 for S3, as pure functions: a request described in, signature fields out. No clock, no network.
// Source: AWS, "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API reference.
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fjord::storage {

struct s3_credentials {
    std::string access_key_id;  // public: it stands in every signed request
    secret secret_access_key;
    secret session_token;  // of temporary credentials; may be empty
};

using query_items = std::vector<std::pair<std::string, std::string>>;  // decoded

// A request to be signed. Every header in `headers` is signed; `host` is added to them.
struct signable_request {
    std::string method;
    std::string host;  // as in the Host field: without a default port
    std::string path;  // absolute, encoded by s3_encode_path()
    query_items query;
    net::header_list headers;
    std::string content_sha256;  // lower-case hex of the body's digest, or unsigned_payload
};

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";  // only over TLS, which guards the body

// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token (when there is one) and Authorization to the headers.
void sign_request(signable_request& request, s3_credentials const& credentials, std::string_view region, wall_time now);

// The query string, without '?', that makes the request's URL usable by whoever holds it for `lifetime` (1 s to 7 days). It is a
// secret. Header fields of the request must be sent by the user as they are here.
std::string presigned_query(signable_request const& request, s3_credentials const& credentials, std::string_view region,
                            wall_time now, std::chrono::seconds lifetime);

// "/" and unreserved characters stay, everything else becomes %XX (stricter than RFC 3986 pchar, as S3 demands).
std::string s3_encode_path(std::string_view decoded);
// "a=1&b=%20", sorted by encoded name and value; for the URL, too.
std::string s3_query(query_items const& items);

// The intermediate forms, which AWS publishes test vectors for.
std::string canonical_request(signable_request const& request);
std::string string_to_sign(std::string_view canonical, std::string_view region, wall_time now);

}  // namespace fjord::storage
