#include "tests/support/amplified_items.hpp"

#include "stac/datetime.hpp"
#include "stac/item_scan.hpp"
#include "stac/json_scan.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>

namespace fjord::test {
namespace {

using namespace stac;

constexpr std::int64_t second = 1'000'000, first_day = 1'420'070'400 * second;  // 2015-01-01
constexpr int days = 3652;

// A well mixed number of n and a salt.
std::uint64_t mixed(std::uint64_t n, std::uint64_t salt) {
    std::uint64_t v = n * 0x9e3779b97f4a7c15ULL + (salt + 1) * 0xd1b54a32d192ed03ULL;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ULL;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebULL;
    return v ^ (v >> 31);
}

std::string decimals(double v, int count) {
    char buffer[40];
    return {buffer, static_cast<std::size_t>(std::snprintf(buffer, sizeof buffer, "%.*f", count, v))};
}

std::int64_t time_of(std::uint64_t n, bool daily) {
    auto const day = static_cast<std::int64_t>(mixed(n, 1) % days);
    auto const within = daily ? 16 * 3600 * second : static_cast<std::int64_t>(mixed(n, 2) % 86'400'000) * 1000;
    return first_day + day * 86'400 * second + within;
}

std::string date_digits(std::int64_t t) {
    auto text = format_instant(t).substr(0, 10);
    text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
    return text;
}

std::string padded(std::uint64_t v, std::size_t width, int base) {
    char buffer[32];
    std::string out(buffer, std::to_chars(buffer, buffer + sizeof buffer, v, base).ptr);
    for (auto& c : out)
        if (c >= 'a') c = static_cast<char>(c - 32);
    return out.size() < width ? std::string(width - out.size(), '0') + out : out;
}

std::vector<std::string> lines_of(std::string const& file) {
    std::ifstream in(file);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) out.push_back(line);
    if (out.empty()) throw std::runtime_error("no items in " + file);
    return out;
}

char const* const names[] = {"naip", "sentinel-2-l2a", "landsat-c2-l2"};

// Of ten items four are NAIP, four Sentinel-2, two Landsat.
std::size_t kind_of_number(std::uint64_t n) { return n % 10 < 4 ? 0 : n % 10 < 8 ? 1 : 2; }

}  // namespace

std::vector<std::string> amplified_items::collections() { return {std::begin(names), std::end(names)}; }

std::string amplified_items::collection_document(std::string const& id) {
    return R"({"type":"Collection","stac_version":"1.0.0","id":")" + id +
           R"(","description":"Amplified from real items","license":"other","extent":{"spatial":{"bbox":[[-180,-90,180,90]]},)"
           R"("temporal":{"interval":[[null,null]]}},"links":[]})";
}

amplified_items::amplified_items(std::string const& folder) {
    char const* const files[] = {"/planetary-computer/naip.items.ndjson", "/earth-search/sentinel-s2-l2a-cogs.items.ndjson",
                                 "/pc-samples/landsat-c2-l2.items.ndjson"};
    for (std::size_t i = 0; i < 3; ++i)
        for (auto const& line : lines_of(folder + files[i])) patterns_[i].push_back(read(names[i], line));
}

amplified_items::pattern amplified_items::read(std::string collection, std::string const& line) {
    pattern out{.collection = std::move(collection)};
    auto const scan = scan_item(line).value();
    // Slots by where their value begins, with its length.
    std::map<std::size_t, std::pair<std::size_t, slot>> slots;
    auto const add = [&](std::string_view value, slot::kind what) {
        slots[static_cast<std::size_t>(value.data() - line.data())] = {value.size(), {what, std::string(value)}};
    };
    add(*find_member(line, "id"), slot::kind::id);
    add(*find_member(line, "geometry"), slot::kind::geometry);
    add(*find_member(line, "bbox"), slot::kind::bbox);
    member_walk walk(scan.properties);
    while (auto m = walk.next()) {
        auto const kind = kind_of(m->value);
        bool const decimal = m->value.find('.') != std::string_view::npos;
        if (m->is("datetime")) {
            add(m->value, slot::kind::datetime);
        } else if (kind == json_kind::string && parse_instant(decode_string(m->value))) {
            add(m->value, slot::kind::time);
        } else if (kind == json_kind::string && m->value.size() >= 20 && m->value.find(' ') == std::string_view::npos) {
            add(m->value, slot::kind::digits);
        } else if (kind == json_kind::number && decimal && !m->is("gsd")) {
            add(m->value, slot::kind::number);
        } else if (m->is("proj:epsg") || m->is("landsat:wrs_path") || m->is("landsat:wrs_row")) {
            add(m->value, slot::kind::pick);
        } else if (m->is("proj:bbox") || m->is("proj:transform") || m->is("proj:centroid")) {
            add(m->value, slot::kind::digits);
        }
    }
    std::size_t at = 0;
    for (auto const& [begin, s] : slots) {
        out.pieces.push_back({line.substr(at, begin - at), s.second});
        at = begin + s.first;
    }
    out.pieces.push_back({line.substr(at), std::nullopt});
    // The collection the item is put into is the one in its document.
    auto const own = find_member(line, "collection");
    if (own) {
        auto const wanted = "\"" + out.collection + "\"";
        for (auto& p : out.pieces) {
            auto const found = p.text.find("\"collection\":" + std::string(*own));
            if (found != std::string::npos) p.text.replace(found + 13, own->size(), wanted);
        }
    }
    auto const& b = scan.boxes.at(0);
    double const x = (b.west + b.east) / 2, y = (b.south + b.north) / 2;
    auto const rings = geometry::from_geojson(boost::json::parse(std::string(scan.geometry))).value().paths();
    // Near the poles scenes are wide in degrees; none is wider than three here.
    double const squeeze = std::min(1.0, 3.0 / std::max(1e-9, b.east - b.west));
    for (auto const& p : rings.at(0).at) out.ring.emplace_back((p[0] - x) * squeeze, p[1] - y);
    return out;
}

amplified_items::item amplified_items::make(std::uint64_t n) const {
    auto const k = kind_of_number(n);
    auto const& p = patterns_[k][mixed(n, 3) % patterns_[k].size()];
    auto const t = time_of(n, k == 0);
    double const x = -177 + static_cast<double>(mixed(n, 4) % 354'000'000) / 1e6,
                 y = -60 + static_cast<double>(mixed(n, 5) % 135'000'000) / 1e6;
    item out{.collection = p.collection};
    auto const date = date_digits(t);
    if (k == 0) out.id = "al_m_" + padded(n, 7, 10) + "_ne_16_060_" + date;
    if (k == 1) out.id = "S2" + std::string(mixed(n, 6) % 2 ? "A_" : "B_") + padded(n, 5, 36) + "_" + date + "_0_L2A";
    if (k == 2) out.id = "LC0" + std::to_string(8 + mixed(n, 6) % 2) + "_L2SP_" + padded(n, 6, 36) + "_" + date + "_02_T1";
    auto const digits_like = [&](std::string const& given, std::uint64_t salt) {
        auto text = given;
        auto random = mixed(n, salt);
        for (auto& c : text)
            if (c >= '1' && c <= '9') c = static_cast<char>('1' + random % 9), random = random / 9 + (random << 57);
        return text;
    };
    out.document.reserve(12'000);
    std::uint64_t salt = 10;
    for (auto const& piece : p.pieces) {
        out.document += piece.text;
        if (!piece.then) break;
        auto const& given = piece.then->given;
        ++salt;
        switch (piece.then->what) {
            case slot::kind::id:
                out.document += '"' + out.id + '"';
                break;
            case slot::kind::geometry: {
                out.document += R"({"type":"Polygon","coordinates":[[)";
                for (std::size_t i = 0; i < p.ring.size(); ++i)
                    out.document +=
                        (i ? ",[" : "[") + decimals(x + p.ring[i].first, 6) + "," + decimals(y + p.ring[i].second, 6) + "]";
                out.document += "]]}";
                break;
            }
            case slot::kind::bbox: {
                auto const [w, e] = std::minmax_element(p.ring.begin(), p.ring.end());
                auto const [s, north] =
                    std::minmax_element(p.ring.begin(), p.ring.end(), [](auto a, auto b) { return a.second < b.second; });
                out.document += "[" + decimals(x + w->first, 6) + "," + decimals(y + s->second, 6) + "," +
                                decimals(x + e->first, 6) + "," + decimals(y + north->second, 6) + "]";
                break;
            }
            case slot::kind::datetime:
                out.document += '"' + format_instant(t) + '"';
                break;
            case slot::kind::time: {
                // As precise as the real one.
                auto const point = given.find('.');
                auto text = format_instant(t + static_cast<std::int64_t>(mixed(n, salt) % (90 * 86'400)) * second);
                if (point != std::string::npos)
                    text = text.substr(0, 19) + "." +
                           padded(mixed(n, salt + 50) % 1'000'000, 6, 10).substr(0, given.size() - point - 3) + "Z";
                out.document += '"' + text + '"';
                break;
            }
            case slot::kind::number: {
                auto const places = static_cast<int>(given.size() - given.find('.')) - 1;
                out.document += decimals(static_cast<double>(mixed(n, salt) % 1'000'000'007) / 1e7, std::min(places, 10));
                break;
            }
            case slot::kind::digits:
                out.document += digits_like(given, salt);
                break;
            case slot::kind::pick: {
                auto const v = given[0] == '"' ? '"' + padded(1 + mixed(n, salt) % 233, 3, 10) + '"'
                                               : std::to_string(32601 + mixed(n, salt) % 60);
                out.document += v;
                break;
            }
        }
    }
    return out;
}

std::optional<std::uint64_t> amplified_items::number_of(std::string_view collection, std::string_view id) {
    auto const part = collection == names[0]   ? id.substr(5, id.find('_', 5) - 5)
                      : collection == names[1] ? id.substr(4, id.find('_', 4) - 4)
                                               : id.substr(10, id.find('_', 10) - 10);
    std::uint64_t n = 0;
    auto const [end, ec] = std::from_chars(part.data(), part.data() + part.size(), n, collection == names[0] ? 10 : 36);
    if (ec != std::errc() || end != part.data() + part.size()) return std::nullopt;
    return n;
}

}  // namespace fjord::test
