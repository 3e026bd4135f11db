#include "site/file_notes.hpp"

#include "site/stored_digests.hpp"

namespace fjord::site {

std::size_t file_notes::place_of(file_facts const& facts) noexcept {
    // The multiplier is 2^64 by the golden ratio: neighbouring inodes go to places far apart.
    return static_cast<std::size_t>((facts.inode ^ facts.device << 32) * 0x9E3779B97F4A7C15u >> 52) % places;
}

std::shared_ptr<file_note const> file_notes::find(file_facts const& facts) const {
    auto const i = place_of(facts);
    std::lock_guard const lock(locks_[i % locks]);
    return places_[i].facts == facts ? places_[i].note : nullptr;
}

std::shared_ptr<file_note const> file_notes::learn(int fd, file_facts const& facts, wall_time now) {
    auto note = std::make_shared<file_note>();
    note->digests = stored_digests(fd, facts);
    note->etag = entity_tag(facts, note->digests);
    note->last_modified = format_http_date(facts.modified());
    wall_time const changed{milliseconds{facts.changed_ns / 1'000'000}};
    if (now < changed + settled) return note;
    auto const i = place_of(facts);
    std::lock_guard const lock(locks_[i % locks]);
    places_[i] = {facts, note};
    return note;
}

}  // namespace fjord::site
