#include "broker/rule_filter.hpp"

#include "base/json.hpp"
#include "stac/cql2/evaluate.hpp"
#include "stac/indexed_item.hpp"

namespace fjord::broker {
namespace {

result<stac::cql2::node> parse(catalog::rule_record const& rule) {
    if (rule.filter_lang == "cql2-text" || rule.filter_lang.empty()) return stac::cql2::parse_text(rule.filter);
    if (rule.filter_lang != "cql2-json") return fail(errc::invalid_argument, "rule: filter_lang must be cql2-text or cql2-json");
    auto value = parse_json(rule.filter);
    if (!value) return value.error();
    return stac::cql2::parse_json(*value);
}

}  // namespace

result<transfer::item_filter> make_rule_filter(catalog::rule_record const& rule) {
    auto tree = parse(rule);
    if (!tree) return error(tree.error().code, "rule: filter: " + tree.error().message());
    if (auto known = stac::cql2::check_functions(*tree); !known) return known.error();
    // The tree is shared by copies of the filter; an evaluator belongs to one thread and one call.
    auto shared = std::make_shared<stac::cql2::node const>(std::move(*tree));
    transfer::item_filter filter = [shared](catalog::item_record const& item) {
        auto const described = stac::describe_item(item);
        if (!described) return false;  // a document that cannot be read matches nothing
        stac::indexed_item_view view(**described);
        return stac::cql2::evaluator(*shared).matches(view);
    };
    return filter;
}

}  // namespace fjord::broker
