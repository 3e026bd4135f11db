#pragma once
// A rule record made ready for use: what it selects and where, parsed once. Immutable, shared between threads.
#include "base/error.hpp"
#include "catalog/records.hpp"
#include "transfer/site_expression.hpp"

#include <functional>
#include <memory>

namespace fjord::transfer {

// Compiles the filter of a live rule (collection + CQL2). The composition root gives one; without it filter rules are refused
// with errc::unsupported. Both functions are called from pool threads, several at once.
using item_filter = std::function<bool(catalog::item_record const&)>;
using item_filter_maker = std::function<result<item_filter>(catalog::rule_record const&)>;

// What part of the namespace something is about. Empty members stand for "all of them"; sorts parents before children.
struct scope {
    collection_id collection;
    item_id item;
    asset_key asset;

    bool covers(catalog::asset_ref const& ref) const noexcept;
    bool overlaps(scope const& other) const noexcept;
    bool includes(scope const& other) const noexcept;
    friend auto operator<=>(scope const&, scope const&) = default;
};
scope scope_of(catalog::asset_ref const& ref);
// "C", "C/I" or "C/I/A", percent-encoded segments, as log entries name their subject. errc::invalid_argument.
result<scope> parse_scope(std::string_view text);

struct compiled_rule {
    catalog::rule_record record;
    scope selection;
    site_expression sites;
    item_filter filter;  // empty: every item of the selection
};

// errc::invalid_argument names the member that is wrong; errc::unsupported: a filter and no maker.
result<std::shared_ptr<compiled_rule const>> compile_rule(catalog::rule_record record, item_filter_maker const& make_filter);

}  // namespace fjord::transfer
