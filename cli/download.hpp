#pragma once
// The download engine of `fjord get`: chunks fetched by several workers, each chunk from the best place that still works, into
// DEST.fjord-part with a map of what is there; the whole file's sha-256 is checked before it gets its name.
#include "cli/client_context.hpp"

#include "base/digest.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fjord::cli {

struct download_place {
    std::string name, url;
    secret token;
};

struct download_plan {
    std::uint64_t size = 0;
    digest sha256;
    std::string filename;
    std::vector<download_place> places;  // best first
};

// From a resolve answer. errc::invalid_argument names the missing member.
result<download_plan> read_plan(json::value const& resolved);

struct download_report {
    std::uint64_t size = 0;
    std::string sha256;
    std::vector<std::string> places;  // that gave bytes in this run
};

// errc::corrupt when the bytes of every place differ from the digest; errc::unavailable when no place answers; errc::no_space.
// `renew` gives fresh places and tokens; called at most twice.
result<download_report> download(client_context& c, download_plan plan, std::string const& dest, int streams,
                                 std::function<result<download_plan>()> renew);

}  // namespace fjord::cli
