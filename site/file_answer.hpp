#pragma once
// From an open file and a GET or HEAD to the answer: conditions, ranges, digests (RFC 9110 sections 13 and 14, RFC 9530, RFC
// 3230). No I/O but what the returned body does later.
#include "net/http.hpp"
#include "site/door_core.hpp"

namespace fjord::site {

// True when the request asks, in Want-Repr-Digest or Want-Digest, for a digest that we serve and `known` does not hold.
bool wants_unknown_digest(net::request const& req, std::optional<digest_set> const& known);

// 200, 206 (one range, or multipart/byteranges), 304, 412 or 416. `reveal`: the caller may read the content, so entity tag and
// digests, which are derived from it, may be told; a caller who may only stat learns size and time.
net::response file_answer(net::request const& req, served file, bool reveal);

}  // namespace fjord::site
