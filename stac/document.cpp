#include "stac/document.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "stac/json_scan.hpp"

#include <boost/json/monotonic_resource.hpp>

#include <algorithm>

namespace fjord::stac {
namespace {

error bad(std::string why) { return error(errc::invalid_argument, std::move(why)); }

// Reads one kind of document; keeps the first failure so that the checks read as a list.
class document_check {
public:
    document_check(json::object const& object, std::string_view what) : object_(object), what_(what) {}

    json::value const* find(std::string_view key) const { return object_.if_contains(key); }

    std::string text(std::string_view key) {
        auto const* v = find(key);
        if (!v || !v->is_string() || v->get_string().empty()) {
            refuse(key, "must be a non-empty string");
            return {};
        }
        return std::string(v->get_string());
    }
    json::object const* object(std::string_view key) {
        auto const* v = find(key);
        if (v && v->is_object()) return &v->get_object();
        refuse(key, "must be an object");
        return nullptr;
    }
    json::array const* array(std::string_view key) {
        auto const* v = find(key);
        if (v && v->is_array()) return &v->get_array();
        refuse(key, "must be an array");
        return nullptr;
    }
    void refuse(std::string_view key, std::string_view why) {
        if (!failure_) failure_ = bad(std::string(what_) + ": '" + std::string(key) + "' " + std::string(why));
    }
    void refuse(error e) {
        if (!failure_) failure_ = error(e.code, std::string(what_) + ": " + e.detail);
    }
    std::optional<error> const& failure() const { return failure_; }

private:
    json::object const& object_;
    std::string_view what_;
    std::optional<error> failure_;
};

void check_kind(document_check& in, std::string_view type) {
    auto const* t = in.find("type");
    if (!t || !t->is_string() || t->get_string() != type) in.refuse("type", "must be '" + std::string(type) + "'");
    auto const version = in.text("stac_version");
    bool const known = version.size() >= 5 && (version.starts_with("1.0.") || version.starts_with("1.1.")) &&
                       version.find_first_not_of("0123456789", 4) == std::string::npos;
    if (!known)
        in.refuse("stac_version", "is '" + version.substr(0, 32) + "'; 1.0.x and 1.1.x are served, migrate older documents");
}

// Absent links are fine: who writes through an API leaves them to the server.
void check_links(document_check& in) {
    if (!in.find("links")) return;
    auto const* links = in.array("links");
    if (!links) return;
    for (auto const& link : *links) {
        auto const* l = link.if_object();
        auto const* rel = l ? l->if_contains("rel") : nullptr;
        auto const* href = l ? l->if_contains("href") : nullptr;
        if (!rel || !rel->is_string() || !href || !href->is_string())
            in.refuse("links", "must hold objects with 'rel' and 'href'");
    }
}

void check_assets(document_check& in) {
    auto const* assets = in.object("assets");
    if (!assets) return;
    for (auto const& [key, value] : *assets) {
        if (auto ok = check_name("asset key", std::string_view(key)); !ok) in.refuse(ok.error());
        auto const* asset = value.if_object();
        auto const* href = asset ? asset->if_contains("href") : nullptr;
        if (!href || !href->is_string()) in.refuse("assets", "must hold objects with 'href'; '" + std::string(key) + "' is none");
    }
}

void check_extensions(document_check& in) {
    auto const* v = in.find("stac_extensions");
    if (!v) return;
    bool const fine =
        v->is_array() && std::all_of(v->get_array().begin(), v->get_array().end(), [](auto const& e) { return e.is_string(); });
    if (!fine) in.refuse("stac_extensions", "must be an array of strings");
}

std::optional<std::vector<double>> numbers(json::value const& v) {
    auto const* list = v.if_array();
    if (!list) return std::nullopt;
    std::vector<double> out;
    for (auto const& n : *list) {
        if (!n.is_number()) return std::nullopt;
        out.push_back(n.to_number<double>());
    }
    return out;
}

// A member that is absent, null or a date-time.
std::optional<instant> optional_instant(document_check& in, json::object const& properties, std::string_view key) {
    auto const* v = properties.if_contains(key);
    if (!v || v->is_null()) return std::nullopt;
    auto const t = v->is_string() ? parse_instant(std::string_view(v->get_string())) : result<instant>(bad("it is no string"));
    if (t) return *t;
    in.refuse("properties." + std::string(key), "is no RFC 3339 date-time: " + t.error().detail);
    return std::nullopt;
}

void read_time(document_check& in, json::object const& properties, item_facts& out) {
    if (!properties.contains("datetime")) {
        return in.refuse("properties.datetime", "is required; null is allowed with start_datetime and end_datetime");
    }
    out.datetime = optional_instant(in, properties, "datetime");
    auto const start = optional_instant(in, properties, "start_datetime"), end = optional_instant(in, properties, "end_datetime");
    if (!out.datetime && (!start || !end)) {
        return in.refuse("properties.datetime", "is null, so start_datetime and end_datetime are both required");
    }
    if (start.has_value() != end.has_value()) return in.refuse("properties.start_datetime", "and end_datetime come together");
    if (start && *start > *end) return in.refuse("properties.start_datetime", "is after end_datetime");
    out.time = start ? time_interval{*start, *end} : time_interval{*out.datetime, *out.datetime};
}

void read_shape(document_check& in, item_facts& out) {
    auto const* shape = in.find("geometry");
    if (!shape) return in.refuse("geometry", "is required; null is allowed");
    auto const* bbox = in.find("bbox");
    if (shape->is_null()) {
        if (bbox && !bbox->is_null()) in.refuse("bbox", "must be absent when the geometry is null");
        return;
    }
    auto made = geometry::from_geojson(*shape);
    if (!made) return in.refuse(made.error());
    auto const box_numbers = bbox ? numbers(*bbox) : std::nullopt;
    if (!box_numbers) return in.refuse("bbox", "is required with a geometry: an array of 4 or 6 numbers");
    if (auto box = make_bbox(*box_numbers); !box) return in.refuse(box.error());
    out.boxes = made->boxes();
    out.z = made->z_range();
    out.shape = std::move(*made);
}

result<json::object> parse_object(std::string_view text, std::string_view what) {
    // Read once and dropped as a whole. The value of a text takes about three times its size.
    auto value = parse_json(text, {}, json::make_shared_resource<json::monotonic_resource>(3 * text.size() + 1024));
    if (!value) return error(value.error().code, std::string(what) + ": " + value.error().detail);
    if (!value->is_object()) return bad(std::string(what) + ": must be a JSON object");
    return std::move(value->get_object());
}

void read_spatial_extent(document_check& in, json::object const& extent, collection_facts& out) {
    auto const* spatial = extent.if_contains("spatial");
    auto const* list = spatial && spatial->is_object() ? spatial->get_object().if_contains("bbox") : nullptr;
    if (!list || !list->is_array() || list->get_array().empty())
        return in.refuse("extent.spatial.bbox", "must be a non-empty array");
    auto const& boxes = list->get_array();
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        auto const n = numbers(boxes[i]);
        auto box = n ? make_bbox(*n) : result<bbox_filter>(bad("extent.spatial.bbox: must hold arrays of numbers"));
        if (!box) return in.refuse(box.error());
        if (i > 0 || boxes.size() == 1) out.boxes.insert(out.boxes.end(), box->boxes.begin(), box->boxes.end());
    }
}

void read_temporal_extent(document_check& in, json::object const& extent, collection_facts& out) {
    auto const* temporal = extent.if_contains("temporal");
    auto const* list = temporal && temporal->is_object() ? temporal->get_object().if_contains("interval") : nullptr;
    if (!list || !list->is_array() || list->get_array().empty()) {
        return in.refuse("extent.temporal.interval", "must be a non-empty array");
    }
    auto const& intervals = list->get_array();
    for (std::size_t i = 0; i < intervals.size(); ++i) {
        auto const* pair = intervals[i].if_array();
        if (!pair || pair->size() != 2) return in.refuse("extent.temporal.interval", "must hold pairs");
        time_interval span;
        for (std::size_t end = 0; end < 2; ++end) {
            auto const& v = (*pair)[end];
            if (v.is_null()) continue;
            auto text = v.is_string() ? std::string(v.get_string()) : std::string();
            // Extents in the wild have a space there, which RFC 3339 section 5.6 leaves to applications.
            if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
            auto const t = parse_instant(text);
            if (!t) return in.refuse("extent.temporal.interval", "holds something that is neither null nor a date-time");
            (end == 0 ? span.start : span.end) = *t;
        }
        if (i > 0 || intervals.size() == 1) out.intervals.push_back(span);
    }
}

}  // namespace

std::vector<member_span> table_of(std::string_view document) {
    std::vector<member_span> out;
    member_walk walk(document);
    while (auto m = walk.next()) {
        auto const value_begin = static_cast<std::size_t>(m->value.data() - document.data());
        out.push_back(
            {m->key(), static_cast<std::size_t>(m->whole.data() - document.data()), value_begin, value_begin + m->value.size()});
    }
    return out;
}

result<item_facts> read_item(std::string_view text) {
    auto object = parse_object(text, "item");
    if (!object) return object.error();
    item_facts out{.document = std::move(*object)};  // made, not assigned: assigning would copy it out of its memory
    document_check in(out.document, "item");
    check_kind(in, "Feature");
    out.id = item_id(in.text("id"));
    if (!in.failure()) {
        if (auto ok = check_name("id", out.id.str()); !ok) in.refuse(ok.error());
    }
    if (in.find("collection") && !in.find("collection")->is_null()) out.collection = collection_id(in.text("collection"));
    check_extensions(in);
    check_links(in);
    check_assets(in);
    if (auto const* properties = in.object("properties")) read_time(in, *properties, out);
    read_shape(in, out);
    if (in.failure()) return *in.failure();
    out.members = table_of(text);
    return out;
}

result<collection_facts> read_collection(std::string_view text) {
    auto object = parse_object(text, "collection");
    if (!object) return object.error();
    collection_facts out{.document = std::move(*object)};
    document_check in(out.document, "collection");
    check_kind(in, "Collection");
    out.id = collection_id(in.text("id"));
    if (!in.failure()) {
        if (auto ok = check_name("id", out.id.str()); !ok) in.refuse(ok.error());
    }
    in.text("description");
    in.text("license");
    check_extensions(in);
    check_links(in);
    if (auto const* extent = in.object("extent")) {
        read_spatial_extent(in, *extent, out);
        read_temporal_extent(in, *extent, out);
    }
    if (in.find("assets")) check_assets(in);
    if (in.failure()) return *in.failure();
    out.members = table_of(text);
    return out;
}

}  // namespace fjord::stac
