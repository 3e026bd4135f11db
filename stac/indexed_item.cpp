#include "stac/indexed_item.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "stac/item_scan.hpp"
#include "stac/json_scan.hpp"
#include "stac/segment_builder.hpp"

#include <algorithm>

namespace fjord::stac {

geometry const* indexed_item::shape() const {
    std::call_once(built_, [this] {
        if (boxes.empty()) return;
        auto const value = parse_json(slice(geometry_at));
        if (!value) return;
        if (auto made = geometry::from_geojson(*value)) shape_ = std::move(*made);
    });
    return shape_ ? &*shape_ : nullptr;
}

result<std::shared_ptr<indexed_item>> describe_item(catalog::item_record r) {
    auto item = std::make_shared<indexed_item>();
    item->collection = std::move(r.collection);
    item->id = std::move(r.id);
    item->document = std::move(r.document);
    item->etag = r.etag.empty() ? sha256_of(item->document).hex() : std::move(r.etag);
    auto facts = scan_item(item->document);
    if (!facts) return facts.error();
    item->datetime = facts->datetime;
    item->time = facts->time;
    item->sort_time = facts->sort_time;
    item->boxes = std::move(facts->boxes);
    item->z = facts->z;
    auto const at = [&](std::string_view slice) {
        if (slice.empty()) return indexed_item::part{};
        auto const begin = static_cast<std::uint32_t>(slice.data() - item->document.data());
        return indexed_item::part{begin, begin + static_cast<std::uint32_t>(slice.size())};
    };
    item->properties_at = at(facts->properties);
    item->geometry_at = at(facts->geometry);
    item->links_at = at(facts->links);
    item->assets_at = at(facts->assets);
    item->collection_at = at(facts->collection);
    item->foreign_links = foreign_links_in(facts->links);
    return item;
}

bool is_server_link(std::string_view rel) noexcept {
    static constexpr std::array<std::string_view, 10> own{
        "self",  "root", "parent", "collection", "items",
        "child", "item", "next",   "prev",       "http://www.opengis.net/def/rel/ogc/1.0/queryables"};
    return std::find(own.begin(), own.end(), rel) != own.end();
}

std::string foreign_links_in(std::string_view links) {
    std::string out;
    element_walk walk(links);
    while (auto l = walk.next()) {
        auto const rel = find_member(*l, "rel");
        if (!rel || is_server_link(decode_string(*rel))) continue;
        if (!out.empty()) out += ',';
        out += *l;
    }
    return out;
}

std::string policy_attributes(std::string_view properties) {
    std::string out;
    member_walk walk(properties);
    while (auto m = walk.next()) {
        if (!is_policy_attribute(m->raw_key)) continue;
        out += out.empty() ? "{" : ",";
        out += m->whole;
    }
    return out.empty() ? out : out + "}";
}

cql2::value indexed_item_view::property(std::string_view name) const {
    using cql2::value;
    if (name == "id") return value::of(item_.id.str());
    if (name == "collection") return value::of(item_.collection.str());
    if (name == "geometry") return item_.shape() ? value::of(item_.shape()) : value{};
    if (name.starts_with("properties.")) name.remove_prefix(std::string_view("properties.").size());
    if (name == "datetime") {
        // An item that has only a range is that range for temporal predicates, and unknown to comparisons.
        return item_.datetime ? value::at(*item_.datetime) : value::over(item_.time);
    }
    auto object = item_.properties();
    while (true) {
        if (auto const slice = find_member(object, name)) return cql2::value_of_json(*slice);
        auto const dot = name.find('.');
        if (dot == std::string_view::npos) return {};
        auto const inner = find_member(object, name.substr(0, dot));
        if (!inner) return {};
        object = *inner;
        name.remove_prefix(dot + 1);
    }
}

row_test::row_test(search_query const& q) : query_(q) {
    if (q.bbox) box_shape_.emplace(geometry::from_boxes(q.bbox->boxes));
    if (q.intersects) shape_.emplace(*q.intersects);
    for (auto const& f : q.filters) filters_.emplace_back(*f);
}

bool row_test::matches(indexed_item const& item) {
    if (!query_.ids.empty() && std::find(query_.ids.begin(), query_.ids.end(), item.id) == query_.ids.end()) return false;
    if (query_.datetime && !intersects(*query_.datetime, item.time)) return false;
    if (!matches_space(item)) return false;
    if (filters_.empty()) return true;
    indexed_item_view const view(item);
    return std::all_of(filters_.begin(), filters_.end(), [&](cql2::evaluator& f) { return f.matches(view); });
}

bool row_test::matches_space(indexed_item const& item) {
    if (!query_.bbox && !query_.intersects) return true;
    if (item.boxes.empty()) return query_.shapeless_match && !query_.intersects;
    if (query_.bbox) {
        auto const& z = query_.bbox->z;
        if (z && (item.z[0] > (*z)[1] || item.z[1] < (*z)[0])) return false;
        // Bounds settle most cases: none meets the box, or one lies wholly inside it.
        auto const& boxes = query_.bbox->boxes;
        auto const meets = [&](box const& b) {
            return std::any_of(boxes.begin(), boxes.end(), [&](box const& q) { return intersects(q, b); });
        };
        if (std::none_of(item.boxes.begin(), item.boxes.end(), meets)) return false;
        auto const inside = [&](box const& b) {
            return std::any_of(boxes.begin(), boxes.end(), [&](box const& q) { return covers(q, b); });
        };
        bool const settled = std::any_of(item.boxes.begin(), item.boxes.end(), inside);
        if (!settled && (!item.shape() || box_shape_->intersects(*item.shape()) != true)) return false;
    }
    return !query_.intersects || (item.shape() && shape_->intersects(*item.shape()) == true);
}

sort_value sort_value_of(std::string_view json) {
    switch (kind_of(json)) {
        case json_kind::boolean:
            return json == "true";
        case json_kind::number:
            if (auto n = decode_number(json)) return *n;
            return std::monostate{};
        case json_kind::string: {
            auto text = decode_string(json);
            // Times compare as times, whatever their offset and precision.
            if (text.size() >= 20 && text[0] >= '0' && text[0] <= '9')
                if (auto t = parse_instant(text)) return *t;
            return text;
        }
        default:
            return std::monostate{};
    }
}

std::vector<sort_value> sort_values(indexed_item const& item, std::vector<sort_field> const& sort) {
    if (sort.empty()) return {item.sort_time};
    std::vector<sort_value> out;
    for (auto const& f : sort) {
        if (f.name == "datetime") {
            out.emplace_back(item.sort_time);
        } else if (f.name == "id") {
            out.emplace_back(item.id.str());
        } else if (f.name == "collection") {
            out.emplace_back(item.collection.str());
        } else {
            auto const json = find_member(item.properties(), f.name);
            out.push_back(json ? sort_value_of(*json) : sort_value{});
        }
    }
    return out;
}

}  // namespace fjord::stac
