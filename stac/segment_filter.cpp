#include "stac/segment_filter.hpp"

#include "stac/code_scan.hpp"

#include <algorithm>
#include <array>

namespace fjord::stac {
namespace {

using cql2::node;
using cql2::op;
using cql2::truth;
using cql2::value;

constexpr std::size_t few_codes = 16;

verdict none_of(std::size_t rows) { return {row_set(rows), row_set(rows), row_set(rows)}; }

void put(verdict& to, std::size_t row, truth t) {
    if (t == truth::yes) to.yes.add(row);
    if (t == truth::no) to.no.add(row);
}

}  // namespace

// A row as a filter sees it; remembers whether it was asked for something that only the document has.
class segment_filter::row_view final : public cql2::item_view {
public:
    row_view(segment_filter const& of, bool instants) : of_(of), instants_(instants) {}

    value property(std::string_view name) const override {
        auto const r = of_.resolve(name);
        auto const& s = of_.segment_;
        switch (r.from) {
            case source::id:
                return value::of(s.ids().of_row(row));
            case source::collection:
                return value::of(of_.collection_.str());
            case source::geometry:
                open = open || s.shape(row) != outline::kind::none;
                return {};
            case source::datetime:
                return s.has_datetime(row) ? value::at(s.sort_time(row)) : value::over(s.time(row));
            case source::absent:
                return {};
            case source::document:
                open = true;
                return {};
            case source::column:
                break;
        }
        auto v = r.of->value(r.of->codes[row], instants_);
        open = open || !v;
        return v ? std::move(*v) : value{};
    }

    std::size_t row = 0;
    mutable bool open = false;

private:
    segment_filter const& of_;
    bool instants_;
};

segment_filter::resolved segment_filter::resolve(std::string_view name) const {
    if (name == "id") return {source::id};
    if (name == "collection") return {source::collection};
    if (name == "geometry") return {source::geometry};
    if (name.starts_with("properties.")) name.remove_prefix(std::string_view("properties.").size());
    if (name == "datetime") return {source::datetime};
    auto const* c = segment_.find_column(name);
    // A dotted name may also lead into an object.
    auto const dot = name.find('.');
    if (dot != std::string_view::npos && (!segment_.names_all() || segment_.find_column(name.substr(0, dot))))
        return {source::document};
    if (c) return {source::column, c};
    return {segment_.names_all() ? source::absent : source::document};
}

verdict segment_filter::uniform(truth t, row_set const& among) const {
    auto out = none_of(among.rows());
    if (t == truth::yes) out.yes = among;
    if (t == truth::no) out.no = among;
    return out;
}

verdict segment_filter::test(node const& n, row_set const& among) const {
    if (n.kind == op::boolean) return uniform(n.truth ? truth::yes : truth::no, among);
    if (n.kind == op::and_ || n.kind == op::or_ || n.kind == op::not_) return logical(n, among);
    return leaf(plan_.about(n), among);
}

verdict segment_filter::logical(node const& n, row_set const& among) const {
    if (n.kind == op::not_) {
        auto v = test(n.args[0], among);
        std::swap(v.yes, v.no);
        return v;
    }
    // AND; for OR the roles of yes and no change places (De Morgan).
    bool const is_or = n.kind == op::or_;
    auto out = uniform(truth::yes, among);
    auto left = among;  // not settled yet
    for (auto const& a : n.args) {
        if (!left.any()) break;
        auto v = test(a, left);
        if (is_or) std::swap(v.yes, v.no);
        out.no |= v.no;
        left -= v.no;
        out.open |= v.open;
        // Rows that stay `yes` need every operand to be yes.
        out.yes &= v.yes | out.no;
    }
    out.yes -= out.no;
    out.open -= out.no;
    out.yes -= out.open;
    if (is_or) std::swap(out.yes, out.no);
    return out;
}

verdict segment_filter::leaf(predicate const& p, row_set const& among) const {
    if (p.shape) return by_shape(p, among);
    if (is_temporal(p.node->kind))
        if (auto known = by_interval(p, among)) return std::move(*known);
    if (p.properties.empty()) {
        row_view const nothing(*this, false);
        return uniform(cql2::evaluator(*p.node).test(nothing), among);
    }
    if (p.properties.size() > 1) return by_rows(p, among);
    auto const r = resolve(p.properties[0]);
    if (r.from == source::geometry && p.node->kind == op::is_null && p.node->args[0].kind == op::property)
        return no_geometry(among);
    if (r.from == source::document) {
        auto out = none_of(among.rows());
        out.open = among;
        return out;
    }
    if (r.from == source::collection || r.from == source::absent) {
        row_view const any(*this, false);
        return uniform(cql2::evaluator(*p.node).test(any), among);
    }
    if (r.from == source::datetime && p.constant) return by_time(p, among);
    if (r.from != source::column) return by_rows(p, among);
    if (r.of->type == column::kind::values) return by_codes(p, *r.of, among);
    return p.constant ? by_scale(p, *r.of, among) : by_rows(p, among);
}

verdict segment_filter::no_geometry(row_set const& among) const {
    auto out = none_of(among.rows());
    among.each([&](std::size_t row) { put(out, row, segment_.shape(row) == outline::kind::none ? truth::yes : truth::no); });
    return out;
}

verdict segment_filter::by_rows(predicate const& p, row_set const& among) const {
    auto out = none_of(among.rows());
    row_view view(*this, is_temporal(p.node->kind));
    cql2::evaluator e(*p.node);
    among.each([&](std::size_t row) {
        view.row = row;
        view.open = false;
        auto const t = e.test(view);
        if (view.open) {
            out.open.add(row);
        } else {
            put(out, row, t);
        }
    });
    return out;
}

namespace {

// The same value whatever is asked.
class fixed_view final : public cql2::item_view {
public:
    explicit fixed_view(value v) : value_(std::move(v)) {}
    value property(std::string_view) const override { return value_; }

private:
    value value_;
};

}  // namespace

// Both ends of a range agreeing settles a comparison for what lies between them.
truth segment_filter::of_range(predicate const& p, column const& c, std::uint32_t entry, bool& open) const {
    if (p.node->kind == op::is_null) return truth::no;
    if (p.constant) {
        auto const low = cql2::value_of_json(c.low(entry)), high = cql2::value_of_json(c.high(entry));
        if (p.constant->type == low.type && low.type == high.type) {
            if (p.comparison == op::equal || p.comparison == op::not_equal) {
                auto const below = cql2::compare(*p.constant, low), above = cql2::compare(*p.constant, high);
                if ((below && *below < 0) || (above && *above > 0)) return p.comparison == op::equal ? truth::no : truth::yes;
            } else {
                auto const at_low = cql2::relation(p.comparison, low, *p.constant),
                           at_high = cql2::relation(p.comparison, high, *p.constant);
                if (at_low == at_high) return at_low;
            }
        } else if (p.constant->type != value::kind::instant) {
            return truth::unknown;  // of another type than every value of the range
        }
    }
    open = true;
    return truth::unknown;
}

// One answer per code: of small dictionaries at once, so that whole columns are compared; else when the code is first met.
verdict segment_filter::by_codes(predicate const& p, column const& c, row_set const& among) const {
    enum answer : std::uint8_t { not_asked, yes, no, unknown, open };
    std::vector<std::uint8_t> answers(c.entries + column::first, not_asked);
    cql2::evaluator e(*p.node);
    auto const ask = [&](std::uint64_t code) -> std::uint8_t {
        if (code == column::opaque) return open;
        bool is_open = false;
        truth t;
        if (code != column::absent && !c.exact(code)) {
            t = of_range(p, c, column::entry(code), is_open);
        } else {
            auto v = c.value(code);
            t = p.constant ? cql2::relation(p.comparison, *v, *p.constant) : e.test(fixed_view(std::move(*v)));
        }
        if (is_open) return open;
        return t == truth::yes ? yes : t == truth::no ? no : unknown;
    };
    auto out = none_of(among.rows());
    if (answers.size() <= few_codes) {
        for (std::uint64_t code = 0; code < answers.size(); ++code) answers[code] = ask(code);
        for (std::size_t from = 0, to = 0; from < answers.size(); from = to) {
            while (to < answers.size() && answers[to] == answers[from]) ++to;
            if (answers[from] == unknown) continue;
            (answers[from] == yes  ? out.yes
             : answers[from] == no ? out.no
                                   : out.open) |= rows_in_codes(c.codes, from, to - 1, among);
        }
        return out;
    }
    each_code(c.codes, among, [&](std::size_t row, std::uint64_t code) {
        auto& a = answers[code];
        if (a == not_asked) a = ask(code);
        if (a == yes) out.yes.add(row);
        if (a == no) out.no.add(row);
        if (a == open) out.open.add(row);
    });
    return out;
}

// Codes of numbers and times ascend with the values, so a comparison with a constant is a range of codes.
verdict segment_filter::by_scale(predicate const& p, column const& c, row_set const& among) const {
    auto const& constant = *p.constant;
    auto out = none_of(among.rows());
    auto present = rows_in_codes(c.codes, column::first, c.most, among);
    out.open = rows_in_codes(c.codes, column::opaque, column::opaque, among);
    bool const numbers = c.type == column::kind::numbers;
    bool const fits = numbers ? constant.type == value::kind::number
                              : constant.type == value::kind::instant || constant.type == value::kind::text;
    if (!fits) return out;  // unknown, as values of different types are
    if (!numbers && constant.type == value::kind::text && c.scale < 0) {
        out.open |= present;
        return out;
    }
    auto const of = [&](std::uint64_t code) {
        if (numbers) return value::of(c.number(code));
        return constant.type == value::kind::text ? value::of(c.written_time(code)) : value::at(c.time(code));
    };
    // The first code whose value is not below the constant, and the first above it.
    auto const first_where = [&](auto holds) {
        std::uint64_t low = column::first, high = c.most + 1;
        while (low < high) {
            auto const middle = low + (high - low) / 2;
            if (holds(*cql2::compare(of(middle), constant)))
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    };
    auto const equal = first_where([](int o) { return o >= 0; }), above = first_where([](int o) { return o > 0; });
    auto const rows = [&](std::uint64_t from, std::uint64_t to) {  // [from, to)
        return from < to ? rows_in_codes(c.codes, from, to - 1, among) : row_set(among.rows());
    };
    switch (p.comparison) {
        case op::equal:
            out.yes = rows(equal, above);
            break;
        case op::not_equal:
            out.yes = present - rows(equal, above);
            break;
        case op::less:
            out.yes = rows(column::first, equal);
            break;
        case op::less_equal:
            out.yes = rows(column::first, above);
            break;
        case op::greater:
            out.yes = rows(above, c.most + 1);
            break;
        default:
            out.yes = rows(equal, c.most + 1);
            break;
    }
    out.no = std::move(present -= out.yes);
    return out;
}

// `datetime` compared with a constant: rows are in its order.
verdict segment_filter::by_time(predicate const& p, row_set const& among) const {
    auto out = none_of(among.rows());
    auto const when = cql2::as_time(*p.constant);
    if (!when || p.constant->type == value::kind::interval) return out;  // unknown beside anything that is no time
    auto const t = when->start;
    auto const not_newer = segment_.first_at_or_before(t);
    auto const older = t == open_start ? segment_.rows() : segment_.first_at_or_before(t - 1);
    std::array<std::size_t, 2> yes{0, 0};
    switch (p.comparison) {
        case op::equal:
        case op::not_equal:
            yes = {not_newer, older};
            break;
        case op::less:
            yes = {older, segment_.rows()};
            break;
        case op::less_equal:
            yes = {not_newer, segment_.rows()};
            break;
        case op::greater:
            yes = {0, not_newer};
            break;
        default:
            yes = {0, older};
            break;
    }
    out.yes = out.no = among;
    if (!segment_.all_have_datetime()) {
        row_set with(among.rows());
        among.each([&](std::size_t row) {
            if (segment_.has_datetime(row)) with.add(row);
        });
        out.yes = out.no = with;
    }
    out.yes.keep_range(yes[0], yes[1]);
    if (p.comparison == op::not_equal) out.yes = out.no - out.yes;
    out.no -= out.yes;
    return out;
}

void segment_filter::keep_ids(row_set& rows) const {
    auto const& ids = plan_.query().ids;
    row_set kept(rows.rows());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!segment_.ids().may_hold(plan_.id_hashes()[i])) continue;
        if (auto const row = segment_.ids().find(ids[i].str()); row && rows.has(*row)) kept.add(*row);
    }
    rows = std::move(kept);
}

segment_filter::matches segment_filter::match(row_set among) const {
    auto const& q = plan_.query();
    row_set open(among.rows());
    if (q.datetime) keep_time(among, *q.datetime);
    if (!q.ids.empty()) keep_ids(among);
    if (q.bbox || q.intersects) keep_space(among, open);
    for (auto const* condition : plan_.conditions()) {
        if (!among.any()) break;
        auto v = test(*condition, among);
        open |= v.open;
        among = v.yes | v.open;
    }
    open &= among;
    among -= open;
    return {std::move(among), std::move(open)};
}

}  // namespace fjord::stac
