#include "broker/cache_directory.hpp"

namespace fjord::broker {

bool cache_directory::announce(catalog::cache_record c, std::string owner) {
    std::lock_guard lock(mutex_);
    auto [at, fresh] = caches_.try_emplace(c.id);
    bool const was_silent = fresh || !lives(at->second);
    c.seen = time_.now();
    at->second = {std::move(c), std::move(owner)};
    return was_silent;
}

void cache_directory::withdraw(site_id const& id) {
    std::lock_guard lock(mutex_);
    caches_.erase(id);
}

std::vector<catalog::cache_record> cache_directory::alive() const {
    std::lock_guard lock(mutex_);
    std::vector<catalog::cache_record> out;
    for (auto const& [id, e] : caches_)
        if (lives(e)) out.push_back(e.cache);
    return out;
}

std::vector<catalog::cache_record> cache_directory::alive_of(std::string_view owner) const {
    std::lock_guard lock(mutex_);
    std::vector<catalog::cache_record> out;
    for (auto const& [id, e] : caches_)
        if (e.owner == owner && lives(e)) out.push_back(e.cache);
    return out;
}

}  // namespace fjord::broker
