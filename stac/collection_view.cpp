#include "stac/collection_view.hpp"

#include "stac/json_scan.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

std::optional<std::string_view> at_path(std::string_view object, std::string_view path) {
    while (true) {
        if (auto const whole = find_member(object, path)) return whole;
        auto const dot = path.find('.');
        if (dot == std::string_view::npos) return std::nullopt;
        auto const inner = find_member(object, path.substr(0, dot));
        if (!inner) return std::nullopt;
        object = *inner;
        path.remove_prefix(dot + 1);
    }
}

std::optional<std::string_view> slice_of(indexed_collection const& c, std::string_view name) {
    if (auto const own = at_path(c.document, name)) return own;
    auto const summaries = find_member(c.document, "summaries");
    return summaries ? at_path(*summaries, name) : std::nullopt;
}

time_interval hull_of(std::vector<time_interval> const& list) {
    time_interval out{open_end, open_start};
    for (auto const& t : list) out = {std::min(out.start, t.start), std::max(out.end, t.end)};
    return out;
}

}  // namespace

cql2::value collection_view::property(std::string_view name) const {
    using cql2::value;
    if (name == "id") return value::of(collection_.id.str());
    if (name == "datetime") return collection_.intervals.empty() ? value{} : value::over(hull_of(collection_.intervals));
    if (name == "geometry") {
        if (collection_.boxes.empty()) return {};
        if (!shape_) shape_ = geometry::from_boxes(collection_.boxes);
        return value::of(&*shape_);
    }
    auto const slice = slice_of(collection_, name);
    return slice ? cql2::value_of_json(*slice) : value{};
}

collection_test::collection_test(search_query const& q) : query_(q) {
    for (auto const& f : q.filters) filters_.emplace_back(*f);
}

bool collection_test::matches(indexed_collection const& c) {
    if (!query_.ids.empty() && std::find(query_.ids.begin(), query_.ids.end(), item_id(c.id.str())) == query_.ids.end())
        return false;
    if (query_.bbox) {
        auto const meets = [&](box const& b) {
            return std::any_of(query_.bbox->boxes.begin(), query_.bbox->boxes.end(),
                               [&](box const& f) { return intersects(f, b); });
        };
        if (std::none_of(c.boxes.begin(), c.boxes.end(), meets)) return false;
    }
    auto const& time = query_.datetime;
    auto const during = [&](time_interval const& t) { return intersects(*time, t); };
    if (time && std::none_of(c.intervals.begin(), c.intervals.end(), during)) return false;
    collection_view const view(c);
    return std::all_of(filters_.begin(), filters_.end(), [&](cql2::evaluator& f) { return f.matches(view); });
}

sort_key sort_key_of(indexed_collection const& c, std::vector<sort_field> const& sort) {
    sort_key out{{}, c.id, {}};
    for (auto const& f : sort) {
        if (f.name == "id") {
            out.values.emplace_back(c.id.str());
        } else if (f.name == "datetime") {
            out.values.push_back(c.intervals.empty() ? sort_value{} : sort_value{hull_of(c.intervals).start});
        } else {
            auto const slice = slice_of(c, f.name);
            out.values.push_back(slice ? sort_value_of(*slice) : sort_value{});
        }
    }
    return out;
}

}  // namespace fjord::stac
