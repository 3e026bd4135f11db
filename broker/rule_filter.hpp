#pragma once
// The CQL2 filter of a live rule, compiled for the transfer engine.
#include "transfer/compiled_rule.hpp"

namespace fjord::broker {

// errc::invalid_argument: the filter, with the position of the fault. filter_lang: cql2-text or cql2-json.
result<transfer::item_filter> make_rule_filter(catalog::rule_record const& rule);

}  // namespace fjord::broker
