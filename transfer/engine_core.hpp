#pragma once
// The engine's inside, shared by its source files:
//   engine.cpp        public calls, start and stop
//   engine_log.cpp    following the log, what becomes dirty
//   engine_plan.cpp   looking at dirty assets, locks and new transfers
//   engine_copy.cpp   running one transfer
//   engine_upkeep.cpp recovery at start, deletions, leftovers, history
// Everything here belongs to the executor's one thread unless said otherwise.
#include "transfer/copy_job.hpp"
#include "transfer/engine.hpp"
#include "transfer/evaluator.hpp"
#include "transfer/gap_board.hpp"
#include "transfer/selection.hpp"
#include "transfer/source_choice.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace fjord::transfer {

// A transfer that is not over: waiting or running.
struct open_copy {
    catalog::transfer_record record;
    copy_key key;
    bool running = false;
    site_id counted_from;                               // the source the queue counts it under while it runs
    bool look_first = false;                            // see copy_task
    std::string abandoned_staging;                      // of an attempt that was cut off by the end of the process
    bool cancel_requested = false, by_request = false;  // by_request: a person asked, not a rule that went away
    std::string cancel_reason;
    std::map<site_id, std::uint32_t> failures;      // per source
    std::optional<catalog::replica_record> source;  // what the running attempt reads
    std::optional<storage::copy_mode> refused_mode;
    std::optional<catalog::replica_record> damaged;  // the suspect or bad copy that this one replaces
    asio::cancellation_signal stop_signal;           // ends the running attempt
    steady_time told{};                              // last progress event
};
using copy_ptr = std::shared_ptr<open_copy>;

// A copy that is wanted but not asked for now.
struct hold {
    std::optional<wall_time> until;  // nullopt: until somebody says so
    std::string reason;
    site_id from;  // what the last attempt read
};

// A transfer to be made, before it is journalled.
struct new_copy {
    copy_ptr copy;
    catalog::replica_record replica;  // state copying
};

struct engine_core : std::enable_shared_from_this<engine_core> {
    engine_core(engine_deps d, engine_options o);

    // engine.cpp
    void ring();  // wakes the loop
    void ring_from_any_thread();
    void spawn(asio::awaitable<void> work);  // owned: stop() waits for it
    asio::awaitable<void> run_loop();
    asio::awaitable<void> wait_for_bell();
    asio::awaitable<void> pause(milliseconds time);  // ends early at stop
    asio::awaitable<void> stop();
    asio::awaitable<result<void>> cancel(transfer_id id);
    asio::awaitable<result<void>> retry(transfer_id id);
    bool is_idle() const;
    asio::awaitable<bool> ask_idle();
    // Commits on the pool; a busy pool or store is tried again a few times.
    asio::awaitable<result<void>> commit(catalog::change_set changes);

    // engine_log.cpp
    asio::awaitable<result<bool>> follow_log();  // true: there is more
    asio::awaitable<result<void>> note_entry(catalog::log_entry entry);
    asio::awaitable<result<void>> load_rule(rule_id id);
    asio::awaitable<result<void>> drop_rule(rule_id id);
    asio::awaitable<result<void>> load_sites();
    void add_rule(catalog::rule_record record);
    void remove_rule(rule_id const& id);
    void mark(scope const& where);  // dirty, if a rule overlaps
    void mark_all();
    void release_holds(std::function<bool(copy_key const&, hold const&)> const& which);
    std::vector<rule_ptr> rules_of(collection_id const& collection) const;

    // engine_plan.cpp
    struct batch;
    asio::awaitable<result<void>> look();  // at one batch of what is dirty
    batch next_batch();
    batch small_batch();
    batch walk_batch();
    void begin_walk();
    result<std::vector<asset_outcome>> evaluate(batch& work) const;  // blocks; touches no loop state
    void finish_batch(batch const& work);
    asio::awaitable<result<void>> apply(std::vector<asset_outcome> outcomes);
    void apply_rule(asset_outcome const& outcome, rule_outcome const& rule, std::vector<new_copy>& out);
    gap gap_of(asset_outcome const& outcome, rule_outcome const& rule) const;
    std::optional<new_copy> plan_copy(asset_outcome const& outcome, rule_outcome const& rule, needed_copy const& need);
    void drop_unwanted(asset_outcome const& outcome);
    bool is_unsettled(rule_id const& id) const;
    asio::awaitable<result<void>> announce();  // rule.fulfilled and rule.impossible
    void adopt(new_copy fresh);
    void enqueue(copy_ptr const& copy);
    void launch();  // starts what may run

    // engine_copy.cpp
    asio::awaitable<void> run_copy(copy_ptr copy, site_id planned_from);
    asio::awaitable<void> attempt(copy_ptr copy, site_id planned_from);
    asio::awaitable<copy_report> perform(copy_job& job, open_copy& copy);
    asio::awaitable<void> succeed(copy_ptr copy, copy_report report, steady_time began);
    asio::awaitable<void> fail_attempt(copy_ptr copy, copy_report report);
    struct prepared;
    result<prepared> prepare(catalog::transfer_record const& record,
                             site_list const& known) const;  // blocks; touches no loop state
    asio::awaitable<result<copy_task>> begin(copy_ptr copy, site_id planned_from, prepared ready);
    asio::awaitable<void> close(copy_ptr copy, catalog::transfer_state state, std::string reason, catalog::change_set changes);
    void forget(copy_ptr const& copy);  // it is over
    void set_source(open_copy& copy, site_id const& from);
    void request_cancel(copy_ptr const& copy, std::string reason, bool by_request);
    void tell_progress(open_copy& copy, std::uint64_t bytes);
    void show(open_copy const& copy);  // puts it on the board

    // engine_upkeep.cpp
    asio::awaitable<result<void>> recover();
    asio::awaitable<void> upkeep();  // sweeps at start and every sweep_every
    asio::awaitable<void> sweep_site(catalog::site_record site);
    asio::awaitable<void> sweep_folder(catalog::site_record site, std::string folder);
    asio::awaitable<void> forget_history();
    asio::awaitable<void> resume_deletions();
    asio::awaitable<void> expire_rules();
    asio::awaitable<void> run_deletion(copy_key key);
    asio::awaitable<void> drop_file(catalog::replica_record bad);  // the file alone; once, best effort
    asio::awaitable<void> drop_surplus(catalog::replica_record replica);
    void launch_deletions();
    // Blocks; any thread; `why` ends up in the record. Marks one copy as deleting when that is safe; only one decision is made at
    // a time.
    result<catalog::replica_record> decide_deletion(catalog::asset_ref const& asset, digest const& version, site_id const& site,
                                                    std::string const& why);
    // Any context.
    asio::awaitable<result<void>> remove_copy(catalog::replica_record replica);

    engine_deps deps;
    engine_options options;
    clock& time;

    // Any thread.
    std::atomic<bool> closed{false};  // the engine object is gone or stopped: nobody may post any more
    std::atomic<bool> ring_posted{false};
    std::atomic<bool> all_dirty{false};
    progress_board board;
    gap_board gaps;
    std::mutex deletion_gate;  // held over "is it the last copy?" and the commit that follows, on the pool

    // Loop only.
    bool started = false, stopping = false, recovered = false, rung = false, looking = false;
    std::size_t tasks = 0;
    asio::steady_timer bell;               // the loop waits on it
    asio::steady_timer ended;              // never expires; cancelled when a task or a transfer ends: stop() and cancel() wait
    std::set<asio::steady_timer*> pauses;  // ended by stop()
    catalog::sequence cursor = 0;
    site_list sites = std::make_shared<std::vector<catalog::site_record> const>();
    std::map<rule_id, rule_ptr> rules;
    std::map<collection_id, std::set<rule_id>> rules_by_collection;
    std::set<std::pair<wall_time, rule_id>> expiries;
    std::map<rule_id, rule_state> told;  // the last state announced
    std::set<rule_id> touched;           // looked at since the last announcement
    std::set<rule_id> quiet;             // known from before the start: the first state found is no news
    std::set<scope> dirty;
    struct walk {
        collection_id collection;
        std::string after;
        std::vector<rule_id> rules;  // judged when the walk ends
    };
    std::optional<walk> walking;
    bool walk_next = false;  // walks and small changes take turns
    std::map<transfer_id, copy_ptr> open;
    std::map<copy_key, transfer_id> targets;  // one live transfer per copy
    std::vector<copy_key> closed_targets;  // leave `targets` just before a look reads the catalog, never while one is under way
    std::map<copy_key, hold> holds;
    std::map<site_id, std::size_t> planned_reads;  // open transfers per source
    transfer_queue queue;
    known_folders folders;
    std::mt19937_64 dice;  // jitter
    struct deletion {
        wall_time due{};
        std::uint32_t attempts = 0;
        bool running = false;
    };
    std::map<copy_key, deletion> deletions;  // begun and not confirmed by the site

    fjord::counter* done_total = nullptr;
    fjord::counter* failed_total = nullptr;
    fjord::counter* retried_total = nullptr;
    fjord::counter* bytes_total = nullptr;
    fjord::latency_histogram* copy_seconds = nullptr;
};

// Runs blocking work on the pool that needs the core kept alive.
template <class F>
asio::awaitable<std::invoke_result_t<F&>> on_pool_of(engine_core& core, F work) {
    return on_pool(core.deps.pool, std::move(work));
}

}  // namespace fjord::transfer
