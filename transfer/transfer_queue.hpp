#pragma once
// Which waiting copy goes next: by priority, then age, within limits in total, per reading site and per writing site; copies in
// back-off are not looked at before their time. Pure; one thread. Picking costs the number of links, not of copies.
#include "base/clock.hpp"
#include "base/strong_id.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace fjord::transfer {

struct queued_copy {
    transfer_id id;
    site_id from, to;            // `from` is the planned source
    std::uint32_t priority = 3;  // 5 first
    std::optional<wall_time> not_before;
};

struct queue_limits {
    std::size_t total = 64;
    std::size_t per_source = 8;  // default; a site may say otherwise
    std::size_t per_destination = 8;
    std::map<site_id, std::size_t> site_source, site_destination;
};

class transfer_queue {
public:
    explicit transfer_queue(queue_limits limits) : limits_(std::move(limits)) {}

    void set_limits(queue_limits limits) { limits_ = std::move(limits); }
    void push(queued_copy copy);
    bool erase(transfer_id const& id);  // false when it does not wait
    bool contains(transfer_id const& id) const { return waiting_.contains(id); }

    // Takes the next copy that may run now and counts it as running on (from, to).
    std::optional<queued_copy> pick(wall_time now);
    // A picked copy really reads from another site than planned.
    void moved(site_id const& from_before, site_id const& from_now);
    // A picked copy ended.
    void finished(site_id const& from, site_id const& to);

    // When the earliest copy in back-off becomes due.
    std::optional<wall_time> next_due() const;
    std::size_t waiting() const noexcept { return waiting_.size(); }
    std::size_t running() const noexcept { return running_; }
    std::size_t reading_from(site_id const& site) const;

private:
    struct position {
        std::int64_t urgency;  // minus the priority
        std::string id;        // ULID: by time
        friend auto operator<=>(position const&, position const&) = default;
    };
    using link = std::pair<site_id, site_id>;

    void release_due(wall_time now);
    bool has_room(link const& l) const;

    queue_limits limits_;
    std::map<transfer_id, queued_copy> waiting_;
    std::map<link, std::set<position>> ready_;
    std::set<std::pair<wall_time, transfer_id>> later_;
    std::map<site_id, std::size_t> reading_, writing_;
    std::size_t running_ = 0;
};

}  // namespace fjord::transfer
