#include "stac/search.hpp"

namespace fjord::stac {
namespace {

int rank(sort_value const& v) noexcept {
    if (std::holds_alternative<double>(v)) return 0;
    if (std::holds_alternative<instant>(v)) return 1;
    if (std::holds_alternative<std::string>(v)) return 2;
    if (std::holds_alternative<bool>(v)) return 3;
    return 4;
}

}  // namespace

std::strong_ordering compare(sort_value const& a, sort_value const& b) noexcept {
    if (auto const by_kind = rank(a) <=> rank(b); by_kind != 0) return by_kind;
    return a < b ? std::strong_ordering::less : b < a ? std::strong_ordering::greater : std::strong_ordering::equal;
}

namespace {

std::strong_ordering order_of(sort_value const& a, sort_value const& b, bool descending) {
    bool const a_null = std::holds_alternative<std::monostate>(a), b_null = std::holds_alternative<std::monostate>(b);
    if (a_null || b_null) return a_null <=> b_null;
    auto const o = compare(a, b);
    return descending ? 0 <=> o : o;
}

}  // namespace

std::strong_ordering order_of(sort_key const& a, sort_key const& b, std::vector<sort_field> const& sort) {
    for (std::size_t i = 0; i < a.values.size() && i < b.values.size(); ++i) {
        bool const descending = sort.empty() || (i < sort.size() && sort[i].descending);
        if (auto const o = order_of(a.values[i], b.values[i], descending); o != 0) return o;
    }
    if (auto const o = a.collection <=> b.collection; o != 0) return o;
    return a.id <=> b.id;
}

}  // namespace fjord::stac
