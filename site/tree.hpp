#pragma once
// Whole directories below the root. Blocking: pool threads only.
#include "site/root.hpp"

#include <cstddef>

namespace fjord::site {

// Removes what is in the directory and below it, deepest first, and then the directory; at most `budget` names in one call, so
// that no thread is held for long. True: it is gone. Links and special files, which do not exist for the door's callers, are
// never touched: errc::conflict, and the directory that holds one stays. errc::not_found, errc::denied, errc::limit_exceeded
// (deeper than 256 directories); what was removed until then stays removed.
result<bool> remove_some(root_directory const& root, path_segments const& path, std::size_t budget);

}  // namespace fjord::site
