#pragma once
// The composition roots, one per role. Each returns the exit code.
#include "cli/serve.hpp"

namespace fjord::cli {

int serve_broker(serve_args const& a);
int serve_site(serve_args const& a);
int serve_cache(serve_args const& a);
int serve_issuer(serve_args const& a);

}  // namespace fjord::cli
