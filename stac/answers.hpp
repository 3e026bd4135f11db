#pragma once
// Small pieces of STAC answers: problems with `code` and `description`, entity tags, preconditions, CORS.
#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::stac {

// problem+json with the members STAC clients read.
net::response stac_problem(error const& e);
net::response bad_request(error const& e);  // 400 whatever the kind: a parameter's fault is the caller's
net::response not_found(std::string_view detail);

// 200 with an ETag over the body, or 304. `stem`: what identifies the stored thing apart from how it is rendered now.
net::response cacheable(net::request const& req, std::string body, std::string_view type, std::string_view stem = {});

// The same with a tag over `versions`, which must differ whenever the body does: for large bodies made of parts with known
// versions.
net::response cacheable_by(net::request const& req, std::string_view versions, std::string body, std::string_view type);

// If-Match against the stem of our entity tags. True when it is absent or names `stem`.
bool if_match_holds(net::request const& req, std::string_view stem);

// If-Match and If-None-Match before a change of something with this stem. False: answer changed_since().
bool may_write(net::request const& req, std::string_view stem);
net::response changed_since(std::string_view what);  // 412
// A change that the catalog refused: 412 when the caller named a version and somebody was faster, else as the failure says.
net::response write_failure(net::request const& req, error const& e, std::string_view what);

// Finishers.
void add_cors(net::request const& req, net::response& res);
void add_problem_members(net::request const& req, net::response& res);

}  // namespace fjord::stac
