#include "stac/parameters.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "stac/free_text.hpp"
#include "stac/json_scan.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace fjord::stac {
namespace {

error bad(std::string why) { return error(errc::invalid_argument, std::move(why)); }
// A parameter's failure is always the caller's (400), also when a limit was hit.
error as_bad(std::string_view parameter, error const& e) {
    auto const prefix = std::string(parameter) + ": ";
    return bad(e.detail.starts_with(prefix) ? e.detail : prefix + e.detail);
}

std::vector<std::string_view> comma_list(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const comma = text.find(',');
        if (auto const part = text.substr(0, comma); !part.empty()) out.push_back(part);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return out;
}

// Fills a request from typed pieces; both encodings end here. Keeps the first failure.
class request_builder {
public:
    request_builder(parameter_limits const& limits, std::span<std::string_view const> text_fields)
        : limits_(limits), text_fields_(text_fields) {
        out_.query.limit = limits.default_limit;
    }

    void limit(std::string_view text) {
        std::uint64_t n = 0;
        auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (ec != std::errc() || end != text.data() + text.size() || n == 0) {
            return refuse(bad("limit: must be a whole number of at least 1"));
        }
        out_.query.limit = static_cast<std::size_t>(std::min<std::uint64_t>(n, limits_.max_limit));
    }
    void bbox(std::vector<double> const& numbers) {
        auto made = make_bbox(numbers);
        if (!made) return refuse(made.error());
        note("bbox");
        for (double const n : numbers) note(std::to_string(n));
        out_.query.bbox = std::move(*made);
    }
    void datetime(std::string text) {
        // A '+' of an offset arrives from a query string as a space.
        std::replace(text.begin(), text.end(), ' ', '+');
        auto made = parse_datetime_parameter(text);
        if (!made) return refuse(as_bad("datetime", made.error()));
        note("datetime" + text);
        out_.query.datetime = *made;
    }
    void intersects(json::value const& shape) {
        auto made = geometry::from_geojson(shape);
        if (!made) return refuse(as_bad("intersects", made.error()));
        note("intersects" + json::serialize(shape));
        out_.query.intersects = std::move(*made);
    }
    template <class Text>
    void ids(std::vector<Text> const& list) {
        if (list.size() > limits_.max_ids) return refuse(bad("ids: more than " + std::to_string(limits_.max_ids)));
        for (auto const& id : list) out_.query.ids.emplace_back(std::string_view(id));
        sort_unique(out_.query.ids, "ids");
    }
    template <class Text>
    void collections(std::vector<Text> const& list) {
        if (list.size() > limits_.max_ids) return refuse(bad("collections: more than " + std::to_string(limits_.max_ids)));
        for (auto const& id : list) out_.query.collections.emplace_back(std::string_view(id));
        sort_unique(out_.query.collections, "collections");
    }
    void filter(result<cql2::node> parsed) {
        if (parsed)
            if (auto ok = cql2::check_functions(*parsed); !ok) parsed = ok.error();
        condition("filter", std::move(parsed));
    }
    void query(result<cql2::node> parsed) { condition("query", std::move(parsed)); }
    void text(std::string_view q) { condition("q", read_free_text(q, text_fields_)); }
    void text(std::vector<std::string> const& terms) { condition("q", read_free_text(terms, text_fields_)); }
    void filter_crs(std::string_view crs) {
        if (crs != "http://www.opengis.net/def/crs/OGC/1.3/CRS84" && crs != "http://www.opengis.net/def/crs/OGC/0/CRS84h") {
            refuse(bad("filter-crs: only http://www.opengis.net/def/crs/OGC/1.3/CRS84 is offered"));
        }
    }
    void sort(std::string_view field, bool descending) {
        if (field.starts_with("properties.")) field.remove_prefix(std::string_view("properties.").size());
        if (field.empty()) return refuse(bad("sortby: a field is empty"));
        if (field == "geometry" || field == "bbox" || field == "assets" || field == "links") {
            return refuse(bad("sortby: '" + std::string(field) + "' has no order"));
        }
        if (out_.query.sort.size() >= 8) return refuse(bad("sortby: more than 8 fields"));
        note((descending ? "sort-" : "sort+") + std::string(field));
        out_.query.sort.push_back({std::string(field), descending});
    }
    void fields(result<field_selection> made) {
        if (!made) return refuse(made.error());
        out_.fields = std::move(*made);
    }
    void token(std::string text) { out_.token = std::move(text); }
    void refuse(error e) {
        if (!failure_) failure_ = std::move(e);
    }

    result<search_request> finish() {
        if (out_.query.bbox && out_.query.intersects) refuse(bad("bbox and intersects exclude each other"));
        if (failure_) return *failure_;
        return std::move(out_);
    }

private:
    void condition(std::string_view parameter, result<cql2::node> parsed) {
        if (!parsed) return refuse(as_bad(parameter, parsed.error()));
        note("filter" + cql2::to_text(*parsed));
        out_.query.filters.push_back(std::make_shared<cql2::node const>(std::move(*parsed)));
    }
    void note(std::string const& part) { (out_.identity += part) += '\n'; }

    template <class Id>
    void sort_unique(std::vector<Id>& list, std::string const& name) {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
        note(name);
        for (auto const& id : list) note(id.str());
    }

    parameter_limits const& limits_;
    std::span<std::string_view const> text_fields_;
    search_request out_;
    std::optional<error> failure_;
};

result<std::vector<double>> numbers_of(std::string_view text) {
    std::vector<double> out;
    while (true) {
        auto const comma = text.find(',');
        auto const n = decode_number(text.substr(0, comma));
        if (!n) return bad("bbox: must be numbers separated by commas, without brackets");
        out.push_back(*n);
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

// Empty values count as absent.
std::optional<std::string_view> given(net::query_list const& in, std::string_view name) {
    auto const v = in.find(name);
    return v && !v->empty() ? v : std::nullopt;
}

void read_filter(request_builder& to, net::query_list const& in) {
    auto const filter = given(in, "filter");
    auto const lang = given(in, "filter-lang").value_or("cql2-text");
    if (auto const crs = given(in, "filter-crs")) to.filter_crs(*crs);
    if (lang != "cql2-text" && lang != "cql2-json") return to.refuse(bad("filter-lang: cql2-text and cql2-json are offered"));
    if (!filter) return;
    if (lang == "cql2-text") return to.filter(cql2::parse_text(*filter));
    auto const value = parse_json(*filter);
    if (!value) return to.refuse(as_bad("filter", value.error()));
    to.filter(cql2::parse_json(*value));
}

void read_sort(request_builder& to, std::string_view text) {
    for (auto field : comma_list(text)) {
        bool const descending = field.starts_with('-');
        if (descending || field.starts_with('+') || field.starts_with(' ')) field.remove_prefix(1);
        to.sort(field, descending);
    }
}

std::optional<std::vector<std::string>> strings_of(json::value const& v) {
    std::vector<std::string> out;
    if (v.is_string()) {
        out.emplace_back(v.get_string());
        return out;
    }
    if (!v.is_array()) return std::nullopt;
    for (auto const& e : v.get_array()) {
        if (!e.is_string()) return std::nullopt;
        out.emplace_back(e.get_string());
    }
    return out;
}

void read_body_bbox(request_builder& to, json::value const& v) {
    std::vector<double> numbers;
    if (!v.is_array()) return to.refuse(bad("bbox: must be an array of numbers"));
    for (auto const& n : v.get_array()) {
        if (!n.is_number()) return to.refuse(bad("bbox: must be an array of numbers"));
        numbers.push_back(n.to_number<double>());
    }
    to.bbox(numbers);
}

void read_body_sort(request_builder& to, json::value const& v) {
    if (!v.is_array()) return to.refuse(bad("sortby: must be an array of {field, direction}"));
    for (auto const& e : v.get_array()) {
        auto const* o = e.if_object();
        auto const* field = o ? o->if_contains("field") : nullptr;
        auto const* direction = o ? o->if_contains("direction") : nullptr;
        bool const known =
            !direction || (direction->is_string() && (direction->get_string() == "asc" || direction->get_string() == "desc"));
        if (!field || !field->is_string() || !known)
            return to.refuse(bad("sortby: must be an array of {field, direction: asc|desc}"));
        to.sort(std::string_view(field->get_string()), direction && direction->get_string() == "desc");
    }
}

void read_body_filter(request_builder& to, json::object const& body) {
    auto const* lang = body.if_contains("filter-lang");
    bool const text = lang && lang->is_string() && lang->get_string() == "cql2-text";
    bool const json_lang = !lang || lang->is_null() || (lang->is_string() && lang->get_string() == "cql2-json");
    if (!text && !json_lang) return to.refuse(bad("filter-lang: cql2-text and cql2-json are offered"));
    if (auto const* crs = body.if_contains("filter-crs"); crs && !crs->is_null()) {
        to.filter_crs(crs->is_string() ? std::string_view(crs->get_string()) : std::string_view());
    }
    auto const* filter = body.if_contains("filter");
    if (!filter || filter->is_null()) return;
    if (!text) return to.filter(cql2::parse_json(*filter));
    if (!filter->is_string()) return to.refuse(bad("filter: must be a string under filter-lang cql2-text"));
    to.filter(cql2::parse_text(std::string_view(filter->get_string())));
}

// The body's members that have no sub-structure of their own.
void read_body_member(request_builder& to, std::string_view name, json::value const& v) {
    if (name == "limit") {
        if (!v.is_int64() && !v.is_uint64()) return to.refuse(bad("limit: must be a whole number of at least 1"));
        return to.limit(json::serialize(v));
    }
    if (name == "datetime" || name == "token") {
        if (!v.is_string()) return to.refuse(bad(std::string(name) + ": must be a string"));
        auto text = std::string(v.get_string());
        return name == "token" ? to.token(std::move(text)) : to.datetime(std::move(text));
    }
    if (name == "ids" || name == "collections") {
        auto const list = strings_of(v);
        if (!list) return to.refuse(bad(std::string(name) + ": must be an array of strings"));
        return name == "ids" ? to.ids(*list) : to.collections(*list);
    }
    if (name == "bbox") return read_body_bbox(to, v);
    if (name == "intersects") return to.intersects(v);
    if (name == "sortby") return read_body_sort(to, v);
    if (name == "query") return to.query(read_query_extension(v));
    if (name == "q") {
        if (v.is_string()) return to.text(std::string_view(v.get_string()));
        auto const terms = strings_of(v);
        return terms ? to.text(*terms) : to.refuse(bad("q: must be a string or an array of strings"));
    }
    to.refuse(bad("unknown member '" + std::string(name.substr(0, 64)) + "'"));
}

void read_page(request_builder& to, net::query_list const& in) {
    if (auto const v = in.find("limit")) to.limit(*v);
    if (auto const v = given(in, "token")) to.token(std::string(*v));
    if (auto const v = given(in, "sortby")) read_sort(to, *v);
    if (auto const v = in.find("fields")) to.fields(field_selection::from_text(*v));
}

void read_conditions(request_builder& to, net::query_list const& in) {
    if (auto const v = given(in, "bbox")) {
        auto const numbers = numbers_of(*v);
        numbers ? to.bbox(*numbers) : to.refuse(numbers.error());
    }
    if (auto const v = given(in, "datetime")) to.datetime(std::string(*v));
    if (auto const v = given(in, "ids")) to.ids(comma_list(*v));
    read_filter(to, in);
    if (auto const v = given(in, "query")) {
        auto const value = parse_json(*v);
        value ? to.query(read_query_extension(*value)) : to.refuse(as_bad("query", value.error()));
    }
    if (auto const v = given(in, "q")) to.text(*v);
}

void read_item_conditions(request_builder& to, net::query_list const& in) {
    read_conditions(to, in);
    if (auto const v = given(in, "intersects")) {
        auto const shape = parse_json(*v);
        shape ? to.intersects(*shape) : to.refuse(as_bad("intersects", shape.error()));
    }
    if (auto const v = given(in, "collections")) to.collections(comma_list(*v));
}

// An empty body is an empty search.
result<json::object> object_of(std::string_view body) {
    auto value = parse_json(trimmed(body).empty() ? "{}" : body);
    if (!value) return as_bad("body", value.error());
    if (!value->is_object()) return bad("the body must be a JSON object");
    return std::move(value->get_object());
}

result<search_request> read_search_object(json::object const& object, parameter_limits const& limits) {
    request_builder to(limits, text_fields_of_items());
    for (auto const& [key, v] : object) {
        std::string_view const name(key);
        if (name == "fields") {
            to.fields(field_selection::from_json(v));
        } else if (name == "filter" || name == "filter-lang" || name == "filter-crs") {
            continue;
        } else if (!v.is_null()) {
            read_body_member(to, name, v);
        }
    }
    read_body_filter(to, object);
    return to.finish();
}

constexpr std::string_view interval_name = "datetime_frequency_interval", precision_name = "grid_precision";

result<aggregate_request> finished(aggregate_request out) {
    if (out.names.empty()) return bad("aggregations: name at least one; GET /aggregations lists them");
    if (out.names.size() > 50) return bad("aggregations: more than 50");
    static constexpr std::string_view intervals[] = {"", "year", "month", "week", "day", "hour", "minute"};
    if (std::find(std::begin(intervals), std::end(intervals), out.interval) == std::end(intervals))
        return bad(std::string(interval_name) + ": year, month, week, day, hour or minute");
    if (out.precision > 12) return bad(std::string(precision_name) + ": a number from 1 to 12");
    return out;
}

}  // namespace

result<search_request> read_search_query(net::query_list const& in, parameter_limits const& limits) {
    request_builder to(limits, text_fields_of_items());
    read_page(to, in);
    read_item_conditions(to, in);
    return to.finish();
}

result<search_request> read_search_body(std::string_view body, parameter_limits const& limits) {
    auto const object = object_of(body);
    if (!object) return object.error();
    return read_search_object(*object, limits);
}

result<search_request> read_collections_query(net::query_list const& in, parameter_limits const& limits) {
    request_builder to(limits, text_fields_of_collections());
    read_page(to, in);
    read_conditions(to, in);
    auto made = to.finish();
    if (made) made->identity = "collections\n" + made->identity;
    return made;
}

result<aggregate_request> read_aggregate_query(net::query_list const& in, parameter_limits const& limits) {
    request_builder to(limits, text_fields_of_items());
    read_item_conditions(to, in);
    auto made = to.finish();
    if (!made) return made.error();
    aggregate_request out{.search = std::move(*made), .names = {}, .interval = std::string(in.get(interval_name))};
    for (auto const n : comma_list(in.get("aggregations"))) out.names.emplace_back(n);
    if (auto const v = given(in, precision_name)) {
        auto const [end, ec] = std::from_chars(v->data(), v->data() + v->size(), out.precision);
        if (ec != std::errc() || end != v->data() + v->size() || out.precision == 0) out.precision = 99;
    }
    return finished(std::move(out));
}

result<aggregate_request> read_aggregate_body(std::string_view body, parameter_limits const& limits) {
    auto object = object_of(body);
    if (!object) return object.error();
    aggregate_request out;
    if (auto const* v = object->if_contains("aggregations")) {
        auto names = strings_of(*v);
        if (!names) return bad("aggregations: must be an array of strings");
        out.names = std::move(*names);
    }
    if (auto const* v = object->if_contains(interval_name)) {
        if (!v->is_string()) return bad(std::string(interval_name) + ": must be a string");
        out.interval = std::string(v->get_string());
    }
    if (auto const* v = object->if_contains(precision_name))
        out.precision = v->is_int64() && v->get_int64() > 0 ? static_cast<std::size_t>(v->get_int64()) : 99;
    for (auto const name : {std::string_view("aggregations"), interval_name, precision_name, std::string_view("limit")})
        object->erase(name);
    auto made = read_search_object(*object, limits);
    if (!made) return made.error();
    out.search = std::move(*made);
    return finished(std::move(out));
}

}  // namespace fjord::stac
