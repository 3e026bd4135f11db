// Spatial conditions on a segment: bounds and R-tree first, convex outlines next, what stays open is for GEOS on the document.
#include "stac/segment_filter.hpp"

#include <algorithm>
#include <array>

namespace fjord::stac {

using cql2::op;

verdict segment_filter::by_shape(predicate const& p, row_set const& among) const {
    auto out = verdict{row_set(among.rows()), row_set(among.rows()), row_set(among.rows())};
    auto kind = p.node->kind;
    if (p.shape_first && kind == op::s_within) {
        kind = op::s_contains;
    } else if (p.shape_first && kind == op::s_contains) {
        kind = op::s_within;
    }
    row_set shaped(among.rows());
    among.each([&](std::size_t row) {
        if (segment_.shape(row) != outline::kind::none) shaped.add(row);
    });
    if (kind == op::s_intersects || kind == op::s_disjoint) {
        rows_meeting(segment_, *p.shape, shaped, out.yes, out.open);
        out.no = shaped - out.yes - out.open;
        if (kind == op::s_disjoint) std::swap(out.yes, out.no);
        return out;
    }
    // Of the others, bounds settle what lies apart and what lies well inside; some are undefined for collections.
    shaped.each([&](std::size_t row) {
        auto relation = p.shape->to(segment_.bounds(row).as_box());
        auto const& two = segment_.second_rows();
        if (auto const at = std::lower_bound(two.begin(), two.end(), row); at != two.end() && *at == row) {
            auto const other = p.shape->to(segment_.second_bounds()[static_cast<std::size_t>(at - two.begin())].as_box());
            if (other != relation) relation = region::relation::crossing;
        }
        bool const defined = segment_.shape(row) != outline::kind::collection && !p.shape->is_collection();
        if (!defined || relation == region::relation::crossing) {
            out.open.add(row);
        } else {
            (relation == region::relation::inside && kind == op::s_within ? out.yes : out.no).add(row);
        }
    });
    return out;
}

void segment_filter::keep_space(row_set& rows, row_set& open) const {
    auto const& q = plan_.query();
    auto const keep = [&](region const& shape) {
        row_set yes(rows.rows()), perhaps(rows.rows());
        rows_meeting(segment_, shape, rows, yes, perhaps);
        open |= perhaps;
        rows = yes | perhaps;
    };
    row_set shapeless(rows.rows());
    if (q.bbox && !q.intersects && q.shapeless_match) {
        rows.each([&](std::size_t row) {
            if (segment_.shape(row) == outline::kind::none) shapeless.add(row);
        });
    }
    if (plan_.bbox()) keep(*plan_.bbox());
    if (plan_.intersects()) keep(*plan_.intersects());
    if (q.bbox && q.bbox->z) {
        auto const& z = *q.bbox->z;
        row_set kept(rows.rows());
        rows.each([&](std::size_t row) {
            auto const range = segment_.z(row);
            if (range[0] <= z[1] && range[1] >= z[0]) kept.add(row);
        });
        rows = std::move(kept);
    }
    rows |= shapeless;
}

namespace {

// Of one row whose bounds the shape's edges touch.
std::optional<bool> outline_meets(segment const& s, std::size_t row, region const& shape) {
    std::array<point, outline::max_points> ring;
    auto const b = s.bounds(row).as_box();
    switch (s.shape(row)) {
        case outline::kind::box:
            ring[0] = {b.west, b.south}, ring[1] = {b.east, b.south}, ring[2] = {b.east, b.north}, ring[3] = {b.west, b.north};
            return shape.meets(std::span(ring).first(4), slack_of(b));
        case outline::kind::ring: {
            double thinned = 0;
            auto const n = s.ring(row, ring, thinned);
            return shape.meets(std::span(ring).first(n), error_of(b) + slack_of(b) + thinned);
        }
        default:
            return std::nullopt;
    }
}

}  // namespace

void rows_meeting(segment const& s, region const& shape, row_set const& among, row_set& yes, row_set& open) {
    auto const relation = [&](box4 const& bounds) {
        if (bounds.empty()) return region::relation::outside;
        auto const b = bounds.as_box();
        return shape.covers(b) ? region::relation::inside : shape.to(b);
    };
    auto const decide = [&](std::size_t row) {
        auto const r = relation(s.bounds(row));
        if (r == region::relation::outside) return;
        auto const meets = r == region::relation::inside ? std::optional(true) : outline_meets(s, row, shape);
        if (!meets) open.add(row);
        if (meets == true) yes.add(row);
    };
    // The tree pays off unless few rows are asked about.
    if (among.count() * 8 < s.rows()) {
        among.each(decide);
    } else {
        auto const enter = [&](box4 const& bounds) {
            auto const r = relation(bounds);
            return r == region::relation::outside ? 0 : r == region::relation::inside ? 2 : 1;
        };
        s.tree().walk(enter, [&](std::size_t row, bool all) {
            if (!among.has(row)) return;
            if (all)
                yes.add(row);
            else
                decide(row);
        });
    }
    for (std::size_t i = 0; i < s.second_rows().size(); ++i) {
        auto const row = s.second_rows()[i];
        if (!among.has(row) || yes.has(row)) continue;
        auto const r = relation(s.second_bounds()[i]);
        if (r == region::relation::inside) yes.add(row), open.drop(row);
        if (r == region::relation::crossing) open.add(row);
    }
}

}  // namespace fjord::stac
