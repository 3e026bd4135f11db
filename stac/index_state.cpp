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

namespace {

// Stands for every item that no rule names: rules are written with names, and this is none.
constexpr std::string_view any_other_item = "\n";

template <class Ask>
bool remembered(std::vector<signed char>& known, class_id c, Ask ask) {
    if (c >= known.size()) known.resize(c + 1, -1);
    if (known[c] < 0) known[c] = ask() ? 1 : 0;
    return known[c] == 1;
}

}  // namespace

bool visibility::ask(policies::resource r, std::string_view item) {
    r.dataset = item;
    return permits_(r);
}

std::span<std::string const> visibility::named_items() const noexcept {
    return named_ ? std::span<std::string const>(*named_) : std::span<std::string const>();
}

std::vector<std::uint64_t> const& visibility::named_hashes() {
    if (hashes_.empty())
        for (auto const& id : named_items()) hashes_.push_back(id_list::hash(id));
    return hashes_;
}

bool visibility::sees(class_id c, policies::resource const& r) {
    return remembered(collections_, c, [&] { return permits_(r); });
}

bool visibility::sees_items(class_id c, policies::resource const& r) {
    return remembered(items_, c, [&] { return ask(r, any_other_item); });
}

bool visibility::sees_item(class_id c, policies::resource const& r, std::string_view item) {
    auto const named = named_items();
    return std::binary_search(named.begin(), named.end(), item) ? ask(r, item) : sees_items(c, r);
}

namespace {

// Takes the rows of classes that are not seen out, a run of such classes at a time.
void drop_unseen(row_set& rows, segment_ref const& s, std::vector<bool> const& seen) {
    auto const end = seen.end();
    for (auto at = std::find(seen.begin(), end, false); at != end; at = std::find(at, end, false)) {
        auto const from = at;
        at = std::find(at, end, true);
        auto const first = static_cast<std::uint64_t>(from - seen.begin()), last = static_cast<std::uint64_t>(at - seen.begin());
        rows -= rows_in_codes(s.data->class_codes(), first, last - 1, rows);
    }
}

// What rules say of single items by name.
void judge_named(row_set& rows, segment_ref const& s, index_state const& state, visibility& v) {
    auto const named = v.named_items();
    for (std::size_t i = 0; i < named.size(); ++i) {
        if (!s.data->ids().may_hold(v.named_hashes()[i])) continue;
        auto const row = s.data->ids().find(named[i]);
        if (!row || (s.dead && s.dead->has(*row))) continue;
        auto const c = s.classes[s.data->class_of(*row)];
        if (v.sees_item(c, *(*state.classes)[c], named[i]))
            rows.add(*row);
        else
            rows.drop(*row);
    }
}

}  // namespace

row_set visible_rows(segment_ref const& s, index_state const& state, visibility& v) {
    std::vector<bool> seen;
    for (auto const c : s.classes) seen.push_back(v.sees_items(c, *(*state.classes)[c]));
    bool const none = std::find(seen.begin(), seen.end(), true) == seen.end();
    auto rows = none ? row_set(s.data->rows()) : row_set::all(s.data->rows());
    if (!none) {
        if (s.dead) rows -= *s.dead;
        drop_unseen(rows, s, seen);
    }
    judge_named(rows, s, state, v);
    return rows;
}

policies::resource resource_of_item(indexed_collection const& c, std::string_view item, std::string_view attributes) {
    boost::json::object document;
    if (!attributes.empty())
        if (auto own = parse_json(attributes)) document["properties"] = std::move(*own);
    return policies::resource_of(c.id.str(), c.attributes, item, document);
}

}  // namespace fjord::stac
