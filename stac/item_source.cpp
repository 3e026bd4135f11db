#include "stac/item_source.hpp"

#include "catalog/catalog.hpp"
#include "stac/id_list.hpp"
#include "stac/segment_builder.hpp"

#include <algorithm>
#include <map>

namespace fjord::stac {
namespace {

std::size_t size_of(indexed_item const& i) { return sizeof i + i.document.size() + i.id.str().size() + 256; }

}  // namespace

result<std::vector<std::optional<catalog::item_record>>> catalog_items::read(collection_id const& c,
                                                                             std::span<std::string const> ids) const {
    return catalog_.find_items(c, ids);
}

std::uint64_t item_reader::key_of(collection_id const& c, std::string_view id, std::uint32_t stamp) {
    return id_list::hash(id) * 31 + id_list::hash(c.str()) + stamp * 0x9e3779b97f4a7c15ULL;
}

item_ptr item_reader::find(wanted_item const& w) {
    auto const found = by_key_.find(key_of(*w.collection, w.id, w.stamp));
    if (found == by_key_.end()) return nullptr;
    auto const& item = found->second->item;
    if (item->id.str() != w.id || item->collection != *w.collection || stamp_of(item->etag) != w.stamp) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second);
    return item;
}

void item_reader::remember(std::uint32_t stamp, item_ptr const& item) {
    auto const key = key_of(item->collection, item->id.str(), stamp);
    if (by_key_.contains(key)) return;
    recent_.push_front({key, item});
    by_key_[key] = recent_.begin();
    used_ += size_of(*item);
    while (used_ > room_ && !recent_.empty()) {
        used_ -= size_of(*recent_.back().item);
        by_key_.erase(recent_.back().key);
        recent_.pop_back();
    }
}

result<std::vector<item_ptr>> item_reader::read(std::span<wanted_item const> wanted, bool keep) {
    std::vector<item_ptr> out(wanted.size());
    std::map<collection_id, std::vector<std::size_t>> missing;
    {
        std::lock_guard const lock(mutex_);
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (!(out[i] = find(wanted[i]))) missing[*wanted[i].collection].push_back(i);
    }
    for (auto const& [collection, places] : missing) {
        std::vector<std::string> ids;
        for (auto const i : places) ids.push_back(wanted[i].id);
        auto records = source_.read(collection, ids);
        if (!records) return records.error();
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (!(*records)[i]) continue;
            if (auto item = describe_item(std::move(*(*records)[i]))) out[places[i]] = std::move(*item);
        }
        if (!keep) continue;
        std::lock_guard const lock(mutex_);
        for (auto const i : places)
            if (out[i]) remember(stamp_of(out[i]->etag), out[i]);
    }
    return out;
}

std::size_t item_reader::bytes() const {
    std::lock_guard const lock(mutex_);
    return used_;
}

}  // namespace fjord::stac
