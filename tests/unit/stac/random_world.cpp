#include "tests/unit/stac/random_world.hpp"

#include "base/json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numbers>
#include <set>

namespace fjord::stac::test {
namespace {

constexpr std::int64_t second = 1'000'000, day = 86'400 * second;
constexpr std::int64_t epoch = 1'577'836'800 * second;  // 2020-01-01

std::string number_text(double v) {
    char buffer[40];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, v).ptr};
}

std::string fixed(std::int64_t t, int digits) {
    namespace ch = std::chrono;
    auto const days = t / day - (t % day < 0);
    auto const rest = t - days * day;
    ch::year_month_day const date{ch::sys_days(ch::days(days))};
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()), unsigned(date.month()),
                  unsigned(date.day()), int(rest / (3600 * second)), int(rest / (60 * second) % 60), int(rest / second % 60));
    std::string out = buffer;
    if (digits > 0) {
        std::snprintf(buffer, sizeof buffer, ".%06d", int(rest % second));
        out += std::string(buffer).substr(0, static_cast<std::size_t>(digits) + 1);
    }
    return out + "Z";
}

std::string position(double x, double y) { return "[" + number_text(x) + "," + number_text(y) + "]"; }

template <class T>
three compared(int o, std::optional<T> const& a, std::optional<T> const& b) {
    if (!a || !b) return std::nullopt;
    bool const outcomes[] = {*a == *b, *a != *b, *a<*b, *a <= *b, *a> * b, *a >= *b};
    return outcomes[o];
}
constexpr char const* symbols[] = {"=", "<>", "<", "<=", ">", ">="};

constexpr char const* words[] = {"", "a", "ab", "abc", "ba", "B", "a%", "a_b", "\xC3\xA9t\xC3\xA9"};

}  // namespace

std::string time_text(std::int64_t t) { return fixed(t, t % second == 0 ? 0 : 6); }

geometry geometry_of(std::string const& geojson, double max_longitude) {
    return geometry::from_geojson(parse_json(geojson).value(), {.max_longitude = max_longitude}).value();
}

std::string random_world::word() { return words[upto(9)]; }

std::int64_t random_world::time() {
    if (one_in(3)) return epoch + upto(20) * 30 * day;
    return epoch + upto(600) * day + (one_in(2) ? upto(86'400) * second : 0) + (one_in(4) ? upto(1'000'000) : 0);
}

std::string random_world::polygon(double w, double s, double e, double n) {
    auto const x = [&](double f) { return w + (e - w) * f; };
    auto const y = [&](double f) { return s + (n - s) * f; };
    std::vector<std::array<double, 2>> ring;
    switch (upto(6)) {
        case 0:
        case 1:
            ring = {{w, s}, {e, s}, {e, n}, {w, n}};
            break;
        case 2: {  // leaning, as scenes of a polar orbit are
            double const t = 0.05 + upto(9) / 20.0;
            ring = {{x(t), s}, {e, y(t)}, {x(1 - t), n}, {w, y(1 - t)}};
            break;
        }
        case 3:
            ring = {{w, s}, {e, y(0.25)}, {x(0.3), n}};
            break;
        case 4:  // not convex
            ring = {{w, s}, {e, s}, {e, n}, {x(0.5), y(0.4)}, {w, n}};
            break;
        default:
            for (int i = 0; i < 9; ++i) {
                double const a = 6.283185307179586 * i / 9;
                ring.push_back({x(0.5 + std::cos(a) / 2), y(0.5 + std::sin(a) / 2)});
            }
    }
    if (one_in(2)) std::reverse(ring.begin(), ring.end());
    ring.push_back(ring.front());
    std::string out = R"({"type":"Polygon","coordinates":[[)";
    for (std::size_t i = 0; i < ring.size(); ++i) out += (i ? "," : "") + position(ring[i][0], ring[i][1]);
    return out + "]]}";
}

std::string random_world::geometry_text() {
    double const size = std::array{0.5, 1.0, 2.0, 5.0, 30.0}[static_cast<std::size_t>(upto(5))];
    double const w = degree(-180, 180 - size), s = degree(-90, 90 - size);
    switch (upto(16)) {
        case 0:
            return R"({"type":"Point","coordinates":)" + position(w, s) + "}";
        case 1:
            return R"({"type":"LineString","coordinates":[)" + position(w, s) + "," + position(w + size, s + size / 2) + "]}";
        case 2:
            return R"({"type":"MultiPoint","coordinates":[)" + position(w, s) + "," + position(w + size, s + size) + "]}";
        case 3:
            return R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":)" + position(w, s) + "}," +
                   polygon(w, s, w + size, s + size) + "]}";
        case 4:  // split at the antimeridian
            return R"({"type":"MultiPolygon","coordinates":[[[)" + position(180 - size, s) + "," + position(180, s) + "," +
                   position(180, s + size) + "," + position(180 - size, s) + "]],[[" + position(-180, s) + "," +
                   position(-180 + size, s) + "," + position(-180, s + size) + "," + position(-180, s) + "]]]}";
        case 5:  // with a hole
            return R"({"type":"Polygon","coordinates":[[)" + position(w, s) + "," + position(w + size, s) + "," +
                   position(w + size, s + size) + "," + position(w, s + size) + "," + position(w, s) + "],[" +
                   position(w + size / 4, s + size / 4) + "," + position(w + size / 2, s + size / 4) + "," +
                   position(w + size / 4, s + size / 2) + "," + position(w + size / 4, s + size / 4) + "]]}";
        case 6:  // crosses itself
            return R"({"type":"Polygon","coordinates":[[)" + position(w, s) + "," + position(w + size, s + size) + "," +
                   position(w + size, s) + "," + position(w, s + size) + "," + position(w, s) + "]]}";
        case 7:
        case 8: {  // round: more positions than are kept
            int const corners = 12 + upto(60);
            double const dent = one_in(2) ? 1 : 0.97;
            std::string ring;
            for (int i = 0; i <= corners; ++i) {
                double const a = 2 * std::numbers::pi * (i % corners) / corners;
                double const far = size / 2 * (i % corners % 5 == 2 ? dent : 1);
                ring += (i ? "," : "") + position(w + size / 2 + far * std::cos(a), s + size / 2 + far * std::sin(a));
            }
            return R"({"type":"Polygon","coordinates":[[)" + ring + "]]}";
        }
        default:
            return polygon(w, s, w + size, s + size);
    }
}

std::string random_world::query_geometry() {
    if (one_in(3)) return geometry_text();
    double const size = 5 + upto(60);
    double const w = degree(-180, 180 - size), s = degree(-90, std::max(-90.0, 90 - size));
    return polygon(w, s, w + size, std::min(90.0, s + size));
}

plain_item random_world::item(std::string collection, std::string id) {
    plain_item p;
    p.collection = std::move(collection);
    p.id = std::move(id);
    if (upto(4)) p.number = upto(10);
    if (upto(4)) p.half = upto(10) / 2.0;
    if (upto(5)) p.cloud = upto(600) / 4.0;
    if (upto(5)) p.wild = (random_() % 512 + 0.1) * 3.7 * (one_in(2) ? -1 : 1) / (one_in(4) ? 7 : 1);
    if (upto(4)) p.word = word();
    if (upto(4)) p.name = "name-" + std::to_string(random_() % 3'000) + words[upto(9)];
    if (upto(3)) p.flag = one_in(2);
    switch (upto(4)) {
        case 0:
            p.mixed_number = upto(500);
            break;
        case 1:
            p.mixed_text = one_in(2) ? std::to_string(upto(400)) : "2020-0" + std::to_string(1 + upto(9)) + "-01T00:00:00Z";
            break;
        case 2:
            p.mixed_list = one_in(3);
            break;
        default:
            break;
    }
    if (upto(4)) p.nested = upto(6);
    if (upto(4)) p.dotted = upto(6);
    if (upto(3)) {
        p.tags.emplace();
        for (int i = upto(4); i > 0; --i) p.tags->push_back(words[1 + upto(3)]);
    }
    if (upto(5)) p.created = time() / 7 * 7;
    if (upto(3)) {
        p.seen = epoch + upto(30) * day;
        p.seen_text = one_in(2) ? fixed(*p.seen, upto(4)) : fixed(*p.seen, 0);
        if (one_in(4)) p.seen_text.back() = 'z';
    }
    p.start = p.end = time();
    if (!one_in(5)) p.datetime = p.start;
    if (!p.datetime || one_in(6)) p.end = (p.start = time()) + upto(90) * day;
    if (one_in(2)) p.sensitivity = upto(5);
    if (!one_in(12)) {
        p.geometry_text = geometry_text();
        p.shape = geometry_of(p.geometry_text);
        if (one_in(15) && p.geometry_text.starts_with(R"({"type":"Point")")) {
            p.z_low = p.z_high = upto(40) * 10;
            p.geometry_text.insert(p.geometry_text.find(']'), "," + number_text(p.z_low));
        }
    }
    return p;
}

std::string document_of(plain_item const& p) {
    std::string properties;
    auto const add = [&](std::string const& name, std::string const& v) { properties += ",\"" + name + "\":" + v; };
    auto const quoted = [](std::string const& t) { return json_quote(t); };
    if (p.number) add("num", number_text(*p.number));
    if (p.half) add("half", number_text(*p.half));
    if (p.cloud) add("eo:cloud_cover", number_text(*p.cloud));
    if (p.wild) add("wild", number_text(*p.wild));
    if (p.word) add("word", quoted(*p.word));
    if (p.name) add("name", quoted(*p.name));
    if (p.flag) add("flag", *p.flag ? "true" : "false");
    if (p.mixed_number) add("mixed", number_text(*p.mixed_number));
    if (p.mixed_text) add("mixed", quoted(*p.mixed_text));
    if (p.mixed_list) add("mixed", "[1,2]");
    if (p.nested) add("deep", "{\"x\":" + number_text(*p.nested) + "}");
    if (p.dotted) add("dot.ted", number_text(*p.dotted));
    if (p.tags) {
        std::string list = "[";
        for (auto const& t : *p.tags) list += (list.size() > 1 ? "," : "") + quoted(t);
        add("tags", list + "]");
    }
    if (p.created) add("created", quoted(fixed(*p.created, 6)));
    if (p.seen) add("seen", quoted(p.seen_text));
    if (p.sensitivity) add("fjord:sensitivity", std::to_string(*p.sensitivity));
    if (!p.datetime || p.start != p.end || p.start != *p.datetime) {
        add("start_datetime", quoted(time_text(p.start)));
        add("end_datetime", quoted(time_text(p.end)));
    }
    auto const bbox = p.shape ? std::string(",\"bbox\":[-180,-90,180,90]") : std::string();
    return R"({"type":"Feature","stac_version":"1.0.0","id":)" + quoted(p.id) + R"(,"geometry":)" + p.geometry_text + bbox +
           R"(,"properties":{"datetime":)" + (p.datetime ? quoted(time_text(*p.datetime)) : "null") + properties +
           R"(},"links":[],"assets":{}})";
}

random_world::numeric random_world::numeric_property() {
    switch (upto(6)) {
        case 0:
            return {"num", [](auto const& p) { return p.number; }, 10, 1};
        case 1:
            return {"half", [](auto const& p) { return p.half; }, 10, 2};
        case 2:
            return {"\"eo:cloud_cover\"", [](auto const& p) { return p.cloud; }, 600, 4};
        case 3:
            return {"wild", [](auto const& p) { return p.wild; }, 2000, 1};
        case 4:
            return {"deep.x", [](auto const& p) { return p.nested; }, 6, 1};
        default:
            return {"\"dot.ted\"", [](auto const& p) { return p.dotted; }, 6, 1};
    }
}

condition random_world::any(int depth) {
    if (depth > 0 && upto(3)) return combined(depth);
    switch (upto(16)) {
        case 0:
        case 1:
            return comparison();
        case 2:
            return arithmetic();
        case 3:
            return between();
        case 4:
            return text_comparison();
        case 5:
            return in_list();
        case 6:
            return like();
        case 7:
            return null_test();
        case 8:
            return flag_test();
        case 9:
            return property_property();
        case 10:
            return time_comparison();
        case 11:
            return temporal();
        case 12:
            return array_test();
        case 13:
        case 14:
            return spatial();
        default:
            return name_test();
    }
}

condition random_world::combined(int depth) {
    auto a = any(depth - 1);
    auto const kind = upto(3);
    if (kind == 0) return {"NOT (" + a.text + ")", [a](plain_item const& p) { return not3(a.holds(p)); }};
    auto b = any(depth - 1);
    if (kind == 1)
        return {"(" + a.text + ") AND (" + b.text + ")", [a, b](plain_item const& p) { return and3(a.holds(p), b.holds(p)); }};
    return {"(" + a.text + ") OR (" + b.text + ")", [a, b](plain_item const& p) { return or3(a.holds(p), b.holds(p)); }};
}

condition random_world::comparison() {
    auto const n = numeric_property();
    int const o = upto(6);
    double const v = n.name == "wild" ? (upto(512) + 0.1) * 3.7 * (one_in(2) ? -1 : 1) : upto(n.values) / n.scale;
    auto const naive = [=](plain_item const& p) { return compared(o, n.get(p), std::optional(v)); };
    if (one_in(3)) {
        static constexpr int mirror[] = {0, 1, 4, 5, 2, 3};
        return {number_text(v) + " " + symbols[mirror[o]] + " " + n.name, naive};
    }
    return {n.name + " " + symbols[o] + " " + number_text(v), naive};
}

condition random_world::arithmetic() {
    auto const n = numeric_property();
    int const o = upto(6), v = upto(20);
    return {n.name + " * 2 - 1 " + symbols[o] + " " + std::to_string(v), [=](plain_item const& p) {
                auto const x = n.get(p);
                return compared(o, x ? std::optional(*x * 2 - 1) : std::nullopt, std::optional<double>(v));
            }};
}

condition random_world::between() {
    auto const n = numeric_property();
    double const low = upto(n.values) / n.scale, high = low + upto(n.values / 2 + 1) / n.scale;
    bool const negated = one_in(2);
    return {n.name + (negated ? " NOT" : "") + " BETWEEN " + number_text(low) + " AND " + number_text(high),
            [=](plain_item const& p) -> three {
                auto const x = n.get(p);
                if (!x) return std::nullopt;
                return (*x >= low && *x <= high) != negated;
            }};
}

condition random_world::text_comparison() {
    int const o = upto(6);
    if (one_in(3)) {
        // A text beside a property that is a number in half of the items.
        auto const v = std::to_string(upto(400));
        return {"mixed " + std::string(symbols[o]) + " '" + v + "'",
                [=](plain_item const& p) { return compared(o, p.mixed_text, std::optional(v)); }};
    }
    if (one_in(2)) {
        auto const v = word();
        return {"word " + std::string(symbols[o]) + " '" + v + "'",
                [=](plain_item const& p) { return compared(o, p.word, std::optional(v)); }};
    }
    auto const v = "name-" + std::to_string(upto(3'000));
    return {"name " + std::string(symbols[o]) + " '" + v + "'",
            [=](plain_item const& p) { return compared(o, p.name, std::optional(v)); }};
}

condition random_world::in_list() {
    if (one_in(2)) {
        std::set<int> const list{upto(500), upto(10), upto(10)};
        std::string text = "mixed IN (";
        for (int v : list) text += (text.back() == '(' ? "" : ", ") + std::to_string(v);
        return {text + ")", [list](plain_item const& p) -> three {
                    if (!p.mixed_number) return std::nullopt;
                    return list.contains(static_cast<int>(*p.mixed_number));
                }};
    }
    std::set<std::string> const list{word(), word()};
    std::string text = "word IN (";
    for (auto const& w : list) text += (text.back() == '(' ? "'" : ", '") + w + "'";
    return {text + ")", [list](plain_item const& p) -> three {
                if (!p.word) return std::nullopt;
                return list.contains(*p.word);
            }};
}

// Patterns of a fixed shape, so that the naive side needs no pattern matcher.
condition random_world::like() {
    bool const names = one_in(2);
    auto const part = names ? "-" + std::to_string(upto(100)) : std::string(one_in(2) ? "a" : "b");
    int const kind = upto(3);
    auto const pattern = kind == 0 ? (names ? "name" + part : part) + "%" : kind == 1 ? "%" + part : "%" + part + "%";
    auto const prefix = names ? "name" + part : part;
    return {(names ? "name LIKE '" : "word LIKE '") + pattern + "'", [=](plain_item const& p) -> three {
                auto const& t = names ? p.name : p.word;
                if (!t) return std::nullopt;
                if (kind == 0) return t->starts_with(prefix);
                if (kind == 1) return t->ends_with(part);
                return t->find(part) != std::string::npos;
            }};
}

condition random_world::null_test() {
    switch (upto(7)) {
        case 0:
            return {"word IS NULL", [](auto const& p) -> three { return !p.word; }};
        case 1:
            return {"num IS NOT NULL", [](auto const& p) -> three { return p.number.has_value(); }};
        case 2:
            return {"wild IS NULL", [](auto const& p) -> three { return !p.wild; }};
        case 3:
            return {"mixed IS NULL", [](auto const& p) -> three { return !p.mixed_number && !p.mixed_text && !p.mixed_list; }};
        case 4:
            return {"geometry IS NULL", [](auto const& p) -> three { return !p.shape; }};
        case 5:
            return {"created IS NULL", [](auto const& p) -> three { return !p.created; }};
        default:
            return {"nobody_has_this IS NULL", [](auto const&) -> three { return true; }};
    }
}

condition random_world::flag_test() {
    bool const wanted = one_in(2);
    return {std::string("flag = ") + (wanted ? "TRUE" : "false"),
            [=](plain_item const& p) -> three { return p.flag ? three(*p.flag == wanted) : std::nullopt; }};
}

condition random_world::property_property() {
    auto const a = numeric_property(), b = numeric_property();
    int const o = upto(6);
    return {a.name + " " + symbols[o] + " " + b.name, [=](plain_item const& p) { return compared(o, a.get(p), b.get(p)); }};
}

condition random_world::time_comparison() {
    int const o = upto(6);
    switch (upto(4)) {
        case 0: {
            auto const t = time();
            return {"datetime " + std::string(symbols[o]) + " TIMESTAMP('" + time_text(t) + "')",
                    [=](plain_item const& p) { return compared(o, p.datetime, std::optional(t)); }};
        }
        case 1: {
            auto const t = time() / 7 * 7;
            return {"created " + std::string(symbols[o]) + " TIMESTAMP('" + time_text(t) + "')",
                    [=](plain_item const& p) { return compared(o, p.created, std::optional(t)); }};
        }
        case 2: {  // text beside text
            auto const text = fixed(time() / 7 * 7, one_in(4) ? 0 : 6);
            return {"created " + std::string(symbols[o]) + " '" + text + "'", [=](plain_item const& p) {
                        return compared(o, p.created ? std::optional(fixed(*p.created, 6)) : std::nullopt, std::optional(text));
                    }};
        }
        default: {
            auto const t = epoch + upto(30) * day;
            return {"seen " + std::string(symbols[o]) + " DATE('" + fixed(t, 0).substr(0, 10) + "')",
                    [=](plain_item const& p) { return compared(o, p.seen, std::optional(t)); }};
        }
    }
}

condition random_world::temporal() {
    auto a = time(), b = time();
    if (a > b) std::swap(a, b);
    auto const interval = "INTERVAL('" + time_text(a) + "','" + time_text(b) + "')";
    switch (upto(4)) {
        case 0:
            return {"T_INTERSECTS(datetime," + interval + ")", [=](plain_item const& p) -> three {
                        auto const s = p.datetime ? *p.datetime : p.start, e = p.datetime ? *p.datetime : p.end;
                        return s <= b && a <= e;
                    }};
        case 1:
            return {"T_AFTER(created,TIMESTAMP('" + time_text(a) + "'))",
                    [=](plain_item const& p) -> three { return p.created ? three(*p.created > a) : std::nullopt; }};
        case 2:
            return {"T_DURING(INTERVAL(start_datetime,end_datetime)," + interval + ")", [=](plain_item const& p) -> three {
                        if (p.datetime && p.start == p.end && p.start == *p.datetime) return std::nullopt;  // has no range
                        return p.start > a && p.end < b;
                    }};
        default:
            return {"T_BEFORE(seen," + interval + ")",
                    [=](plain_item const& p) -> three { return p.seen ? three(*p.seen < a) : std::nullopt; }};
    }
}

condition random_world::array_test() {
    std::set<std::string> const list{words[1 + upto(3)], words[1 + upto(3)]};
    std::string text;
    for (auto const& w : list) text += (text.empty() ? "'" : ",'") + w + "'";
    bool const contains = one_in(2);
    return {std::string(contains ? "A_CONTAINS" : "A_OVERLAPS") + "(tags,(" + text + "))", [=](plain_item const& p) -> three {
                if (!p.tags) return std::nullopt;
                auto const has = [&](std::string const& w) {
                    return std::find(p.tags->begin(), p.tags->end(), w) != p.tags->end();
                };
                return contains ? std::all_of(list.begin(), list.end(), has) : std::any_of(list.begin(), list.end(), has);
            }};
}

condition random_world::spatial() {
    using predicate = std::optional<bool> (geometry::*)(geometry const&) const;
    static constexpr std::pair<char const*, predicate> all[] = {
        {"S_INTERSECTS", &geometry::intersects}, {"S_DISJOINT", &geometry::disjoint}, {"S_WITHIN", &geometry::within},
        {"S_CONTAINS", &geometry::contains},     {"S_TOUCHES", &geometry::touches},   {"S_CROSSES", &geometry::crosses},
        {"S_OVERLAPS", &geometry::overlaps},     {"S_EQUALS", &geometry::equals}};
    auto const& [name, ask] = all[one_in(2) ? 0 : upto(8)];
    std::string literal;
    std::optional<geometry> other;
    if (one_in(3)) {
        double const w = degree(-180, 140), s = degree(-90, 50), size = upto(80) / 2.0;
        literal =
            "BBOX(" + number_text(w) + "," + number_text(s) + "," + number_text(w + size) + "," + number_text(s + size) + ")";
        box const b{w, s, w + size, s + size};
        other = geometry::from_boxes({&b, 1});
    } else {
        double const size = 5 + upto(60), w = degree(-180, 180 - size), s = degree(-90, std::max(-90.0, 90 - size));
        auto const json = parse_json(polygon(w, s, w + size, std::min(90.0, s + size))).value();
        other = geometry_of(boost::json::serialize(json));
        literal = "POLYGON((";
        for (auto const& p : json.at("coordinates").at(0).as_array())
            literal += (literal.back() == '(' ? "" : ",") + number_text(p.at(0).to_number<double>()) + " " +
                       number_text(p.at(1).to_number<double>());
        literal += "))";
    }
    auto const shape = *other;
    if (one_in(4))
        return {std::string(name) + "(" + literal + ",geometry)",
                [=, ask = ask](plain_item const& p) -> three { return p.shape ? (shape.*ask)(*p.shape) : std::nullopt; }};
    return {std::string(name) + "(geometry," + literal + ")",
            [=, ask = ask](plain_item const& p) -> three { return p.shape ? ((*p.shape).*ask)(shape) : std::nullopt; }};
}

condition random_world::name_test() {
    switch (upto(4)) {
        case 0: {
            auto const wanted = "i" + std::to_string(upto(300));
            return {"id = '" + wanted + "'", [=](plain_item const& p) -> three { return p.id == wanted; }};
        }
        case 1: {
            auto const part = "i" + std::to_string(upto(10));
            return {"id LIKE '" + part + "%'", [=](plain_item const& p) -> three { return p.id.starts_with(part); }};
        }
        case 2:
            return {"collection = 'b'", [](plain_item const& p) -> three { return p.collection == "b"; }};
        default:
            return {"CASEI(word) = casei('AB')", [](plain_item const& p) -> three {
                        if (!p.word) return std::nullopt;
                        std::string lower = *p.word;
                        for (auto& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
                        return lower == "ab";
                    }};
    }
}

}  // namespace fjord::stac::test
