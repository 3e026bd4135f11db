#pragma once
// The `scope` claim turned into capabilities. WLCG profile v1.3 sections on scopes and paths; SciTokens 2 mapped onto the same
// verbs. A path that is not plain is refused, never repaired. Pure.
#include "auth/error.hpp"
#include "base/identity.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

enum class dialect {
    wlcg,       // wlcg.ver 1.x
    scitokens,  // ver scitoken(s):2.0 or 1.0
    oidc,       // neither: a plain access token
};

// Capability verbs as given: storage.{read,create,modify,stage,poll} with a path; compute.*, host.auth and SciTokens'
// queue/execute/condor without one (they grant nothing here, but a token that holds one is decided on capabilities only).
// SciTokens read:/p -> storage.read; write:/p -> storage.create and storage.modify. A storage.create scope stays create: it
// never becomes `write` and so never allows overwriting. Unknown scopes are skipped.
// errc::bad_scope: storage scope without an absolute path, dot segments, %2e, %2f, %5c, %00, double encoding, "//",
// backslash, control characters, '?', '#', invalid UTF-8.
result<std::vector<capability>> parse_scopes(std::string_view scope, dialect d);

// The path of one scope, decoded once and checked. errc::bad_scope.
struct scope_path {
    std::vector<std::string> segments;
    bool directory_only = false;  // written with a trailing slash
};
result<scope_path> parse_scope_path(std::string_view raw);

}  // namespace fjord::auth
