#pragma once
// A folder of its own for one test, removed with everything in it at the end of the scope.
//
//   temp_dir dir;
//   auto db = open(dir.path("db"));
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace fjord::test {

class temp_dir {
public:
    temp_dir() {
        auto pattern = (std::filesystem::temp_directory_path() / "fjord-test-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary folder " + pattern);
        root_ = pattern;
    }
    ~temp_dir() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    temp_dir(temp_dir const&) = delete;
    temp_dir& operator=(temp_dir const&) = delete;

    std::string const& str() const noexcept { return root_; }
    std::string path(std::string_view name) const { return root_ + "/" + std::string(name); }

    // Writes a file (folders in `name` are made) and gives its path.
    std::string write(std::string_view name, std::string_view content) const {
        auto file = path(name);
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }

    std::string read(std::string_view name) const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    std::string root_;
};

}  // namespace fjord::test
