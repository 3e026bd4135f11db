#pragma once
// A service's own token, kept in a file that somebody else renews: read again when the file changes. Any thread.
#include "base/secret.hpp"

#include <ctime>
#include <mutex>
#include <string>

namespace fjord::cli {

class token_file {
public:
    explicit token_file(std::string path) : path_(std::move(path)) {}
    // Empty when there is no file or it holds none; logged once per change.
    secret read() const;

private:
    std::string path_;
    mutable std::mutex mutex_;
    mutable timespec seen_{-1, 0};  // guarded by mutex_
    mutable secret token_;          // guarded by mutex_
};

}  // namespace fjord::cli
