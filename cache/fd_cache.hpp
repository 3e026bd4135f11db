#pragma once
// Open block files, least recently used first out, never more than a limit kept. What is in use stays open by its
// shared_ptr. Opening blocks: pool threads only; find() does not. Any thread.
#include "base/file.hpp"
#include "cache/types.hpp"

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace fjord::cache {

using shared_fd = std::shared_ptr<unique_fd>;

class fd_cache {
public:
    // `folder`: where data/<shard>/<file id> lives. `limit` 0: half of what the process may open, at most 16384.
    fd_cache(std::string folder, std::size_t limit);

    shared_fd find(file_id f);  // null when not open
    // errc::not_found when absent and not `create`; errc::no_space, errc::unavailable (EMFILE, EIO).
    result<shared_fd> open(file_id f, bool create);
    void forget(file_id f);
    std::string path_of(file_id f) const;

private:
    struct node {
        file_id id;
        shared_fd fd;
    };
    shared_fd find_locked(file_id f);
    result<unique_fd> open_file(file_id f, bool create) const;

    std::string folder_;
    std::size_t limit_;
    std::mutex mutex_;  // guards what follows; held for no system call
    std::list<node> order_;
    std::unordered_map<file_id, std::list<node>::iterator> open_;
};

}  // namespace fjord::cache
