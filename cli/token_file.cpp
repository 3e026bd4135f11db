#include "cli/token_file.hpp"

#include "base/log.hpp"
#include "cli/client_context.hpp"

#include <sys/stat.h>

namespace fjord::cli {
namespace {

logger const log("role");

}  // namespace

secret token_file::read() const {
    if (path_.empty()) return {};
    struct stat st {};
    std::lock_guard lock(mutex_);
    if (::stat(path_.c_str(), &st) != 0) return token_;  // being replaced, or gone: the old one is as good as none later
    if (st.st_mtim.tv_sec == seen_.tv_sec && st.st_mtim.tv_nsec == seen_.tv_nsec) return token_;
    seen_ = st.st_mtim;
    auto text = discover_token(path_);
    if (!text || text->empty()) {
        log.error("no token in token_file", {{"file", path_}, {"why", text ? "it is empty" : text.error().message()}});
        return token_;
    }
    token_ = *text;
    return token_;
}

}  // namespace fjord::cli
