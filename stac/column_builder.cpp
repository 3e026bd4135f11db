#include "stac/column_builder.hpp"

#include "base/json.hpp"
#include "stac/id_list.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>

namespace fjord::stac {
namespace {

constexpr std::size_t few = 254;  // distinct values that fit one byte beside `absent` and `opaque`
constexpr std::size_t most_codes = 0xfffd;
constexpr double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

std::string shortest(double n) {
    char buffer[32];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, n).ptr;
    return {buffer, end};
}

// The digits of the fraction when `text`, which reads as a date-time, is what format_instant_with() writes; -1 otherwise.
int digits_of(std::string_view text) {
    if (text.size() < 20 || text[10] != 'T' || text.back() != 'Z' || text.substr(17, 2) == "60") return -1;
    auto const digits = text.size() == 20 ? 0 : static_cast<int>(text.size()) - 21;
    return digits <= 6 ? digits : -1;
}

// Decimals that make an integer of it, up to nine; -1 when they do not.
int decimals_of(double v) {
    for (int k = 0; k < 10; ++k) {
        double const scaled = std::round(v * powers[k]);
        if (std::abs(scaled) > 9e15) return -1;
        if (scaled / powers[k] == v) return k;
    }
    return -1;
}

}  // namespace

column_builder::staged column_builder::read(std::string_view json) {
    staged s{.json = json};
    switch (kind_of(json)) {
        case json_kind::number: {
            auto const n = decode_number(json);
            s.type = n ? staged::kind::number : staged::kind::nothing;  // beyond a double: null to a filter
            s.number = !n || *n == 0 ? 0 : *n;
            return s;
        }
        case json_kind::string:
            if (json.find('\\') == std::string_view::npos) {
                s.plain = json.substr(1, json.size() - 2);
            } else {
                // The same text can be escaped in several ways.
                s.plain = rewritten_.emplace_back(decode_string(json));
                s.json = rewritten_.emplace_back(json_quote(s.plain));
            }
            s.type = staged::kind::text;
            if (s.plain.size() >= 20 && s.plain[0] >= '0' && s.plain[0] <= '9') {
                if (auto t = parse_instant(s.plain)) {
                    s.type = staged::kind::time;
                    s.when = *t;
                }
            }
            return s;
        case json_kind::boolean:
            s.type = staged::kind::boolean;
            return s;
        case json_kind::null:
            s.type = staged::kind::nothing;
            return s;
        default:
            return s;
    }
}

column_builder::staged column_builder::read(given const& g) {
    if (g.lost) {
        staged s{.type = staged::kind::time};
        std::memcpy(&s.when, text_.data() + g.begin, sizeof s.when);
        return s;
    }
    auto s = read(text_of(g));
    if (g.high_size != 0) s.high = std::string_view(text_).substr(g.begin + g.size, g.high_size);
    return s;
}

// The order of sortby: numbers, times, texts, booleans, then what cannot be sorted by.
bool column_builder::before(staged const& a, staged const& b) {
    if (a.type != b.type) return a.type < b.type;
    switch (a.type) {
        case staged::kind::number:
            return a.number < b.number;
        case staged::kind::time:
            return a.when != b.when ? a.when < b.when : a.json < b.json;
        case staged::kind::text:
            return a.plain < b.plain;
        default:
            return a.json < b.json;
    }
}

void column_builder::resize(std::size_t rows) {
    if (codes_.size() < rows) codes_.resize(rows, 0);
}

std::uint32_t column_builder::add(given g, std::string_view text, std::string_view high) {
    g.begin = static_cast<std::uint32_t>(text_.size());
    g.size = static_cast<std::uint32_t>(text.size());
    g.high_size = static_cast<std::uint32_t>(high.size());
    (text_ += text) += high;
    given_.push_back(g);
    return static_cast<std::uint32_t>(given_.size() + 1);
}

void column_builder::grow() {
    table_.assign(std::max<std::size_t>(64, table_.size() * 2), 0);
    for (std::uint32_t i = 0; i < given_.size(); ++i) {
        if (given_[i].lost || given_[i].high_size != 0) continue;
        auto at = id_list::hash(text_of(given_[i])) & (table_.size() - 1);
        while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
        table_[at] = i + 1;
    }
}

std::uint32_t column_builder::intern(std::string_view json) {
    if (last_code_ >= 2 && json == text_of(given_[last_code_ - 2])) return last_code_;
    if ((in_table_ + 1) * 4 > table_.size() * 3) grow();
    auto at = id_list::hash(json) & (table_.size() - 1);
    for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1))
        if (json == text_of(given_[table_[at] - 1])) return last_code_ = table_[at] + 1;
    auto const code = add({}, json);
    table_[at] = code - 1;
    ++in_table_;
    return last_code_ = code;
}

void column_builder::put(std::size_t row, std::string_view json) {
    resize(row + 1);
    codes_[row] = kind_of(json) == json_kind::null ? 0 : intern(json);
}

void column_builder::put_opaque(std::size_t row) {
    resize(row + 1);
    codes_[row] = 1;
}

void column_builder::append(column const& from, std::span<std::uint32_t const> rows, std::size_t begin) {
    resize(begin + rows.size());
    auto const translate = [&](std::uint64_t code) -> std::uint32_t {
        if (code < column::first) return static_cast<std::uint32_t>(code);
        switch (from.type) {
            case column::kind::values: {
                auto const low = from.low(column::entry(code)), high = from.high(column::entry(code));
                return low == high ? intern(low) : add({}, low, high);
            }
            case column::kind::numbers:
                return intern(shortest(from.number(code)));
            case column::kind::times:
                break;
        }
        if (from.scale >= 0) return intern('"' + from.written_time(code) + '"');
        auto const t = from.time(code);
        return add({.lost = true}, {reinterpret_cast<char const*>(&t), sizeof t});
    };
    // Dictionaries are translated entry by entry, the rest row by row.
    std::vector<std::uint32_t> mapped(from.type == column::kind::values ? from.entries + column::first : 0, UINT32_MAX);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const code = from.codes[rows[i]];
        if (mapped.empty()) {
            codes_[begin + i] = translate(code);
            continue;
        }
        auto& known = mapped[code];
        if (known == UINT32_MAX) known = translate(code);
        codes_[begin + i] = known;
    }
}

void column_builder::plan_numbers() {
    int scale = 0;
    for (auto const i : sorted_) {
        auto const& v = values_[i];
        int const k = v.type == staged::kind::number && v.high.empty() ? decimals_of(v.number) : -1;
        if (k < 0) return;
        scale = std::max(scale, k);
    }
    double const low = std::round(values_[sorted_.front()].number * powers[scale]);
    double const high = std::round(values_[sorted_.back()].number * powers[scale]);
    if (std::abs(low) > 9e15 || std::abs(high) > 9e15 || high - low > 4e9) return;
    // The scale that suits the one with the most decimals must suit all of them.
    for (auto const i : sorted_)
        if (std::round(values_[i].number * powers[scale]) / powers[scale] != values_[i].number) return;
    auto const cost = order_.size() * width_for(static_cast<std::uint64_t>(high - low) + column::first);
    if (cost >= exact_cost_) return;
    exact_cost_ = cost;
    exact_as_ = column::kind::numbers;
    scale_ = static_cast<std::int8_t>(scale);
    base_ = static_cast<std::int64_t>(low);
    span_ = static_cast<std::int64_t>(high - low);
}

void column_builder::plan_times() {
    int digits = -2;
    std::uint64_t unit = 0;
    for (auto const i : sorted_) {
        auto const& v = values_[i];
        if (v.type != staged::kind::time || !v.high.empty()) return;
        int const d = v.json.empty() ? -1 : digits_of(v.plain);
        digits = digits == -2 || digits == d ? d : -1;
        unit = std::gcd(unit, static_cast<std::uint64_t>(v.when - values_[sorted_.front()].when));
    }
    auto const span = static_cast<std::uint64_t>(values_[sorted_.back()].when - values_[sorted_.front()].when);
    if (unit == 0) unit = 1;
    auto const cost = order_.size() * width_for(span / unit + column::first);
    bool const lost = std::any_of(sorted_.begin(), sorted_.end(), [&](auto i) { return values_[i].json.empty(); });
    // Texts that cannot be written again are better kept, when there are few.
    if (!lost && (cost >= exact_cost_ || (digits < 0 && sorted_.size() <= few))) return;
    exact_cost_ = cost;
    exact_as_ = column::kind::times;
    scale_ = static_cast<std::int8_t>(digits);
    base_ = values_[sorted_.front()].when;
    unit_ = static_cast<std::int64_t>(unit);
    span_ = static_cast<std::int64_t>(span / unit);
}

void column_builder::prepare(std::span<std::uint32_t const> order, std::size_t ranges) {
    most_ranges_ = std::clamp<std::size_t>(ranges, 1, few);
    order_.assign(order.begin(), order.end());
    resize(order.size());
    std::vector<bool> used(given_.size());
    for (auto const row : order_)
        if (codes_[row] >= 2) used[codes_[row] - 2] = true;
    sorted_.clear();
    values_.resize(given_.size());
    for (std::uint32_t i = 0; i < given_.size(); ++i) {
        if (!used[i]) continue;
        values_[i] = read(given_[i]);
        if (values_[i].type != staged::kind::nothing) sorted_.push_back(i);
    }
    // What reads as nothing is absent.
    for (auto const row : order_)
        if (codes_[row] >= 2 && values_[codes_[row] - 2].type == staged::kind::nothing) codes_[row] = 0;
    std::sort(sorted_.begin(), sorted_.end(), [&](auto a, auto b) { return before(values_[a], values_[b]); });
    rank_.assign(values_.size(), 0);
    std::vector<std::uint32_t> distinct;
    for (auto const i : sorted_) {
        if (distinct.empty() || !same(values_[distinct.back()], values_[i])) distinct.push_back(i);
        rank_[i] = static_cast<std::uint32_t>(distinct.size() - 1);
    }
    sorted_ = std::move(distinct);
    bool lost = false, one_kind = true, had_ranges = false;
    std::size_t text = 0;
    for (auto const i : sorted_) {
        auto const& v = values_[i];
        lost = lost || (v.json.empty() && v.type == staged::kind::time);
        had_ranges = had_ranges || !v.high.empty();
        one_kind = one_kind && v.type == values_[sorted_.front()].type;
        text += v.json.size() + sizeof(std::uint32_t);
    }
    if (!lost && !had_ranges && sorted_.size() <= most_codes) exact_cost_ = order_.size() * width_for(sorted_.size() + 1) + text;
    if (!sorted_.empty() && (lost || had_ranges || sorted_.size() > most_ranges_)) {
        auto const type = values_[sorted_.front()].type;
        if (one_kind && type == staged::kind::number) plan_numbers();
        if (one_kind && type == staged::kind::time) plan_times();
        bool const ordered = type == staged::kind::number || type == staged::kind::text;
        if (one_kind && ordered) rough_cost_ = order_.size() + most_ranges_ * 2 * (text / sorted_.size());
    }
}

// Where ranges begin: about the same number of rows in each, a frequent value alone.
std::vector<std::size_t> column_builder::cuts() const {
    std::vector<std::size_t> rows(sorted_.size());
    std::size_t all = 0;
    for (auto const row : order_)
        if (codes_[row] >= 2) ++rows[rank_[codes_[row] - 2]], ++all;
    std::vector<std::size_t> out{0};
    std::size_t taken = 0, done = 0;
    for (std::size_t i = 0; i + 1 < rows.size() && out.size() < most_ranges_; ++i) {
        taken += rows[i];
        auto const share = (all - done) / (most_ranges_ + 1 - out.size());
        if (taken < share && rows[i + 1] < share) continue;
        out.push_back(i + 1);
        done += taken;
        taken = 0;
    }
    return out;
}

column_parts column_builder::pack_values(bool ranges) {
    column_parts out{.name = name_, .ranges = ranges};
    std::vector<std::uint64_t> code_of(sorted_.size());
    out.offsets.push_back(0);
    auto const put = [&out](std::string_view json) {
        out.text += json;
        out.offsets.push_back(static_cast<std::uint32_t>(out.text.size()));
    };
    auto const begins = ranges ? cuts() : std::vector<std::size_t>();
    std::size_t const entries = ranges ? begins.size() : sorted_.size();
    for (std::size_t e = 0; e < entries; ++e) {
        std::size_t const from = ranges ? begins[e] : e, to = ranges ? (e + 1 < entries ? begins[e + 1] : sorted_.size()) : e + 1;
        staged const* highest = nullptr;
        staged high;
        for (auto i = from; i < to; ++i) {
            code_of[i] = e + column::first;
            auto const& v = values_[sorted_[i]];
            auto const candidate = v.high.empty() ? v : read(v.high);
            if (!highest || before(*highest, candidate)) high = candidate, highest = &high;
        }
        auto const written = [](staged const& v) {
            return v.type == staged::kind::number ? shortest(v.number) : std::string(v.json);
        };
        put(written(values_[sorted_[from]]));
        if (ranges) {
            put(written(high));
            if (to < sorted_.size() && !before(high, values_[sorted_[to]])) out.ordered = false;
        }
    }
    out.entries = static_cast<std::uint32_t>(entries);
    for (auto const row : order_) out.codes.push_back(codes_[row] < 2 ? codes_[row] : code_of[rank_[codes_[row] - 2]]);
    return out;
}

column_parts column_builder::pack_scaled() {
    column_parts out{.name = name_, .type = exact_as_, .scale = scale_, .base = base_, .unit = unit_};
    for (auto const row : order_) {
        if (codes_[row] < 2) {
            out.codes.push_back(codes_[row]);
            continue;
        }
        auto const& v = values_[codes_[row] - 2];
        auto const above = exact_as_ == column::kind::numbers
                               ? static_cast<std::int64_t>(std::round(v.number * powers[scale_])) - base_
                               : (v.when - base_) / unit_;
        out.codes.push_back(static_cast<std::uint64_t>(above) + column::first);
    }
    return out;
}

column_parts column_builder::pack(packing how) {
    if (how == packing::exact && exact_cost_ != SIZE_MAX)
        return exact_as_ == column::kind::values ? pack_values(false) : pack_scaled();
    if (how == packing::rough && rough_cost_ != SIZE_MAX) return pack_values(true);
    column_parts out{.name = name_};
    out.offsets.push_back(0);
    out.codes.assign(order_.size(), column::opaque);
    return out;
}

}  // namespace fjord::stac
