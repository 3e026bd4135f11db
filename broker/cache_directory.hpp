#pragma once
// The caches that are alive: each registers itself every few seconds; silence past its lease removes it. Not stored, because a
// cache that is gone must not be offered after a restart, and one that lives says so again at once. Any thread.
#include "base/clock.hpp"
#include "catalog/records.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::broker {

class cache_directory {
public:
    cache_directory(clock& time, std::chrono::seconds lease) : time_(time), lease_(lease) {}

    // `owner`: who announced it, subject@issuer; a fill is granted to the owner's caches. True when it was not alive before.
    bool announce(catalog::cache_record c, std::string owner);
    void withdraw(site_id const& id);
    std::vector<catalog::cache_record> alive() const;  // by id
    std::vector<catalog::cache_record> alive_of(std::string_view owner) const;

private:
    clock& time_;
    std::chrono::seconds lease_;
    mutable std::mutex mutex_;
    struct entry {
        catalog::cache_record cache;
        std::string owner;
    };
    bool lives(entry const& e) const { return time_.now() - e.cache.seen <= lease_; }
    std::map<site_id, entry> caches_;  // guarded by mutex_
};

}  // namespace fjord::broker
