#pragma once
// The keys of an S3 site, from a file in the format of the AWS tools:
//
//   [default]
//   aws_access_key_id = AKIA...
//   aws_secret_access_key = ...
//   aws_session_token = ...            ; of temporary credentials only
#include "base/error.hpp"
#include "storage/s3_signing.hpp"

#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

namespace fjord::storage {

// The keys of [profile]. errc::invalid_argument says what is missing, never what is there.
result<s3_credentials> parse_s3_credentials(std::string_view text, std::string_view profile = "default");

// Keys in a file that somebody else may renew: read again when the file changes. Any thread.
class s3_credentials_file {
public:
    explicit s3_credentials_file(std::string path, std::string profile = "default")
        : path_(std::move(path)), profile_(std::move(profile)) {}

    // The keys as the file has them; while a new file cannot be read, those of the old one. errc::unavailable when there never
    // were any, with the reason; the file must not be open to other users (0600).
    result<s3_credentials> get();

private:
    std::string path_, profile_;
    std::mutex mutex_;
    timespec seen_{-1, 0};  // these three are guarded by mutex_
    s3_credentials known_;
    error why_;
};

}  // namespace fjord::storage
