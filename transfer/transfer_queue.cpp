#include "transfer/transfer_queue.hpp"

namespace fjord::transfer {

namespace {

std::size_t count_of(std::map<site_id, std::size_t> const& counts, site_id const& site) {
    auto found = counts.find(site);
    return found == counts.end() ? 0 : found->second;
}

std::size_t limit_of(std::map<site_id, std::size_t> const& limits, site_id const& site, std::size_t fallback) {
    auto found = limits.find(site);
    return found == limits.end() ? fallback : found->second;
}

void decrease(std::map<site_id, std::size_t>& counts, site_id const& site) {
    auto found = counts.find(site);
    if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

void transfer_queue::push(queued_copy copy) {
    erase(copy.id);
    if (copy.not_before)
        later_.emplace(*copy.not_before, copy.id);
    else
        ready_[{copy.from, copy.to}].insert({-static_cast<std::int64_t>(copy.priority), copy.id.str()});
    auto id = copy.id;
    waiting_.insert_or_assign(std::move(id), std::move(copy));
}

bool transfer_queue::erase(transfer_id const& id) {
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return false;
    auto const& copy = found->second;
    if (copy.not_before)
        later_.erase({*copy.not_before, id});
    else if (auto line = ready_.find({copy.from, copy.to}); line != ready_.end()) {
        line->second.erase({-static_cast<std::int64_t>(copy.priority), id.str()});
        if (line->second.empty()) ready_.erase(line);
    }
    waiting_.erase(found);
    return true;
}

void transfer_queue::release_due(wall_time now) {
    while (!later_.empty() && later_.begin()->first <= now) {
        auto& copy = waiting_.at(later_.begin()->second);
        later_.erase(later_.begin());
        copy.not_before.reset();
        ready_[{copy.from, copy.to}].insert({-static_cast<std::int64_t>(copy.priority), copy.id.str()});
    }
}

bool transfer_queue::has_room(link const& l) const {
    return count_of(reading_, l.first) < limit_of(limits_.site_source, l.first, limits_.per_source) &&
           count_of(writing_, l.second) < limit_of(limits_.site_destination, l.second, limits_.per_destination);
}

std::optional<queued_copy> transfer_queue::pick(wall_time now) {
    release_due(now);
    if (running_ >= limits_.total) return std::nullopt;
    std::set<position> const* best = nullptr;
    for (auto const& [l, line] : ready_)
        if (has_room(l) && (!best || *line.begin() < *best->begin())) best = &line;
    if (!best) return std::nullopt;
    auto copy = waiting_.at(transfer_id(best->begin()->id));
    erase(copy.id);
    ++running_;
    ++reading_[copy.from];
    ++writing_[copy.to];
    return copy;
}

void transfer_queue::moved(site_id const& from_before, site_id const& from_now) {
    decrease(reading_, from_before);
    ++reading_[from_now];
}

void transfer_queue::finished(site_id const& from, site_id const& to) {
    --running_;
    decrease(reading_, from);
    decrease(writing_, to);
}

std::optional<wall_time> transfer_queue::next_due() const {
    return later_.empty() ? std::nullopt : std::optional(later_.begin()->first);
}

std::size_t transfer_queue::reading_from(site_id const& site) const { return count_of(reading_, site); }

}  // namespace fjord::transfer
