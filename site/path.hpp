#pragma once
// Paths as the door handles them: decoded, checked segments (base/dataset_uri.hpp, decode_path) below the root; empty is the
// root.
#include <string>
#include <vector>

namespace fjord::site {

using path_segments = std::vector<std::string>;

std::string path_text(path_segments const& path);  // "/a/b", for messages: never a path of this machine
std::string href_text(path_segments const& path);  // "/a%20b/c"; the root is ""

}  // namespace fjord::site
