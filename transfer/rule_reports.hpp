#pragma once
// Answers about rules, computed from the catalog and the engine's boards: status, explanation, dry run. Blocks: run on the pool.
#include "catalog/catalog.hpp"
#include "policies/policies.hpp"
#include "transfer/engine.hpp"
#include "transfer/evaluator.hpp"
#include "transfer/gap_board.hpp"

namespace fjord::transfer {

struct report_sources {
    catalog::catalog& catalog;
    policies::engine& policies;
    progress_board const& board;
    gap_board const& gaps;
    item_filter_maker const& make_filter;
};

// Errors as engine::status, explain and plan say.
result<rule_status> report_status(report_sources const& from, rule_id const& id);
result<rule_explanation> report_explanation(report_sources const& from, rule_id const& id);
result<rule_plan> report_plan(report_sources const& from, catalog::rule_record record);

// Compiles a new rule and checks it against the catalog: the data exist, some site matches. Errors as engine::create_rule.
result<rule_ptr> check_rule(report_sources const& from, catalog::rule_record record);

// Open ones (states queued, active, verifying) by id; others through the whole history in id order.
result<transfer_page> report_transfers(report_sources const& from, transfer_query const& query);

// "attempt 2 of a pull from site-a: 10 of 20 bytes"
std::string sentence_of(transfer_progress const& p);

}  // namespace fjord::transfer
