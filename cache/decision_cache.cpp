#include "cache/decision_cache.hpp"

#include "cache/paths.hpp"

namespace fjord::cache {

namespace {
constexpr char separator = '\n';  // occurs neither in a token hash nor in an encoded path
}

std::string decision_cache::key(principal const& who, std::string_view path) {
    return who.token_hash + separator + std::string(path);
}

std::optional<result<void>> decision_cache::find(principal const& who, std::string_view path, wall_time now) const {
    std::lock_guard lock(mutex_);
    auto it = entries_.find(key(who, path));
    if (it == entries_.end() || it->second.until <= now) return std::nullopt;
    if (it->second.refusal) return result<void>(*it->second.refusal);
    return result<void>();
}

void decision_cache::allow(principal const& who, std::string_view path, wall_time until, wall_time now) {
    until = std::min(until, now + longest_permission);
    if (who.expires) until = std::min(until, *who.expires);
    if (until > now) put(key(who, path), {std::nullopt, until});
}

void decision_cache::refuse(principal const& who, std::string_view path, error why, wall_time now) {
    put(key(who, path), {std::move(why), now + refusal_time});
}

void decision_cache::put(std::string k, entry e) {
    std::lock_guard lock(mutex_);
    auto [it, fresh] = entries_.insert_or_assign(k, std::move(e));
    if (fresh) order_.push_back(std::move(k));
    while (order_.size() > limit_) {
        entries_.erase(order_.front());
        order_.pop_front();
    }
}

void decision_cache::forget_all() {
    std::lock_guard lock(mutex_);
    entries_.clear();
    order_.clear();
}

void decision_cache::forget(std::string_view path) {
    auto about = [path](std::string const& k) { return covers(path, std::string_view(k).substr(k.find(separator) + 1)); };
    std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](auto const& e) { return about(e.first); });
    std::erase_if(order_, about);
}

std::size_t decision_cache::size() const {
    std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace fjord::cache
