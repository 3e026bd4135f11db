#include "stac/index_state.hpp"

#include "base/json.hpp"
#include "stac/code_scan.hpp"

#include <algorithm>

namespace fjord::stac {

std::uint64_t collection_state::items() const noexcept {
    std::uint64_t n = tail.size();
    for (auto const& s : segments) n += s.live;
    return n;
}

collection_state const* index_state::find(collection_id const& id) const noexcept {
    auto const before = [](auto const& c, collection_id const& wanted) { return c->collection->id < wanted; };
    auto const at = std::lower_bound(collections.begin(), collections.end(), id, before);
    return at == collections.end() || (*at)->collection->id != id ? nullptr : at->get();
}

std::uint64_t index_state::items() const noexcept {
    std::uint64_t n = 0;
    for (auto const& c : collections) n += c->items();
    return n;
}

item_place locate(collection_state const& c, std::string_view id) noexcept {
    for (auto const& t : c.tail)
        if (t.item->id.str() == id) return {.tail = &t};
    auto const hash = id_list::hash(id);
    for (auto const& s : c.segments) {
        if (!s.data->ids().may_hold(hash)) continue;
        auto const row = s.data->ids().find(id);
        if (row && !(s.dead && s.dead->has(*row))) return {.segment = &s, .row = *row};
    }
    return {};
}

bool visibility::sees(class_id c, policies::resource const& r) {
    if (c >= known_.size()) known_.resize(c + 1, -1);
    if (known_[c] < 0) known_[c] = permits_(r) ? 1 : 0;
    return known_[c] == 1;
}

bool visibility::sees(class_id c, policies::resource const& r, std::string_view item) {
    if (!per_item_) return sees(c, r);
    auto one = r;
    one.dataset = item;
    return permits_(one);
}

row_set visible_rows(segment_ref const& s, index_state const& state, visibility& v) {
    auto rows = row_set::all(s.data->rows());
    if (s.dead) rows -= *s.dead;
    if (v.per_item()) return rows;
    std::vector<bool> seen;
    for (auto const c : s.classes) seen.push_back(v.sees(c, *(*state.classes)[c]));
    if (std::find(seen.begin(), seen.end(), false) == seen.end()) return rows;
    row_set kept(rows.rows());
    if (std::find(seen.begin(), seen.end(), true) == seen.end()) return kept;
    each_code(s.data->class_codes(), rows, [&](std::size_t row, std::uint64_t code) {
        if (seen[code]) kept.add(row);
    });
    return kept;
}

void keep_visible(row_set& rows, segment_ref const& s, index_state const& state, visibility& v) {
    if (!v.per_item()) return;
    auto kept = rows;
    rows.each([&](std::size_t row) {
        auto const c = s.classes[s.data->class_of(row)];
        if (!v.sees(c, *(*state.classes)[c], s.data->ids().of_row(row))) kept.drop(row);
    });
    rows = std::move(kept);
}

policies::resource resource_of_item(indexed_collection const& c, std::string_view item, std::string_view attributes) {
    boost::json::object document;
    if (!attributes.empty())
        if (auto own = parse_json(attributes)) document["properties"] = std::move(*own);
    return policies::resource_of(c.id.str(), c.attributes, item, document);
}

}  // namespace fjord::stac
