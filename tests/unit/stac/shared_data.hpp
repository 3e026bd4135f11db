#pragma once
// Where the shared sample data are: FJORD_SHARED_DATA, else ../shared/data beside the source tree. Empty: not on this machine.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fjord::stac::test {

inline std::string shared_data(std::string const& below) {
    char const* given = std::getenv("FJORD_SHARED_DATA");
    std::filesystem::path const root =
        given ? std::filesystem::path(given) : std::filesystem::path(FJORD_SOURCE_DIR) / "../shared/data";
    std::error_code ignored;
    auto const file = root / below;
    return std::filesystem::exists(file, ignored) ? file.string() : std::string();
}

inline std::vector<std::string> lines_of(std::string const& file) {
    std::ifstream in(file);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) out.push_back(line);
    return out;
}

inline std::vector<std::string> split(std::string const& line, char by) {
    std::vector<std::string> out(1);
    for (char const c : line) {
        if (c == by) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

}  // namespace fjord::stac::test
