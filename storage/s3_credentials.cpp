#include "storage/s3_credentials.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <sys/stat.h>

namespace fjord::storage {

namespace {

logger const log("storage");

}  // namespace

result<s3_credentials> parse_s3_credentials(std::string_view text, std::string_view profile) {
    s3_credentials out;
    bool ours = false, found = false;
    while (!text.empty()) {
        auto line = trim(take_until(text, '\n'));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            ours = trim(line.substr(1, line.find(']') - 1)) == profile;
            found = found || ours;
            continue;
        }
        if (!ours) continue;
        auto const name = trim(take_until(line, '='));
        auto const value = trim(line);
        if (name == "aws_access_key_id") out.access_key_id = std::string(value);
        if (name == "aws_secret_access_key") out.secret_access_key = secret(std::string(value));
        if (name == "aws_session_token") out.session_token = secret(std::string(value));
    }
    if (!found) return fail(errc::invalid_argument, "there is no [" + std::string(profile) + "] in it");
    if (out.access_key_id.empty()) return fail(errc::invalid_argument, "it has no aws_access_key_id");
    if (out.secret_access_key.empty()) return fail(errc::invalid_argument, "it has no aws_secret_access_key");
    return out;
}

result<s3_credentials> s3_credentials_file::get() {
    std::lock_guard lock(mutex_);
    auto const answer = [this]() -> result<s3_credentials> {
        if (known_.access_key_id.empty()) return why_;
        return known_;
    };
    auto const refuse = [&](std::string const& reason) {
        why_ = fail(errc::unavailable, "the S3 credentials file " + path_ + " cannot be used: " + reason);
        log.error("S3 credentials not read", {{"file", path_}, {"reason", reason}});
        return answer();
    };
    struct stat st {};
    if (::stat(path_.c_str(), &st) != 0) {
        if (!known_.access_key_id.empty()) return known_;  // being replaced
        why_ = error_from_errno(errno, "reading the S3 credentials file", path_);
        why_.code = errc::unavailable;
        return why_;
    }
    if (st.st_mtim.tv_sec == seen_.tv_sec && st.st_mtim.tv_nsec == seen_.tv_nsec) return answer();
    seen_ = st.st_mtim;
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) return refuse("other users may read it; chmod 600 it");
    auto text = read_file(path_, 64u << 10);
    if (!text) return refuse(text.error().message());
    auto keys = parse_s3_credentials(*text, profile_);
    if (!keys) return refuse(keys.error().message());
    known_ = std::move(*keys);
    return known_;
}

}  // namespace fjord::storage
