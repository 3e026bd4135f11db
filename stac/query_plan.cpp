#include "stac/query_plan.hpp"

#include "stac/cql2/evaluate.hpp"
#include "stac/id_list.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

using cql2::node;
using cql2::op;

class nothing final : public cql2::item_view {
public:
    cql2::value property(std::string_view) const override { return {}; }
};

bool is_logic(op o) { return o == op::and_ || o == op::or_ || o == op::not_; }

op mirrored(op o) {
    switch (o) {
        case op::less:
            return op::greater;
        case op::less_equal:
            return op::greater_equal;
        case op::greater:
            return op::less;
        case op::greater_equal:
            return op::less_equal;
        default:
            return o;
    }
}

// The order in which conditions are tried.
int expense(predicate const& p) {
    if (p.shape) return 0;
    if (p.constant) return 1;
    return p.properties.size() <= 1 ? 2 : 3;
}

}  // namespace

query_plan::query_plan(search_query const& q) : query_(q) {
    if (q.bbox) bbox_ = std::make_unique<region>(geometry::from_boxes(q.bbox->boxes));
    if (q.intersects) intersects_ = std::make_unique<region>(*q.intersects);
    for (auto const& f : q.filters) take(*f);
    auto const cost = [this](node const* n) { return is_logic(n->kind) ? 2 : expense(predicates_.at(n)); };
    std::stable_sort(conditions_.begin(), conditions_.end(), [&](auto a, auto b) { return cost(a) < cost(b); });
    for (auto const& id : q.ids) id_hashes_.push_back(id_list::hash(id.str()));
}

void query_plan::take(node const& n) {
    if (n.kind == op::and_) {
        for (auto const& a : n.args) take(a);
        return;
    }
    conditions_.push_back(&n);
    describe(n);
}

void query_plan::describe(node const& n) {
    if (is_logic(n.kind)) {
        for (auto const& a : n.args) describe(a);
        return;
    }
    predicate p{.node = &n, .properties = cql2::properties_of(n)};
    if (is_spatial(n.kind) && p.properties.size() == 1 && p.properties[0] == "geometry") {
        bool const left = n.args[0].kind == op::geometry, right = n.args[1].kind == op::geometry;
        if (left != right) {
            p.shape = std::make_shared<region>(n.args[left ? 0 : 1].shape->shape);
            p.shape_first = left;
        }
    }
    if (is_comparison(n.kind) && p.properties.size() == 1) {
        bool const left = n.args[0].kind == op::property, right = n.args[1].kind == op::property;
        if (left != right) {
            p.comparison = left ? n.kind : mirrored(n.kind);
            p.constant = cql2::evaluator(n).evaluate(n.args[left ? 1 : 0], nothing());
        }
    }
    predicates_.emplace(&n, std::move(p));
}

}  // namespace fjord::stac
