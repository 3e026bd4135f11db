// Temporal conditions on a segment, by its time columns: the search interval, and the T_ predicates.
#include "stac/segment_filter.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

using cql2::node;
using cql2::op;
using cql2::truth;

class no_item final : public cql2::item_view {
public:
    cql2::value property(std::string_view) const override { return {}; }
};

}  // namespace

// One operand of a temporal predicate, for every row.
class segment_filter::time_operand {
public:
    // Null when rows have to be looked at one by one.
    static std::optional<time_operand> of(segment_filter const& f, node const& n) {
        time_operand out(f.segment_);
        if (n.kind == op::interval) {
            auto from = end_of(f, n.args[0], open_start), to = end_of(f, n.args[1], open_end);
            if (!from || !to) return std::nullopt;
            out.kind_ = kind::interval;
            out.from_ = *from, out.to_ = *to;
            return out;
        }
        if (n.kind == op::property) {
            auto const r = f.resolve(n.text);
            if (r.from == source::datetime) {
                out.kind_ = kind::item_time;
                return out;
            }
            auto const e = end_of(f, n, 0);
            if (!e) return std::nullopt;
            out.kind_ = kind::one;
            out.from_ = *e;
            return out;
        }
        if (!cql2::properties_of(n).empty()) return std::nullopt;
        auto const t = cql2::as_time(cql2::evaluator(n).evaluate(n, no_item()));
        out.kind_ = kind::constant;
        out.constant_ = t;
        return out;
    }

    bool is_item_time() const noexcept { return kind_ == kind::item_time; }
    // The same interval for all rows; null when it is not.
    time_interval const* constant() const noexcept { return kind_ == kind::constant && constant_ ? &*constant_ : nullptr; }

    // nullopt: null. `open`: the document has to be asked.
    std::optional<time_interval> at(std::size_t row, bool& open) const {
        switch (kind_) {
            case kind::constant:
                return constant_;
            case kind::item_time:
                if (segment_.has_datetime(row)) return time_interval{segment_.sort_time(row), segment_.sort_time(row)};
                return segment_.time(row);
            case kind::one: {
                auto const t = instant_of(from_, row, open);
                return t ? std::optional(time_interval{*t, *t}) : std::nullopt;
            }
            default: {
                auto const from = instant_of(from_, row, open), to = instant_of(to_, row, open);
                if (!from || !to || *from > *to) return std::nullopt;
                return time_interval{*from, *to};
            }
        }
    }

private:
    enum class kind { constant, item_time, one, interval };
    // An instant: of the item, of a column, or the same for all rows (none: null).
    struct end {
        bool of_item = false;
        column const* of = nullptr;
        std::optional<instant> constant;
    };
    explicit time_operand(segment const& s) : segment_(s) {}

    static std::optional<end> end_of(segment_filter const& f, node const& n, instant unbounded) {
        if (n.kind == op::unbounded) return end{.constant = unbounded};
        if (n.kind == op::property) {
            auto const r = f.resolve(n.text);
            if (r.from == source::datetime) return end{.of_item = true};
            if (r.from == source::absent) return end{};
            if (r.from == source::column && r.of->type == column::kind::times) return end{.of = r.of};
            return std::nullopt;
        }
        if (!cql2::properties_of(n).empty()) return std::nullopt;
        auto const v = cql2::evaluator(n).evaluate(n, no_item());
        if (v.type == cql2::value::kind::interval) return end{};
        auto const t = cql2::as_time(v);
        return end{.constant = t ? std::optional(t->start) : std::nullopt};
    }
    std::optional<instant> instant_of(end const& e, std::size_t row, bool& open) const {
        if (e.of_item) return segment_.has_datetime(row) ? std::optional(segment_.sort_time(row)) : std::nullopt;
        if (!e.of) return e.constant;
        auto const code = e.of->codes[row];
        if (code == column::opaque) open = true;
        return code < column::first ? std::nullopt : std::optional(e.of->time(code));
    }

    segment const& segment_;
    kind kind_ = kind::constant;
    std::optional<time_interval> constant_;
    end from_, to_;
};

std::optional<verdict> segment_filter::by_interval(predicate const& p, row_set const& among) const {
    auto const left = time_operand::of(*this, p.node->args[0]), right = time_operand::of(*this, p.node->args[1]);
    if (!left || !right) return std::nullopt;
    verdict out{row_set(among.rows()), row_set(among.rows()), row_set(among.rows())};
    // Instants in the order of the rows meet an interval in one stretch of rows.
    if (p.node->kind == op::t_intersects && !segment_.spans() && segment_.all_have_datetime()) {
        auto const* within = left->is_item_time() ? right->constant() : right->is_item_time() ? left->constant() : nullptr;
        if (within) {
            out.yes = out.no = among;
            keep_time(out.yes, *within);
            out.no -= out.yes;
            return out;
        }
    }
    among.each([&](std::size_t row) {
        bool open = false;
        auto const a = left->at(row, open), b = right->at(row, open);
        if (open) return out.open.add(row);
        if (!a || !b) return;
        (cql2::temporal_relation(p.node->kind, *a, *b) == truth::yes ? out.yes : out.no).add(row);
    });
    return out;
}

void segment_filter::keep_time(row_set& rows, time_interval const& t) const {
    if (t.start <= segment_.hull().start && segment_.hull().end <= t.end) return;
    if (!segment_.spans()) {
        auto const first = segment_.first_at_or_before(t.end);
        auto const last = t.start == open_start ? segment_.rows() : segment_.first_at_or_before(t.start - 1);
        return rows.keep_range(first, std::max(first, last));
    }
    row_set kept(rows.rows());
    rows.each([&](std::size_t row) {
        if (intersects(t, segment_.time(row))) kept.add(row);
    });
    rows = std::move(kept);
}

}  // namespace fjord::stac
