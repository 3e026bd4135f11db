#include "cache/fd_cache.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace fjord::cache {

namespace {

constexpr unsigned shards = 256;

std::string shard_name(unsigned shard) {
    char name[3];
    std::snprintf(name, sizeof name, "%02x", shard);
    return name;
}

std::size_t default_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
    return std::min<std::size_t>(limit.rlim_cur / 2, 16384);
}

}  // namespace

fd_cache::fd_cache(std::string folder, std::size_t limit)
    : folder_(std::move(folder)), limit_(limit == 0 ? default_limit() : limit) {}

std::string fd_cache::path_of(file_id f) const {
    char name[24];
    std::snprintf(name, sizeof name, "/%016llx", static_cast<unsigned long long>(f));
    return folder_ + "/data/" + shard_name(f % shards) + name;
}

shared_fd fd_cache::find(file_id f) {
    std::lock_guard lock(mutex_);
    return find_locked(f);
}

shared_fd fd_cache::find_locked(file_id f) {
    auto it = open_.find(f);
    if (it == open_.end()) return nullptr;
    order_.splice(order_.begin(), order_, it->second);
    return it->second->fd;
}

result<shared_fd> fd_cache::open(file_id f, bool create) {
    if (auto known = find(f)) return known;
    auto opened = open_file(f, create);
    if (!opened) return opened.error();
    auto fd = std::make_shared<unique_fd>(std::move(*opened));
    std::list<node> closing;  // closed after the lock is gone
    std::lock_guard lock(mutex_);
    if (auto known = find_locked(f)) return known;  // another thread was faster
    order_.push_front({f, fd});
    open_[f] = order_.begin();
    while (order_.size() > limit_) {
        open_.erase(order_.back().id);
        closing.splice(closing.begin(), order_, std::prev(order_.end()));
    }
    return fd;
}

void fd_cache::forget(file_id f) {
    std::list<node> closing;
    std::lock_guard lock(mutex_);
    auto it = open_.find(f);
    if (it == open_.end()) return;
    closing.splice(closing.begin(), order_, it->second);
    open_.erase(it);
}

result<unique_fd> fd_cache::open_file(file_id f, bool create) const {
    auto path = path_of(f);
    int const flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
    int fd = ::open(path.c_str(), flags, 0600);
    if (fd < 0 && errno == ENOENT && create) {  // the first file of its shard
        std::error_code ignored;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
        fd = ::open(path.c_str(), flags, 0600);
    }
    if (fd < 0) return error_from_errno(errno, "cannot open the block file", path);
    return unique_fd(fd);
}

}  // namespace fjord::cache
