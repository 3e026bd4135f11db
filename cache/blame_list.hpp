#pragma once
// Places that failed or lied lately, by URL: tried last for half a minute. Bounded. Any thread.
#include "base/clock.hpp"

#include <map>
#include <mutex>
#include <string>

namespace fjord::cache {

class blame_list {
public:
    static constexpr auto duration = std::chrono::seconds(30);
    static constexpr std::size_t limit = 10'000;

    void add(std::string const& url, steady_time now) {
        std::lock_guard lock(mutex_);
        if (until_.size() >= limit) std::erase_if(until_, [now](auto const& e) { return e.second <= now; });
        if (until_.size() < limit) until_[url] = now + duration;
    }
    bool contains(std::string const& url, steady_time now) const {
        std::lock_guard lock(mutex_);
        auto it = until_.find(url);
        return it != until_.end() && it->second > now;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, steady_time> until_;
};

}  // namespace fjord::cache
