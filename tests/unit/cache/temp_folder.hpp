#pragma once
// A folder for one test, removed at its end.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

struct temp_folder {
    std::string path;
    temp_folder() {
        std::string pattern = testing::TempDir() + "fjord-cache-XXXXXX";
        path = ::mkdtemp(pattern.data()) ? pattern : "";
    }
    temp_folder(temp_folder const&) = delete;
    temp_folder& operator=(temp_folder const&) = delete;
    ~temp_folder() {
        std::error_code ignored;
        if (!path.empty()) std::filesystem::remove_all(path, ignored);
    }
};
