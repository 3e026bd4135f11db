#pragma once
// A state of the index in the making. Private to index_writer.cpp and index_merge.cpp.
#include "stac/index_writer.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace fjord::stac {

struct index_writer::batch {
    explicit batch(index_state const& s) : next(s) {}

    struct waiting {
        std::vector<std::optional<catalog::item_record>> puts;
        std::unordered_map<std::string, std::size_t> place;  // in puts, by id
        std::unordered_set<std::string> gone;
    };
    index_state next;
    std::map<collection_id, waiting> items;  // changes not yet made
    std::map<collection_id, std::shared_ptr<collection_state>> changed;

    static bool before(std::shared_ptr<collection_state const> const& c, collection_id const& id) {
        return c->collection->id < id;
    }
    auto place_of(collection_id const& id) {
        return std::lower_bound(next.collections.begin(), next.collections.end(), id, before);
    }
    // For writing; null when there is no such collection.
    collection_state* edit(collection_id const& id) {
        if (auto const found = changed.find(id); found != changed.end()) return found->second.get();
        auto const at = place_of(id);
        if (at == next.collections.end() || (*at)->collection->id != id) return nullptr;
        auto copy = std::make_shared<collection_state>(**at);
        *at = copy;
        return (changed[id] = std::move(copy)).get();
    }
    collection_state& add(collection_ptr c) {
        auto fresh = std::make_shared<collection_state>();
        fresh->collection = std::move(c);
        auto const& id = fresh->collection->id;
        next.collections.insert(place_of(id), fresh);
        return *(changed[id] = fresh);
    }
    void erase(collection_id const& id) {
        auto const at = place_of(id);
        if (at != next.collections.end() && (*at)->collection->id == id) next.collections.erase(at);
        changed.erase(id);
        items.erase(id);
    }
};

}  // namespace fjord::stac
