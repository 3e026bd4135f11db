#pragma once
// What the cache knows of objects: version, size, digest, places; asked from a source once for all who need it at the same
// time, believed while fresh (or while the broker's events are followed), and forgotten when an event says so. When the source
// cannot be asked, what was known before may still be served if the mount allows it. Any thread.
#include "cache/engine.hpp"
#include "cache/signal.hpp"
#include "cache/source.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace fjord::cache {

struct lookup_options {
    std::string prefix;  // of this mount's paths in the block store
    bool stale_when_unreachable = false;
    std::size_t limit = 200'000;  // objects remembered
};

class lookup {
public:
    lookup(std::shared_ptr<engine> e, object_source& source, lookup_options options);

    struct found {
        std::shared_ptr<object_info const> info;
        bool stale = false;  // the source could not be asked
    };
    // errc as object_source::resolve(); errc::invalid_argument when the source's answer makes no sense.
    asio::awaitable<result<found>> find(object_key key, principal who, secret token);

    // The broker's events are being followed: what is known stays true until an event says otherwise.
    void set_following(bool yes);
    bool following() const;

    void forget(std::string_view path, std::string_view new_version);  // that path and below; the old content is stale
    void recheck(std::string_view path);                               // same content perhaps, other places
    void forget_all();

    std::string store_path(object_key const& key) const;
    object_source& source() noexcept { return source_; }

private:
    struct pending {
        std::vector<std::shared_ptr<signal>> waiters;
        std::optional<result<found>> outcome;
    };
    std::shared_ptr<object_info const> believed_locked(std::string const& id) const;
    asio::awaitable<result<found>> ask(object_key key, std::string id, principal who, secret token);
    result<found> accept(object_key const& key, std::string const& id, object_info info, std::uint64_t generation);
    result<found> fall_back(object_key const& key, std::string const& id, error why);

    std::shared_ptr<engine> engine_;
    object_source& source_;
    lookup_options const options_;

    mutable std::mutex mutex_;  // guards what follows
    std::map<std::string, std::shared_ptr<object_info const>, std::less<>> known_;
    std::deque<std::string> order_;
    std::map<std::string, std::shared_ptr<pending>> asking_;
    std::uint64_t generation_ = 0;  // counts events, so that an answer from before one is not believed after it
    bool following_ = false;
};

}  // namespace fjord::cache
