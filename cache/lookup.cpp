#include "cache/lookup.hpp"

#include "cache/paths.hpp"

#include <boost/asio/this_coro.hpp>

namespace fjord::cache {

namespace {

std::string id_of(object_key const& key) {
    auto id = key.path;
    if (!key.query.empty()) id += "?" + key.query;
    if (key.version) id += "?version=" + key.version->text();
    return id;
}

object_info from_meta(object_meta const& meta) {
    object_info info;
    info.version = meta.version;
    info.sha256 = meta.sha256;
    info.size = meta.size;
    info.media_type = meta.media_type;
    info.etag = meta.etag;
    info.last_modified = meta.last_modified;
    return info;
}

}  // namespace

lookup::lookup(std::shared_ptr<engine> e, object_source& source, lookup_options options)
    : engine_(std::move(e)), source_(source), options_(std::move(options)) {}

std::string lookup::store_path(object_key const& key) const {
    return options_.prefix + key.path + (key.query.empty() ? "" : "?" + key.query);
}

asio::awaitable<result<lookup::found>> lookup::find(object_key key, principal who, secret token) {
    auto executor = co_await asio::this_coro::executor;
    auto id = id_of(key);
    std::shared_ptr<pending> flight;
    std::shared_ptr<signal> wake;
    {
        std::lock_guard lock(mutex_);
        if (auto info = believed_locked(id)) co_return found{info, false};
        auto& slot = asking_[id];
        if (slot) {
            flight = slot;
            wake = std::make_shared<signal>(executor);
            flight->waiters.push_back(wake);
        } else {
            slot = std::make_shared<pending>();
        }
    }
    if (!wake) co_return co_await ask(std::move(key), std::move(id), std::move(who), std::move(token));
    if (!co_await wake->wait()) co_return fail(errc::cancelled, "the request was cancelled");
    std::lock_guard lock(mutex_);
    co_return *flight->outcome;
}

std::shared_ptr<object_info const> lookup::believed_locked(std::string const& id) const {
    auto it = known_.find(id);
    if (it == known_.end() || !it->second->fresh_until) return nullptr;
    return following_ || engine_->time.now() < *it->second->fresh_until ? it->second : nullptr;
}

asio::awaitable<result<lookup::found>> lookup::ask(object_key key, std::string id, principal who, secret token) {
    std::uint64_t generation = 0;
    {
        std::lock_guard lock(mutex_);
        generation = generation_;
    }
    // Whoever waits must be woken whatever happens, also when this coroutine is destroyed in the middle.
    struct on_exit {
        lookup* owner;
        std::string id;
        result<found> outcome = fail(errc::unavailable, "the request that asked the source was cancelled; try again");
        ~on_exit() {
            std::lock_guard lock(owner->mutex_);
            auto it = owner->asking_.find(id);
            if (it == owner->asking_.end()) return;
            it->second->outcome = outcome;
            for (auto& w : it->second->waiters) w->notify();
            owner->asking_.erase(it);
        }
    } answer{this, id};
    auto info = co_await source_.resolve(key, std::move(who), std::move(token));
    answer.outcome = info ? accept(key, id, std::move(*info), generation) : fall_back(key, id, info.error());
    co_return answer.outcome;
}

result<lookup::found> lookup::accept(object_key const& key, std::string const& id, object_info info, std::uint64_t generation) {
    if (info.version.empty()) return fail(errc::invalid_argument, "the source names no version of the object");
    if (info.size && *info.size > max_object_size)
        return fail(errc::limit_exceeded, "an object of more than 256 TiB is not served");
    if (key.version && info.sha256 != key.version) return fail(errc::not_found, "there is no such version of the object");
    auto shared = std::make_shared<object_info const>(std::move(info));
    if (!key.version) engine_->store->supersede(store_path(key), shared->version);
    std::lock_guard lock(mutex_);
    if (generation != generation_ || !shared->fresh_until) return found{shared, false};
    auto [it, fresh] = known_.insert_or_assign(id, shared);
    if (fresh) order_.push_back(id);
    while (order_.size() > options_.limit) {
        known_.erase(order_.front());
        order_.pop_front();
    }
    return found{shared, false};
}

result<lookup::found> lookup::fall_back(object_key const& key, std::string const& id, error why) {
    {
        std::lock_guard lock(mutex_);
        auto it = known_.find(id);
        if (!is_retryable(why.code)) {
            if (it != known_.end()) it->second = std::make_shared<object_info const>();  // never believed again
            return why;
        }
        if (!options_.stale_when_unreachable) return why;
        if (it != known_.end() && it->second->size) {
            engine_->count.stale_served.add();
            return found{it->second, true};
        }
    }
    auto meta = engine_->store->latest(store_path(key));
    if (!meta || (key.version && meta->sha256 != key.version)) return why;
    engine_->count.stale_served.add();
    return found{std::make_shared<object_info const>(from_meta(*meta)), true};
}

void lookup::set_following(bool yes) {
    std::lock_guard lock(mutex_);
    following_ = yes;
}

bool lookup::following() const {
    std::lock_guard lock(mutex_);
    return following_;
}

void lookup::forget(std::string_view path, std::string_view new_version) {
    engine_->store->supersede_below(options_.prefix + std::string(path), std::string(new_version));
    std::lock_guard lock(mutex_);
    ++generation_;
    std::erase_if(known_, [&](auto const& e) { return covers(path, e.first); });
    std::erase_if(order_, [&](auto const& id) { return !known_.contains(id); });
}

void lookup::recheck(std::string_view path) {
    std::lock_guard lock(mutex_);
    ++generation_;
    for (auto& [id, info] : known_) {
        if (!covers(path, id)) continue;
        auto copy = *info;
        copy.fresh_until.reset();
        info = std::make_shared<object_info const>(std::move(copy));
    }
}

void lookup::forget_all() {
    std::lock_guard lock(mutex_);
    ++generation_;
    known_.clear();
    order_.clear();
}

}  // namespace fjord::cache
