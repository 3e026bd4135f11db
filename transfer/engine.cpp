#include "transfer/engine.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "transfer/engine_core.hpp"
#include "transfer/rule_reports.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace fjord::transfer {

namespace {

logger const log("transfer");
constexpr std::size_t locks_with_rule = 5000;  // deleted in the rule's own commit; the loop deletes the rest
constexpr int commit_tries = 5;

report_sources sources_of(engine_core& core) {
    return {core.deps.catalog, core.deps.policies, core.board, core.gaps, core.deps.make_filter};
}

}  // namespace

engine_core::engine_core(engine_deps d, engine_options o)
    : deps(std::move(d)),
      options(std::move(o)),
      time(deps.catalog.time()),
      bell(deps.executor),
      ended(deps.executor, steady_time::max()),
      queue(options.limits),
      dice(std::random_device{}()) {
    if (!deps.metrics) return;
    auto& m = *deps.metrics;
    done_total = &m.counter("fjord_transfer_copies_total", "Copies that ended", {{"result", "done"}});
    failed_total = &m.counter("fjord_transfer_copies_total", "Copies that ended", {{"result", "failed"}});
    retried_total = &m.counter("fjord_transfer_retries_total", "Attempts that will be repeated");
    bytes_total = &m.counter("fjord_transfer_bytes_total", "Bytes of verified copies");
    copy_seconds = &m.histogram("fjord_transfer_copy_seconds", "From the start of a successful attempt to its verified copy");
}

void engine_core::ring() {
    rung = true;
    bell.cancel();
}

void engine_core::ring_from_any_thread() {
    if (closed || ring_posted.exchange(true)) return;
    auto wake = [self = shared_from_this()] {
        self->ring_posted = false;
        self->ring();
    };
    asio::post(deps.executor, std::move(wake));
}

void engine_core::spawn(asio::awaitable<void> work) {
    ++tasks;
    auto done = [self = shared_from_this()](std::exception_ptr thrown) {
        --self->tasks;
        self->ended.cancel();
        if (!thrown) return;
        try {
            std::rethrow_exception(thrown);
        } catch (std::exception const& e) { log.error("a task of the engine broke off", {{"reason", e.what()}}); }
    };
    asio::co_spawn(deps.executor, std::move(work), std::move(done));
}

asio::awaitable<void> engine_core::run_loop() {
    while (!stopping && !recovered) {
        auto ok = co_await recover();
        recovered = ok.has_value();
        if (recovered) break;
        log.error("the state of rules and transfers cannot be read", {{"reason", ok.error().message()}});
        co_await pause(milliseconds(1000));
    }
    if (!stopping) spawn(upkeep());
    while (!stopping) {
        rung = false;
        auto due = [now = time.now()](copy_key const&, hold const& h) { return h.until && *h.until <= now; };
        for (auto const& [key, h] : holds)
            if (due(key, h)) dirty.insert(scope_of(key.asset));
        release_holds(due);
        co_await expire_rules();

        looking = true;
        result<void> ok;
        auto more = co_await follow_log();
        // Not earlier: what closed while the log was read has marked its asset dirty, and this look must find the place free.
        for (auto const& key : closed_targets) targets.erase(key);
        closed_targets.clear();
        if (!more)
            ok = more.error();
        else if (walking || !dirty.empty())
            ok = co_await look();
        if (ok) ok = co_await announce();
        looking = false;
        if (stopping) break;
        launch();
        launch_deletions();
        if (!ok) {
            log.warn("rules cannot be looked at now", {{"reason", ok.error().message()}});
            co_await pause(milliseconds(500));
        } else if (!*more && !walking && dirty.empty()) {
            co_await wait_for_bell();
        }
    }
}

asio::awaitable<void> engine_core::wait_for_bell() {
    if (rung) co_return;
    std::optional<wall_time> next = queue.next_due();
    auto sooner = [&next](std::optional<wall_time> t) {
        if (t && (!next || *t < *next)) next = t;
    };
    for (auto const& [key, h] : holds) sooner(h.until);
    for (auto const& [key, d] : deletions)
        if (!d.running) sooner(d.due);
    if (!expiries.empty()) sooner(expiries.begin()->first);
    if (next)
        bell.expires_after(std::max(*next - time.now(), milliseconds(1)));
    else
        bell.expires_at(steady_time::max());
    co_await bell.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> engine_core::pause(milliseconds length) {
    if (stopping) co_return;
    asio::steady_timer timer(deps.executor, length);
    pauses.insert(&timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    pauses.erase(&timer);
}

asio::awaitable<void> engine_core::stop() {
    stopping = true;
    closed = true;
    bell.cancel();
    for (auto* timer : pauses) timer->cancel();
    auto running = open;  // emitting may end a copy at once
    for (auto& [id, copy] : running) copy->stop_signal.emit(asio::cancellation_type::terminal);
    while (tasks > 0) { co_await ended.async_wait(asio::as_tuple(asio::use_awaitable)); }
}

asio::awaitable<result<void>> engine_core::commit(catalog::change_set changes) {
    auto shared = std::make_shared<catalog::change_set>(std::move(changes));
    for (int tried = 1;; ++tried) {
        auto write = [this, shared]() -> result<void> {
            auto written = deps.catalog.commit(*shared);
            return written ? result<void>() : result<void>(written.error());
        };
        auto written = co_await on_pool_of(*this, std::move(write));
        if (written || written.error().code != errc::unavailable || tried == commit_tries) co_return written;
        co_await pause(milliseconds(20) * (1 << tried));
    }
}

asio::awaitable<result<void>> engine_core::cancel(transfer_id id) {
    auto found = open.find(id);
    if (found == open.end()) {
        auto find = [this, id] { return deps.catalog.find_transfer(id); };
        auto known = co_await on_pool_of(*this, std::move(find));
        if (!known) co_return known.error();
        co_return fail(errc::conflict, "transfer " + id.str() + " is over: " + std::string(catalog::name_of(known->state)));
    }
    auto copy = found->second;
    holds[copy->key] = {
        std::nullopt, "the copy to " + copy->record.to.str() + " was cancelled on request; retry the transfer to go on", {}};
    request_cancel(copy, "cancelled on request", true);
    while (open.contains(id) && !stopping) { co_await ended.async_wait(asio::as_tuple(asio::use_awaitable)); }
    if (copy->record.state != catalog::transfer_state::done) co_return result<void>();
    holds.erase(copy->key);
    co_return fail(errc::conflict, "transfer " + id.str() + " was done before it could be stopped");
}

asio::awaitable<result<void>> engine_core::retry(transfer_id id) {
    if (auto found = open.find(id); found != open.end()) {
        auto copy = found->second;
        copy->record.not_before.reset();
        if (!copy->running) enqueue(copy);
        ring();
        co_return result<void>();
    }
    auto find = [this, id] { return deps.catalog.find_transfer(id); };
    auto known = co_await on_pool_of(*this, std::move(find));
    if (!known) co_return known.error();
    if (known->state == catalog::transfer_state::done) co_return fail(errc::conflict, "transfer " + id.str() + " is done");
    auto locks_of = [this, asset = known->asset] { return deps.catalog.list_locks(asset); };
    auto locks = co_await on_pool_of(*this, std::move(locks_of));
    if (!locks) co_return locks.error();
    auto wants = [&](auto const& l) { return l.site == known->to && l.version == known->version; };
    if (std::none_of(locks->begin(), locks->end(), wants)) co_return fail(errc::conflict, "no rule wants this copy any more");
    holds.erase(key_of(known->asset, known->version, known->to));
    dirty.insert(scope_of(known->asset));
    ring();
    co_return result<void>();
}

bool engine_core::is_idle() const {
    return recovered && !looking && !rung && !all_dirty && dirty.empty() && !walking && closed_targets.empty() &&
           queue.running() == 0 && cursor == deps.catalog.last_sequence() &&
           std::none_of(deletions.begin(), deletions.end(), [](auto const& d) { return d.second.running; }) &&
           std::all_of(open.begin(), open.end(), [](auto const& o) { return o.second->record.not_before && !o.second->running; });
}

asio::awaitable<bool> engine_core::ask_idle() { co_return is_idle(); }

engine::engine(engine_deps deps, engine_options options)
    : core_(std::make_shared<engine_core>(std::move(deps), std::move(options))) {
    auto observer = [weak = std::weak_ptr(core_)](std::vector<catalog::log_entry> const&) {
        if (auto core = weak.lock()) core->ring_from_any_thread();
    };
    core_->deps.catalog.on_commit(std::move(observer));
}

engine::~engine() { core_->closed = true; }

void engine::start() {
    auto begin = [core = core_] {
        if (std::exchange(core->started, true)) return;
        core->spawn(core->run_loop());
    };
    asio::post(core_->deps.executor, std::move(begin));
}

asio::awaitable<void> engine::stop() {
    auto core = core_;
    auto work = core->stop();
    co_await asio::co_spawn(core->deps.executor, std::move(work), asio::use_awaitable);
}

asio::awaitable<result<catalog::rule_record>> engine::create_rule(catalog::rule_record rule) {
    auto core = core_;
    if (rule.id.empty()) rule.id = rule_id(new_ulid());
    rule.created = core->time.now();
    auto work = [core, rule]() -> result<catalog::rule_record> {
        if (core->deps.catalog.find_rule(rule.id))
            return fail(errc::already_exists, "there is a rule " + rule.id.str() + " already");
        auto checked = check_rule(sources_of(*core), rule);
        if (!checked) return checked.error();
        catalog::change_set changes;
        changes.put_rule(rule);
        auto written = core->deps.catalog.commit(std::move(changes));
        if (!written) return written.error();
        return rule;
    };
    co_return co_await on_pool(core->deps.pool, std::move(work));
}

asio::awaitable<result<void>> engine::delete_rule(rule_id id) {
    auto core = core_;
    auto work = [core, id]() -> result<std::vector<scope>> {
        auto known = core->deps.catalog.find_rule(id);
        if (!known) return known.error();
        auto locks = core->deps.catalog.list_locks(id);
        if (!locks) return locks.error();
        catalog::change_set changes;
        changes.delete_rule(id);
        std::vector<scope> freed;
        for (std::size_t i = 0; i < std::min(locks->size(), locks_with_rule); ++i) {
            freed.push_back(scope_of((*locks)[i].asset));
            changes.delete_lock((*locks)[i]);
        }
        auto written = core->deps.catalog.commit(std::move(changes));
        if (!written) return written.error();
        return freed;
    };
    auto freed = co_await on_pool(core->deps.pool, std::move(work));
    if (!freed) co_return freed.error();
    auto mark = [core, list = std::move(*freed)] {
        core->dirty.insert(list.begin(), list.end());
        core->ring();
    };
    asio::post(core->deps.executor, std::move(mark));
    co_return result<void>();
}

asio::awaitable<result<rule_status>> engine::status(rule_id id) {
    auto work = [core = core_, id] { return report_status(sources_of(*core), id); };
    co_return co_await on_pool(core_->deps.pool, std::move(work));
}

asio::awaitable<result<rule_explanation>> engine::explain(rule_id id) {
    auto work = [core = core_, id] { return report_explanation(sources_of(*core), id); };
    co_return co_await on_pool(core_->deps.pool, std::move(work));
}

asio::awaitable<result<rule_plan>> engine::plan(catalog::rule_record rule) {
    auto work = [core = core_, rule = std::move(rule)] { return report_plan(sources_of(*core), rule); };
    co_return co_await on_pool(core_->deps.pool, std::move(work));
}

asio::awaitable<result<transfer_page>> engine::list_transfers(transfer_query query) {
    auto core = core_;
    if (query.limit < 1 || query.limit > 1000) co_return fail(errc::invalid_argument, "limit must be from 1 to 1000");
    auto work = [core, query]() -> result<transfer_page> { return report_transfers(sources_of(*core), query); };
    co_return co_await on_pool(core->deps.pool, std::move(work));
}

asio::awaitable<result<void>> engine::cancel(transfer_id id) {
    auto core = core_;
    auto work = core->cancel(std::move(id));
    co_return co_await asio::co_spawn(core->deps.executor, std::move(work), asio::use_awaitable);
}

asio::awaitable<result<void>> engine::retry(transfer_id id) {
    auto core = core_;
    auto work = core->retry(std::move(id));
    co_return co_await asio::co_spawn(core->deps.executor, std::move(work), asio::use_awaitable);
}

std::optional<transfer_progress> engine::progress(transfer_id const& id) const { return core_->board.find(id); }
std::vector<transfer_progress> engine::progress() const { return core_->board.all(); }

asio::awaitable<result<void>> engine::delete_replica(catalog::asset_ref asset, site_id site, std::optional<digest> version) {
    auto core = core_;
    auto decide = [core, asset, site, version]() -> result<catalog::replica_record> {
        auto which = version;
        if (!which) {
            auto state = core->deps.catalog.find_asset(asset);
            if (!state) return state.error();
            which = state->current.id;
        }
        return core->decide_deletion(asset, *which, site, "deleted on request");
    };
    auto decided = co_await on_pool(core->deps.pool, std::move(decide));
    if (!decided) co_return decided.error();
    auto removed = co_await core->remove_copy(*decided);
    if (removed) co_return removed;
    auto key = key_of(decided->asset, decided->version, decided->site);
    auto later = [core, key = std::move(key)] {
        core->deletions.try_emplace(key, engine_core::deletion{core->time.now() + seconds(1)});
        core->ring();
    };
    asio::post(core->deps.executor, std::move(later));
    co_return removed.error();
}

void engine::reevaluate() {
    core_->all_dirty = true;
    core_->ring_from_any_thread();
}

asio::awaitable<bool> engine::is_idle() {
    auto core = core_;
    auto ask = core->ask_idle();
    co_return co_await asio::co_spawn(core->deps.executor, std::move(ask), asio::use_awaitable);
}

}  // namespace fjord::transfer
