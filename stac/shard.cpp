#include "stac/shard.hpp"

#include "stac/json_scan.hpp"

#include <algorithm>

namespace fjord::stac {

bool newest_first::operator()(item_ptr const& a, item_ptr const& b) const {
    if (a->sort_time != b->sort_time) return a->sort_time > b->sort_time;
    return a->id < b->id;
}

bool newest_first::operator()(item_ptr const& a, shard_position const& b) const {
    if (a->sort_time != b.time) return a->sort_time > b.time;
    return b.side == 0 ? a->id.str() < b.id : b.side > 0;
}

bool newest_first::operator()(shard_position const& a, item_ptr const& b) const {
    if (a.time != b->sort_time) return a.time > b->sort_time;
    return a.side == 0 ? a.id < b->id.str() : a.side < 0;
}

void shard::put(item_ptr item) {
    remove(item->id);
    count(*item, 1);
    by_id_[item->id] = item;
    order_.insert(std::move(item));
}

void shard::remove(item_id const& id) {
    auto const found = by_id_.find(id);
    if (found == by_id_.end()) return;
    count(*found->second, -1);
    order_.erase(found->second);
    by_id_.erase(found);
}

item_ptr shard::find(item_id const& id) const {
    auto const found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

void shard::count(indexed_item const& item, int by) {
    auto& contents = classes_[item.visible_as];
    contents.count(item, by);
    if (contents.items == 0) classes_.erase(item.visible_as);
}

void class_contents::count(indexed_item const& item, int by) {
    items += by;
    member_walk walk(item.properties());
    while (auto m = walk.next()) {
        auto& p = properties[m->key()];
        switch (kind_of(m->value)) {
            case json_kind::null:
                break;
            case json_kind::number:
                p.numbers += by;
                break;
            case json_kind::string:
                p.texts += by;
                break;
            case json_kind::boolean:
                p.booleans += by;
                break;
            case json_kind::array:
                p.arrays += by;
                break;
            case json_kind::object:
                p.objects += by;
                break;
        }
    }
}

row_test::row_test(search_query const& q) : query_(q) {
    if (q.bbox) box_shape_.emplace(geometry::from_boxes(q.bbox->boxes));
    if (q.intersects) shape_.emplace(*q.intersects);
    for (auto const& f : q.filters) filters_.emplace_back(*f);
}

bool row_test::matches(indexed_item const& item) {
    if (query_.datetime && !intersects(*query_.datetime, item.time)) return false;
    if (!matches_space(item)) return false;
    if (filters_.empty()) return true;
    indexed_item_view const view(item);
    return std::all_of(filters_.begin(), filters_.end(), [&](cql2::evaluator& f) { return f.matches(view); });
}

bool row_test::matches_space(indexed_item const& item) {
    if (!query_.bbox && !query_.intersects) return true;
    if (!item.shape) return query_.shapeless_match && !query_.intersects;
    if (query_.intersects && shape_->intersects(*item.shape) != true) return false;
    if (!query_.bbox) return true;
    if (query_.bbox->z && (item.z[0] > (*query_.bbox->z)[1] || item.z[1] < (*query_.bbox->z)[0])) return false;
    // Bounds settle most cases: none meets the box, or one lies wholly inside it.
    auto const& boxes = query_.bbox->boxes;
    auto const meets = [&](box const& b) {
        return std::any_of(boxes.begin(), boxes.end(), [&](box const& q) { return intersects(q, b); });
    };
    if (std::none_of(item.boxes.begin(), item.boxes.end(), meets)) return false;
    auto const inside = [&](box const& b) {
        return std::any_of(boxes.begin(), boxes.end(), [&](box const& q) { return covers(q, b); });
    };
    if (std::any_of(item.boxes.begin(), item.boxes.end(), inside)) return true;
    return box_shape_->intersects(*item.shape) == true;
}

namespace {

sort_value sort_value_of(indexed_item const& item, std::string const& name) {
    if (name == "datetime") return item.sort_time;
    if (name == "id") return item.id.str();
    if (name == "collection") return item.collection.str();
    auto const slice = find_member(item.properties(), name);
    if (!slice) return std::monostate{};
    switch (kind_of(*slice)) {
        case json_kind::boolean:
            return *slice == "true";
        case json_kind::number:
            if (auto n = decode_number(*slice)) return *n;
            return std::monostate{};
        case json_kind::string: {
            auto text = decode_string(*slice);
            // Times compare as times, whatever their offset and precision.
            if (auto t = parse_instant(text)) return *t;
            return text;
        }
        default:
            return std::monostate{};
    }
}

}  // namespace

std::vector<sort_value> sort_values(indexed_item const& item, std::vector<sort_field> const& sort) {
    if (sort.empty()) return {item.sort_time};
    std::vector<sort_value> out;
    for (auto const& f : sort) out.push_back(sort_value_of(item, f.name));
    return out;
}

}  // namespace fjord::stac
