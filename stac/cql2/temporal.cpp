// The fifteen temporal predicates of CQL2, after Allen's interval algebra (OGC 21-065, clause "temporal functions"). An instant
// is an interval whose ends coincide.
#include "stac/cql2/evaluate.hpp"

namespace fjord::stac::cql2 {

truth temporal_relation(op o, time_interval const& a, time_interval const& b) {
    auto const holds = [&]() -> bool {
        switch (o) {
            case op::t_after:
                return a.start > b.end;
            case op::t_before:
                return a.end < b.start;
            case op::t_disjoint:
                return a.start > b.end || a.end < b.start;
            case op::t_intersects:
                return a.start <= b.end && a.end >= b.start;
            case op::t_equals:
                return a == b;
            case op::t_contains:
                return a.start < b.start && a.end > b.end;
            case op::t_during:
                return a.start > b.start && a.end < b.end;
            case op::t_finishes:
                return a.start > b.start && a.end == b.end;
            case op::t_finished_by:
                return a.start < b.start && a.end == b.end;
            case op::t_starts:
                return a.start == b.start && a.end < b.end;
            case op::t_started_by:
                return a.start == b.start && a.end > b.end;
            case op::t_meets:
                return a.end == b.start;
            case op::t_met_by:
                return a.start == b.end;
            case op::t_overlaps:
                return a.start < b.start && a.end > b.start && a.end < b.end;
            case op::t_overlapped_by:
                return a.start > b.start && a.start < b.end && a.end > b.end;
            default:
                return false;
        }
    };
    return holds() ? truth::yes : truth::no;
}

}  // namespace fjord::stac::cql2
