#include "stac/aggregation.hpp"

#include "stac/code_scan.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace fjord::stac {
namespace {

using cql2::value;
using type = aggregation_kind::type;

constexpr std::size_t most_buckets = 10'000;

// Calls add(value, count) for the values of a property, once per code. Returns the rows whose values only documents tell.
template <class Add>
row_set each_value(matched_rows const& m, std::string_view name, Add add) {
    auto const& s = *m.of->data;
    row_set open(s.rows());
    auto const* c = s.find_column(name);
    if (!c) {
        if (!s.names_all()) return m.rows;
        add(value{}, m.rows.count());
        return open;
    }
    std::unordered_map<std::uint64_t, std::uint64_t> counts;
    each_code(c->codes, m.rows, [&](std::size_t, std::uint64_t code) { ++counts[code]; });
    std::unordered_set<std::uint64_t> unknown;
    for (auto const& [code, n] : counts) {
        auto const v = c->exact(code) ? c->value(code) : std::nullopt;
        if (v)
            add(*v, n);
        else
            unknown.insert(code);
    }
    if (unknown.empty()) return open;
    each_code(c->codes, m.rows, [&](std::size_t row, std::uint64_t code) {
        if (unknown.contains(code)) open.add(row);
    });
    return open;
}

value value_in(indexed_item const& item, std::string_view name) {
    auto const json = find_member(item.properties(), name);
    return json ? cql2::value_of_json(*json) : value{};
}

json::object single(std::string const& name, std::string_view data_type, json::value v) {
    return {{"name", name}, {"data_type", data_type}, {"value", std::move(v)}};
}

json::object bucket(json::value key, std::string_view data_type, std::uint64_t n) {
    return {{"key", std::move(key)}, {"data_type", data_type}, {"frequency", n}};
}

json::object distribution(std::string const& name, json::array buckets, std::uint64_t overflow) {
    return {{"name", name}, {"data_type", "frequency_distribution"}, {"buckets", std::move(buckets)}, {"overflow", overflow}};
}

class total final : public aggregation {
public:
    explicit total(std::string name) : name_(std::move(name)) {}
    row_set take(matched_rows const& m) override {
        n_ += m.rows.count();
        return row_set(m.rows.rows());
    }
    void take(indexed_item const&) override { ++n_; }
    json::object result() const override { return single(name_, "integer", n_); }

private:
    std::string name_;
    std::uint64_t n_ = 0;
};

class edge_of_time final : public aggregation {
public:
    edge_of_time(std::string name, bool latest) : name_(std::move(name)), latest_(latest) {}
    row_set take(matched_rows const& m) override {
        auto const& s = *m.of->data;
        // Newest first.
        auto row = m.rows.next(0);
        if (!latest_) m.rows.each([&](std::size_t r) { row = r; });
        if (row < s.rows()) add(s.sort_time(row));
        return row_set(s.rows());
    }
    void take(indexed_item const& item) override { add(item.sort_time); }
    json::object result() const override {
        return single(name_, "datetime", at_ ? json::value(json::string(format_instant(*at_))) : json::value());
    }

private:
    void add(instant t) {
        if (!at_ || (latest_ ? t > *at_ : t < *at_)) at_ = t;
    }
    std::string name_;
    bool latest_;
    std::optional<instant> at_;
};

class time_frequency final : public aggregation {
public:
    time_frequency(std::string name, calendar_unit unit) : name_(std::move(name)), unit_(unit) {}
    row_set take(matched_rows const& m) override {
        auto const& s = *m.of->data;
        m.rows.each([&](std::size_t row) { add(s.sort_time(row)); });
        return row_set(s.rows());
    }
    void take(indexed_item const& item) override { add(item.sort_time); }
    json::object result() const override {
        json::array buckets;
        std::uint64_t overflow = 0;
        for (auto const& [begin, n] : counts_) {
            if (buckets.size() == most_buckets) {
                overflow += n;
                continue;
            }
            auto b = bucket(json::string(format_instant(begin)), "datetime", n);
            b["from"] = format_instant(begin);
            b["to"] = format_instant(next_of(begin, unit_));
            buckets.push_back(std::move(b));
        }
        auto out = distribution(name_, std::move(buckets), overflow);
        auto const unit = name_of(unit_);
        out["interval"] = json::string_view(unit.data(), unit.size());
        return out;
    }

private:
    void add(instant t) {
        if (t < begin_ || t >= end_) {  // rows come in the order of time: mostly the same part as before
            begin_ = floor_to(t, unit_);
            end_ = next_of(begin_, unit_);
            at_ = &counts_[begin_];
        }
        ++*at_;
    }
    std::string name_;
    calendar_unit unit_;
    std::map<instant, std::uint64_t> counts_;
    instant begin_ = 0, end_ = 0;
    std::uint64_t* at_ = nullptr;
};

class collection_frequency final : public aggregation {
public:
    explicit collection_frequency(std::string name) : name_(std::move(name)) {}
    row_set take(matched_rows const& m) override {
        counts_[m.in->collection->id.str()] += m.rows.count();
        return row_set(m.rows.rows());
    }
    void take(indexed_item const& item) override { ++counts_[item.collection.str()]; }
    json::object result() const override {
        json::array buckets;
        for (auto const& [id, n] : counts_)
            if (n > 0) buckets.push_back(bucket(json::string(id), "string", n));
        return distribution(name_, std::move(buckets), 0);
    }

private:
    std::string name_;
    std::map<std::string, std::uint64_t> counts_;
};

class term_frequency final : public aggregation {
public:
    term_frequency(std::string name, std::string property) : name_(std::move(name)), property_(std::move(property)) {}
    row_set take(matched_rows const& m) override {
        return each_value(m, property_, [this](value const& v, std::uint64_t n) { add(v, n); });
    }
    void take(indexed_item const& item) override { add(value_in(item, property_), 1); }
    json::object result() const override {
        std::vector<std::pair<std::string const*, std::uint64_t>> order;
        for (auto const& [key, n] : counts_) order.emplace_back(&key, n);
        std::stable_sort(order.begin(), order.end(), [](auto const& a, auto const& b) { return a.second > b.second; });
        json::array buckets;
        auto overflow = others_;
        for (auto const& [key, n] : order) {
            if (buckets.size() < most_buckets)
                buckets.push_back(bucket(json::string(*key), "string", n));
            else
                overflow += n;
        }
        return distribution(name_, std::move(buckets), overflow);
    }

private:
    void add(value const& v, std::uint64_t n) {
        if (v.type == value::kind::array && !v.items.empty()) {
            std::vector<std::string> seen;  // an item counts once per term
            for (auto const& i : v.items) {
                auto const key = key_of(i);
                if (!key || std::find(seen.begin(), seen.end(), *key) != seen.end()) continue;
                counts_[*key] += n;
                seen.push_back(*key);
            }
            if (seen.empty()) others_ += n;
        } else if (auto const key = key_of(v)) {
            counts_[*key] += n;
        } else {
            others_ += n;
        }
    }
    static std::optional<std::string> key_of(value const& v) {
        if (v.type == value::kind::text || (v.type == value::kind::instant && !v.text.empty())) return v.text;
        if (v.type == value::kind::instant) return format_instant(v.time.start);
        if (v.type == value::kind::boolean) return v.truth ? "true" : "false";
        if (v.type == value::kind::number) {
            std::array<char, 32> text{};
            std::snprintf(text.data(), text.size(), "%.15g", v.number);
            return std::string(text.data());
        }
        return std::nullopt;
    }
    std::string name_, property_;
    std::map<std::string, std::uint64_t> counts_;
    std::uint64_t others_ = 0;
};

class range_frequency final : public aggregation {
public:
    range_frequency(std::string name, std::string property, std::vector<double> limits)
        : name_(std::move(name)), property_(std::move(property)), limits_(std::move(limits)), counts_(limits_.size() + 1) {}
    row_set take(matched_rows const& m) override {
        return each_value(m, property_, [this](value const& v, std::uint64_t n) { add(v, n); });
    }
    void take(indexed_item const& item) override { add(value_in(item, property_), 1); }
    json::object result() const override {
        json::array buckets;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            auto const from = i == 0 ? "*" : text_of(limits_[i - 1]), to = i == limits_.size() ? "*" : text_of(limits_[i]);
            auto b = bucket(json::string(from + "-" + to), "numeric", counts_[i]);
            if (i > 0) b["from"] = limits_[i - 1];
            if (i < limits_.size()) b["to"] = limits_[i];
            buckets.push_back(std::move(b));
        }
        return distribution(name_, std::move(buckets), others_);
    }

private:
    static std::string text_of(double n) {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%.10g", n);
        return text.data();
    }
    // `from` belongs to a range, `to` does not.
    void add(value const& v, std::uint64_t n) {
        if (v.type != value::kind::number) {
            others_ += n;
            return;
        }
        auto const above = std::upper_bound(limits_.begin(), limits_.end(), v.number);
        counts_[static_cast<std::size_t>(above - limits_.begin())] += n;
    }
    std::string name_, property_;
    std::vector<double> limits_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t others_ = 0;
};

class time_span final : public value_span {
public:
    row_set take(matched_rows const& m) override {
        auto const& s = *m.of->data;
        auto const first = m.rows.next(0);
        auto last = first;
        m.rows.each([&](std::size_t r) { last = r; });
        if (first < s.rows()) {
            add(static_cast<double>(s.sort_time(first)));
            add(static_cast<double>(s.sort_time(last)));
        }
        return row_set(s.rows());
    }
    void take(indexed_item const& item) override { add(static_cast<double>(item.sort_time)); }
};

class number_span final : public value_span {
public:
    explicit number_span(std::string property) : property_(std::move(property)) {}
    row_set take(matched_rows const& m) override {
        return each_value(m, property_, [this](value const& v, std::uint64_t) { add_value(v); });
    }
    void take(indexed_item const& item) override { add_value(value_in(item, property_)); }

private:
    void add_value(value const& v) {
        if (v.type == value::kind::number) add(v.number);
    }
    std::string property_;
};

class edge_of_numbers final : public aggregation {
public:
    edge_of_numbers(std::string name, std::string property, bool greatest)
        : name_(std::move(name)), greatest_(greatest), span_(std::move(property)) {}
    row_set take(matched_rows const& m) override { return span_.take(m); }
    void take(indexed_item const& item) override { span_.take(item); }
    json::object result() const override {
        auto const& v = greatest_ ? span_.high : span_.low;
        return single(name_, "numeric", v ? json::value(*v) : json::value());
    }

private:
    std::string name_;
    bool greatest_;
    number_span span_;
};

// The centre of an item's bounds, in single precision as the columns keep them; across the antimeridian when there are two.
point centre_of(box4 const& a, box4 const* second) {
    auto const x = a.as_box();
    if (!second) return {(x.west + x.east) / 2, (x.south + x.north) / 2};
    auto const y = second->as_box();
    auto const &west = x.west > y.west ? x : y, &east = x.west > y.west ? y : x;
    auto const middle = (west.west + east.east + 360) / 2;
    return {middle > 180 ? middle - 360 : middle, (std::min(x.south, y.south) + std::max(x.north, y.north)) / 2};
}

class grid_frequency final : public aggregation {
public:
    using cell = std::string (*)(point, std::size_t precision);
    grid_frequency(std::string name, cell of, std::size_t precision) : name_(std::move(name)), cell_(of), precision_(precision) {}
    row_set take(matched_rows const& m) override {
        auto const& s = *m.of->data;
        auto const second = s.second_rows();
        m.rows.each([&](std::size_t row) {
            if (s.bounds(row).empty()) {
                ++nowhere_;
                return;
            }
            auto const at = std::lower_bound(second.begin(), second.end(), row);
            bool const two = at != second.end() && *at == row;
            add(centre_of(s.bounds(row), two ? &s.second_bounds()[static_cast<std::size_t>(at - second.begin())] : nullptr));
        });
        return row_set(s.rows());
    }
    void take(indexed_item const& item) override {
        if (item.boxes.empty()) {
            ++nowhere_;
            return;
        }
        auto const first = enclosing(item.boxes[0]);
        auto const second = item.boxes.size() > 1 ? enclosing(item.boxes[1]) : first;
        add(centre_of(first, item.boxes.size() > 1 ? &second : nullptr));
    }
    json::object result() const override {
        json::array buckets;
        auto overflow = nowhere_;
        for (auto const& [key, n] : counts_) {
            if (buckets.size() < most_buckets)
                buckets.push_back(bucket(json::string(key), "string", n));
            else
                overflow += n;
        }
        return distribution(name_, std::move(buckets), overflow);
    }

private:
    void add(point p) { ++counts_[cell_({std::clamp(p.x, -180.0, 180.0), std::clamp(p.y, -90.0, 90.0)}, precision_)]; }
    std::string name_;
    cell cell_;
    std::size_t precision_;
    std::map<std::string, std::uint64_t> counts_;
    std::uint64_t nowhere_ = 0;
};

std::string geohash(point p, std::size_t length) {
    static constexpr std::string_view letters = "0123456789bcdefghjkmnpqrstuvwxyz";
    std::array<double, 2> lon{-180, 180}, lat{-90, 90};
    std::string out;
    bool of_lon = true;
    while (out.size() < length) {
        unsigned code = 0;
        for (int bit = 0; bit < 5; ++bit, of_lon = !of_lon) {
            auto& range = of_lon ? lon : lat;
            auto const v = of_lon ? p.x : p.y, middle = (range[0] + range[1]) / 2;
            code = code * 2 + (v >= middle ? 1 : 0);
            range[v >= middle ? 0 : 1] = middle;
        }
        out += letters[code];
    }
    return out;
}

// "z/x/y" of the Web Mercator tile matrix (OGC Two Dimensional Tile Matrix Set, WebMercatorQuad).
std::string geotile(point p, std::size_t zoom) {
    constexpr double pi = 3.14159265358979323846;
    auto const n = std::ldexp(1.0, static_cast<int>(zoom));
    auto const lat = std::clamp(p.y, -85.05112878, 85.05112878) * pi / 180;
    auto const tile = [n](double v) {
        return std::to_string(static_cast<std::int64_t>(std::clamp(std::floor(v * n), 0.0, n - 1)));
    };
    return std::to_string(zoom) + "/" + tile((p.x + 180) / 360) + "/" + tile((1 - std::asinh(std::tan(lat)) / pi) / 2);
}

struct short_name {
    std::string_view property, name;
};
constexpr short_name short_names[] = {{"eo:cloud_cover", "cloud_cover"},   {"eo:snow_cover", "snow_cover"},
                                      {"grid:code", "grid_code"},          {"view:sun_elevation", "sun_elevation"},
                                      {"view:sun_azimuth", "sun_azimuth"}, {"view:off_nadir", "off_nadir"}};

std::string_view data_type_of(type t) {
    switch (t) {
        case type::total:
            return "integer";
        case type::time_min:
        case type::time_max:
            return "datetime";
        case type::value_min:
        case type::value_max:
            return "numeric";
        default:
            return "frequency_distribution";
    }
}

}  // namespace

std::vector<aggregation_kind> aggregations_for(std::vector<property_summary> const& properties) {
    std::vector<aggregation_kind> out{{"total_count", type::total, {}},
                                      {"datetime_min", type::time_min, {}},
                                      {"datetime_max", type::time_max, {}},
                                      {"datetime_frequency", type::times, {}},
                                      {"collection_frequency", type::collections, {}},
                                      {"grid_geohash_frequency", type::geohash, {}},
                                      {"grid_geotile_frequency", type::geotile, {}}};
    for (auto const& p : properties) {
        if (p.name == "datetime" || p.name.find(',') != std::string::npos) continue;
        auto const add = [&](std::string const& name) {
            if (p.numbers > 0) {
                out.push_back({name + "_frequency", type::ranges, p.name});
                out.push_back({name + "_min", type::value_min, p.name});
                out.push_back({name + "_max", type::value_max, p.name});
            } else if (p.texts + p.booleans + p.arrays > 0) {
                out.push_back({name + "_frequency", type::terms, p.name});
            }
        };
        add(p.name);
        for (auto const& s : short_names)
            if (s.property == p.name) add(std::string(s.name));
    }
    return out;
}

json::object describe(aggregation_kind const& k) {
    auto const data_type = data_type_of(k.what);
    json::object out{{"name", k.name}, {"data_type", json::string_view(data_type.data(), data_type.size())}};
    if (k.what == type::times) out["frequency_distribution_data_type"] = "datetime";
    if (k.what == type::ranges) out["frequency_distribution_data_type"] = "numeric";
    if (k.what == type::collections || k.what == type::terms || k.what == type::geohash || k.what == type::geotile)
        out["frequency_distribution_data_type"] = "string";
    return out;
}

std::unique_ptr<aggregation> make_aggregation(aggregation_kind const& k, aggregation_setting const& s) {
    auto const precision = [&](std::size_t otherwise) { return s.precision ? s.precision : otherwise; };
    switch (k.what) {
        case type::total:
            return std::make_unique<total>(k.name);
        case type::time_min:
        case type::time_max:
            return std::make_unique<edge_of_time>(k.name, k.what == type::time_max);
        case type::times:
            return std::make_unique<time_frequency>(k.name, s.unit);
        case type::collections:
            return std::make_unique<collection_frequency>(k.name);
        case type::geohash:
            return std::make_unique<grid_frequency>(k.name, geohash, precision(4));
        case type::geotile:
            return std::make_unique<grid_frequency>(k.name, geotile, precision(7));
        case type::terms:
            return std::make_unique<term_frequency>(k.name, k.property);
        case type::ranges:
            return std::make_unique<range_frequency>(k.name, k.property, s.limits);
        default:
            return std::make_unique<edge_of_numbers>(k.name, k.property, k.what == type::value_max);
    }
}

void value_span::add(double v) {
    if (!low || v < *low) low = v;
    if (!high || v > *high) high = v;
}

std::unique_ptr<value_span> span_of_times() { return std::make_unique<time_span>(); }
std::unique_ptr<value_span> span_of_numbers(std::string property) { return std::make_unique<number_span>(std::move(property)); }

calendar_unit unit_for(instant low, instant high) noexcept {
    constexpr double day = 86'400e6;
    auto const days = (static_cast<double>(high) - static_cast<double>(low)) / day;
    if (days >= 12 * 365.0) return calendar_unit::year;
    if (days >= 12 * 28.0) return calendar_unit::month;
    if (days >= 12 * 7.0) return calendar_unit::week;
    if (days >= 12) return calendar_unit::day;
    return days >= 0.5 ? calendar_unit::hour : calendar_unit::minute;
}

std::vector<double> limits_for(std::string_view property, double low, double high) {
    if (property == "eo:cloud_cover" || property == "eo:snow_cover") return {5, 15, 40};
    auto const width = high - low;
    if (!(width > 0) || !std::isfinite(width)) return {low};
    auto const rough = width / 10, unit = std::pow(10, std::floor(std::log10(rough)));
    auto const step = unit * (rough / unit > 5 ? 10 : rough / unit > 2 ? 5 : rough / unit > 1 ? 2 : 1);
    std::vector<double> out;
    for (auto i = std::floor(low / step) + 1; i * step < high && out.size() < 20; ++i) out.push_back(i * step);
    return out.empty() ? std::vector<double>{low} : out;
}

}  // namespace fjord::stac
