#include "site/path.hpp"

#include "base/dataset_uri.hpp"

namespace fjord::site {

std::string path_text(path_segments const& path) {
    std::string text;
    for (auto const& segment : path) text += "/" + segment;
    return text.empty() ? "/" : text;
}

std::string href_text(path_segments const& path) {
    std::string out;
    for (auto const& segment : path) out += "/" + encode_segment(segment);
    return out;
}

}  // namespace fjord::site
