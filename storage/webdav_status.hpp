#pragma once
// What a storage server's refusal means, as an error of ours with the server's own words (scrubbed, shortened).
#include "base/error.hpp"

#include <string>
#include <string_view>

namespace fjord::storage {

// "PUT a/b: 403 Forbidden: no such scope". `what` names verb and path. Kinds:
// 400 invalid_argument (not_found when the text says that a parent is missing, as XRootD's COPY does), 401 unauthenticated,
// 403 denied, 404, 409 and 410 not_found (409: a parent is missing), 412 already_exists, 405 and 501 unsupported,
// 413 and 507 no_space, 3xx unsupported, everything else unavailable.
error error_from_status(std::string_view what, unsigned status, std::string_view body);

// A foreign text fit for a person's eye: one line, no control characters or markup, no tokens, at most `limit` bytes. Of a
// problem+json body only `detail` (or `title`) is taken.
std::string tidy_reason(std::string_view body, std::size_t limit = 300);

}  // namespace fjord::storage
