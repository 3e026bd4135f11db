#pragma once
// The convergence engine: rules -> locks -> verified copies, journalled. It follows the catalog's log, re-evaluates the rules
// that a change touches, writes locks and transfers, runs the transfers, and can always say why.
//
// Life: construct (registers with catalog.on_commit, so before the first commit), start(), stop(), destroy; stop() is awaited on
// a running context. All loop state lives on `executor`, which must be run by one thread; blocking calls go to `pool`.
// Public calls may come from any context and resume there. What the deps refer to outlives the engine and its context.
//
// Nothing is polled: a commit wakes the loop. A killed process loses nothing: transfers found active at start are looked at
// (a verified copy at the final name is taken over, a staged one is removed) and queued again.
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "catalog/catalog.hpp"
#include "policies/policies.hpp"
#include "transfer/access.hpp"
#include "transfer/compiled_rule.hpp"
#include "transfer/planner.hpp"
#include "transfer/progress_board.hpp"
#include "transfer/retry.hpp"
#include "transfer/status.hpp"
#include "transfer/transfer_queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fjord::transfer {

struct engine_options {
    queue_limits limits;  // concurrency; site attributes max_reads and max_writes override per site
    retry_options retry;
    seconds failed_hold{600};    // after a transfer failed for good, its copy is asked for again so much later
    seconds sweep_every{3600};   // staging folders are searched for leftovers at start and so often
    seconds history{7 * 86400};  // finished transfers are forgotten after this
};

struct engine_deps {
    asio::any_io_executor executor;  // one thread
    blocking_pool& pool;
    catalog::catalog& catalog;
    policies::engine& policies;
    site_access& sites;
    item_filter_maker make_filter = {};                              // for filter rules; may be empty
    std::function<void(transfer_progress const&)> on_progress = {};  // at most once a second per transfer; on the executor
    metrics_registry* metrics = nullptr;
};

// What a rule would do, or does.
struct rule_plan {
    std::uint64_t assets = 0, copies = 0;  // copies wanted in all
    std::uint64_t copies_there = 0, copies_to_make = 0, bytes_to_move = 0;
    std::optional<double> eta_s;       // by the measured rate; unknown until something was copied
    std::uint64_t impossible = 0;      // assets with too few allowed sites
    std::string reason;                // the first witness, or "" when all is possible
    std::vector<asset_plan> examples;  // with a verdict per site; the first max_examples assets
    static constexpr std::size_t max_examples = 100;
};

struct lock_explanation {
    catalog::lock_record lock;
    std::string state;     // "available", "copying", "queued", "waiting", "missing", ...
    std::string sentence;  // "site-b: attempt 2 of a pull from site-a, 10 of 20 bytes"
};
struct rule_explanation {
    catalog::rule_record rule;
    rule_status status;
    std::vector<lock_explanation> locks;  // the first max_locks
    std::vector<asset_plan> plans;        // why these sites, as of now; the first max_plans assets
    static constexpr std::size_t max_locks = 1000, max_plans = 20;
};

struct transfer_query {
    std::optional<catalog::transfer_state> state;
    std::string after;        // id of the last one seen
    std::size_t limit = 100;  // 1..1000
};
struct transfer_page {
    std::vector<catalog::transfer_record> transfers;  // live bytes of running ones filled in
    std::string next;                                 // "" at the end
};

class engine {
public:
    explicit engine(engine_deps deps, engine_options options = {});
    ~engine();  // call stop() first unless the context will never run again

    void start();
    asio::awaitable<void> stop();  // ends running copies; the journal resumes them at the next start

    // Checks and stores a rule; an empty id is filled in. A rule that cannot be met now is accepted and reads impossible.
    // errc::invalid_argument (expression, copies, uri, no site matches at all), errc::not_found (the data), errc::unsupported.
    asio::awaitable<result<catalog::rule_record>> create_rule(catalog::rule_record rule);
    asio::awaitable<result<void>> delete_rule(rule_id id);               // errc::not_found; copies stay, locks go
    asio::awaitable<result<rule_status>> status(rule_id id);             // errc::not_found
    asio::awaitable<result<rule_explanation>> explain(rule_id id);       // errc::not_found
    asio::awaitable<result<rule_plan>> plan(catalog::rule_record rule);  // dry run; errors as create_rule

    asio::awaitable<result<transfer_page>> list_transfers(transfer_query query);  // errc::invalid_argument
    // Stops a transfer for real and returns when it has ended. It is not started again before retry(), a new rule on its data, or
    // a restart. errc::not_found, errc::conflict when it is over already.
    asio::awaitable<result<void>> cancel(transfer_id id);
    // Ends a back-off now, or asks again for the copy of a failed or cancelled transfer. errc::not_found, errc::conflict (done).
    asio::awaitable<result<void>> retry(transfer_id id);
    std::optional<transfer_progress> progress(transfer_id const& id) const;
    std::vector<transfer_progress> progress() const;

    // Removes one copy: of `version`, or of the current version. errc::conflict for the last good copy and for one that a rule
    // wants; errc::not_found; a site's failure (the copy stays "deleting" and is tried again).
    asio::awaitable<result<void>> delete_replica(catalog::asset_ref asset, site_id site, std::optional<digest> version = {});

    // Looks at all rules again; call after policies::engine::replace. Any thread.
    void reevaluate();

    // True when no change waits to be looked at and no transfer can run now.
    asio::awaitable<bool> is_idle();

private:
    std::shared_ptr<struct engine_core> core_;
};

}  // namespace fjord::transfer
