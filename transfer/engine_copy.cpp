#include "base/log.hpp"
#include "transfer/engine_core.hpp"
#include "transfer/layout.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace fjord::transfer {

namespace {

logger const log("transfer");
constexpr std::chrono::seconds progress_interval{1};

std::string route(catalog::transfer_record const& t) { return t.mode + " from " + t.from.str() + " to " + t.to.str(); }

catalog::site_record const* find_site(site_list const& sites, site_id const& id) {
    auto found = std::find_if(sites->begin(), sites->end(), [&](auto const& s) { return s.id == id; });
    return found == sites->end() ? nullptr : &*found;
}

std::string seconds_text(milliseconds delay) {
    auto s = (delay.count() + 999) / 1000;
    return std::to_string(s) + " s";
}

}  // namespace

// What the catalog says at the moment an attempt begins.
struct engine_core::prepared {
    bool wanted = false;
    place_verdict placement;
    catalog::asset_version version;
    std::vector<source_candidate> sources;
    catalog::site_record target;
};

result<engine_core::prepared> engine_core::prepare(catalog::transfer_record const& record, site_list const& known) const {
    prepared out;
    auto locks = deps.catalog.list_locks(record.asset);
    if (!locks) return locks.error();
    out.wanted = std::any_of(locks->begin(), locks->end(),
                             [&](auto const& l) { return l.site == record.to && l.version == record.version; });
    if (!out.wanted) return out;
    auto const* target = find_site(known, record.to);
    if (!target || !target->enabled) return fail(errc::unavailable, record.to.str() + " is disabled or gone");
    out.target = *target;
    auto version = deps.catalog.find_version(record.asset, record.version);
    if (!version) return version.error();
    out.version = std::move(*version);
    auto replicas = deps.catalog.list_replicas(record.asset, record.version);
    if (!replicas) return replicas.error();
    out.sources = usable_sources(*replicas, *known, record.to);
    out.placement = evaluator(deps.catalog, deps.policies, known).may_place(record.asset, out.target);
    return out;
}

asio::awaitable<void> engine_core::run_copy(copy_ptr copy, site_id planned_from) {
    co_await attempt(copy, std::move(planned_from));
    queue.finished(copy->counted_from, copy->record.to);
    ring();
}

asio::awaitable<void> engine_core::attempt(copy_ptr copy, site_id planned_from) {
    ++copy->record.attempt;
    auto read = [this, record = copy->record, known = sites] { return prepare(record, known); };
    auto ready = co_await on_pool_of(*this, std::move(read));
    if (stopping) co_return;
    using enum catalog::transfer_state;
    if (copy->cancel_requested) co_return co_await close(copy, cancelled, copy->cancel_reason, {});
    copy_report report;
    if (!ready) {
        report.failure = ready.error();
        co_return co_await fail_attempt(copy, std::move(report));
    }
    if (!ready->wanted) co_return co_await close(copy, cancelled, "no rule wants this copy any more", {});
    if (!ready->placement.allowed)
        co_return co_await close(copy, cancelled, copy->record.to.str() + " is not allowed by policy: " + ready->placement.reason,
                                 {});
    // Nothing to read from is no fault of the copy: it is planned again when a copy or its site comes back.
    if (ready->sources.empty())
        co_return co_await close(copy, failed, copy->record.asset.str() + " has no good copy at an enabled site to read from",
                                 {});
    auto task = co_await begin(copy, std::move(planned_from), std::move(*ready));
    if (stopping) co_return;
    if (!task) {
        report.failure = task.error();
        report.at = stage::copying;
        co_return co_await fail_attempt(copy, std::move(report));
    }

    auto began = time.steady();
    copy_hooks hooks;
    hooks.on_progress = [this, copy](std::uint64_t bytes) { tell_progress(*copy, bytes); };
    hooks.on_verifying = [this, copy]() -> asio::awaitable<result<void>> {
        copy->record.state = catalog::transfer_state::verifying;
        copy->record.updated = time.now();
        show(*copy);
        catalog::change_set changes;
        changes.put_transfer(copy->record);
        return commit(std::move(changes));
    };
    copy_job job(deps.sites, deps.pool, time, folders, std::move(*task), std::move(hooks));
    if (!copy->cancel_requested)
        report = co_await perform(job, *copy);
    else
        report.failure = fail(errc::cancelled, copy->cancel_reason);
    if (!report.failure) co_return co_await succeed(copy, std::move(report), began);
    if (stopping) co_return;  // the journal says active: the next start looks at what is there
    if (!co_await job.discard()) copy->abandoned_staging = copy->record.staging_path;
    co_await fail_attempt(copy, std::move(report));
}

// Chooses source and mode and journals the attempt.
asio::awaitable<result<copy_task>> engine_core::begin(copy_ptr copy, site_id planned_from, prepared ready) {
    auto& record = copy->record;
    for (auto& s : ready.sources) {
        if (auto f = copy->failures.find(s.site.id); f != copy->failures.end()) s.failures = f->second;
        s.load = queue.reading_from(s.site.id);
    }
    auto const& source = ready.sources[*choose_source(ready.sources, ready.target, planned_from)];
    auto mode = choose_mode(source.site, ready.target, copy->refused_mode);
    if (!mode) co_return mode.error();
    set_source(*copy, source.site.id);
    copy->source = source.replica;

    record.mode = *mode == storage::copy_mode::pull ? "pull" : "push";
    record.state = catalog::transfer_state::active;
    record.bytes = 0;
    record.total = ready.version.size;
    record.staging_path = staging_path(ready.target, record.id, record.attempt);
    record.final_path = replica_path(ready.target, record.asset, ready.version);
    record.reason.clear();
    record.not_before.reset();
    record.updated = time.now();
    show(*copy);
    catalog::change_set changes;
    changes.put_transfer(record);
    if (auto ok = co_await commit(std::move(changes)); !ok) co_return ok.error();

    copy_task task;
    task.id = record.id;
    task.source = source.site;
    task.target = std::move(ready.target);
    task.source_path = source.replica.path;
    task.staging_path = record.staging_path;
    task.final_path = record.final_path;
    task.abandoned_staging = std::exchange(copy->abandoned_staging, {});
    task.version = std::move(ready.version);
    task.mode = *mode;
    task.look_first = copy->look_first;
    co_return task;
}

asio::awaitable<copy_report> engine_core::perform(copy_job& job, open_copy& copy) {
    auto token = asio::bind_cancellation_slot(copy.stop_signal.slot(), asio::as_tuple(asio::use_awaitable));
    auto work = job.run();
    auto [thrown, report] = co_await asio::co_spawn(deps.executor, std::move(work), token);
    if (!thrown) co_return report;
    copy_report out;
    out.at = stage::copying;
    out.failure = fail(errc::cancelled, "the copy was stopped");
    if (copy.cancel_requested || stopping) co_return out;
    try {
        std::rethrow_exception(thrown);
    } catch (std::exception const& e) { out.failure = fail(errc::internal, std::string("the copy broke off: ") + e.what()); }
    co_return out;
}

asio::awaitable<void> engine_core::succeed(copy_ptr copy, copy_report report, steady_time began) {
    auto& record = copy->record;
    record.bytes = record.total;
    if (!report.adopted) {
        auto took = std::chrono::duration_cast<milliseconds>(time.steady() - began);
        board.completed(record.total, took);
        if (bytes_total) bytes_total->add(record.total);
        if (copy_seconds) copy_seconds->observe(static_cast<double>(took.count()) / 1000.0);
    }
    catalog::replica_record replica{record.asset, record.version,   record.to, catalog::replica_state::available,
                                    record.total, record.final_path};
    replica.verified_at = time.now();
    catalog::change_set changes;
    changes.put_replica(std::move(replica));
    // A bad copy under another name, from before the site's layout changed, is forgotten by the catalog now: it goes too.
    bool const elsewhere = copy->damaged && copy->damaged->path != record.final_path;
    auto const bad = elsewhere ? *copy->damaged : catalog::replica_record{};
    co_await close(copy, catalog::transfer_state::done, report.adopted ? "a verified copy was there already" : "",
                   std::move(changes));
    if (elsewhere && !stopping) spawn(drop_file(bad));
}

asio::awaitable<void> engine_core::fail_attempt(copy_ptr copy, copy_report report) {
    auto& record = copy->record;
    auto const& failure = *report.failure;
    catalog::change_set changes;
    if (report.source_is_bad && copy->source) {
        auto suspect = *copy->source;
        suspect.state = catalog::replica_state::suspect;
        suspect.reason = *report.source_is_bad;
        changes.put_replica(std::move(suspect));
    }
    if (copy->cancel_requested) {
        co_await close(copy, catalog::transfer_state::cancelled, copy->cancel_reason, std::move(changes));
        co_return;
    }
    if (stopping) co_return;
    ++copy->failures[record.from];
    auto random = std::uniform_real_distribution<double>(0.0, 1.0)(dice);
    auto verdict = decide_retry(options.retry, failure, report.at, record.attempt, random);
    auto tried = record.mode == "push" ? storage::copy_mode::push : storage::copy_mode::pull;
    if (failure.code == errc::unsupported && report.at == stage::copying && !copy->refused_mode) {
        copy->refused_mode = tried;  // the other end may be able to do the work
        verdict.again = true;
        verdict.delay = milliseconds(0);
    }
    record.reason =
        scrub(route(record) + " failed while " + std::string(name_of(report.at)) + " (attempt " + std::to_string(record.attempt) +
              " of " + std::to_string(options.retry.max_attempts) + "): " + failure.message());
    log.warn(
        "copy failed",
        {{"transfer", record.id.str()}, {"class", name_of(verdict.kind)}, {"again", verdict.again}, {"reason", record.reason}});
    if (!verdict.again) {
        if (failed_total) failed_total->add();
        auto reason = record.reason + "; asked for again in " + seconds_text(options.failed_hold);
        holds[copy->key] = {time.now() + options.failed_hold, reason, record.from};
        co_await close(copy, catalog::transfer_state::failed, record.reason, std::move(changes));
        co_return;
    }
    if (retried_total) retried_total->add();
    record.state = catalog::transfer_state::queued;
    record.bytes = 0;
    record.not_before = time.now() + verdict.delay;
    record.reason += "; tried again in " + seconds_text(verdict.delay);
    record.updated = time.now();
    changes.put_transfer(record);
    // Unwritten, the journal says active, which reads the same after a restart.
    if (auto ok = co_await commit(std::move(changes)); !ok)
        log.warn("a retry could not be journalled", {{"reason", ok.error().message()}});
    if (stopping) co_return;
    copy->running = false;
    if (copy->cancel_requested)
        co_await close(copy, catalog::transfer_state::cancelled, copy->cancel_reason, {});
    else
        enqueue(copy);
}

// The end of a transfer. `changes` go into the same commit. The journal must say so, or a restart would begin again.
asio::awaitable<void> engine_core::close(copy_ptr copy, catalog::transfer_state state, std::string reason,
                                         catalog::change_set changes) {
    auto record = copy->record;
    record.state = state;
    record.reason = std::move(reason);
    record.not_before.reset();
    record.updated = time.now();
    changes.put_transfer(record);
    auto shared = std::make_shared<catalog::change_set>(std::move(changes));
    while (!stopping || state == catalog::transfer_state::done) {
        auto write = [this, copy, record, shared]() -> result<void> {
            auto now = *shared;
            auto there = deps.catalog.find_replica(record.asset, record.version, record.to);
            bool ours = there && there->state == catalog::replica_state::copying;
            if (ours && record.state != catalog::transfer_state::done) {
                if (copy->damaged)
                    now.put_replica(*copy->damaged);
                else
                    now.delete_replica(record.asset, record.version, record.to);
            }
            auto written = deps.catalog.commit(std::move(now));
            return written ? result<void>() : result<void>(written.error());
        };
        auto written = co_await on_pool_of(*this, std::move(write));
        if (written) break;
        log.error("the end of a transfer cannot be written",
                  {{"transfer", record.id.str()}, {"reason", written.error().message()}});
        if (stopping) co_return;
        co_await pause(milliseconds(500));
    }
    if (stopping && state != catalog::transfer_state::done) co_return;
    if (state == catalog::transfer_state::done && done_total) done_total->add();
    copy->record = std::move(record);
    forget(copy);
}

void engine_core::forget(copy_ptr const& copy) {
    queue.erase(copy->record.id);
    open.erase(copy->record.id);
    board.erase(copy->record.id);
    closed_targets.push_back(copy->key);
    if (auto reads = planned_reads.find(copy->record.from); reads != planned_reads.end() && --reads->second == 0)
        planned_reads.erase(reads);
    if (copy->record.state != catalog::transfer_state::done) dirty.insert(scope_of(copy->record.asset));
    ended.cancel();
    ring();
}

void engine_core::set_source(open_copy& copy, site_id const& from) {
    auto& planned = copy.record.from;
    if (planned != from) {
        if (auto reads = planned_reads.find(planned); reads != planned_reads.end() && --reads->second == 0)
            planned_reads.erase(reads);
        ++planned_reads[from];
        planned = from;
    }
    if (copy.counted_from == from) return;
    queue.moved(copy.counted_from, from);
    copy.counted_from = from;
}

void engine_core::request_cancel(copy_ptr const& copy, std::string reason, bool by_request) {
    if (copy->cancel_requested) return;
    copy->cancel_requested = true;
    copy->by_request = by_request;
    copy->cancel_reason = std::move(reason);
    if (copy->running) {
        copy->stop_signal.emit(asio::cancellation_type::terminal);
        return;
    }
    queue.erase(copy->record.id);
    copy->running = true;  // nobody may start it any more
    spawn(close(copy, catalog::transfer_state::cancelled, copy->cancel_reason, {}));
}

void engine_core::tell_progress(open_copy& copy, std::uint64_t bytes) {
    auto now = time.steady();
    copy.record.bytes = std::min(bytes, copy.record.total);
    auto entry = board.advance(copy.record.id, bytes, now);
    if (!entry || !deps.on_progress || (copy.told != steady_time{} && now - copy.told < progress_interval)) return;
    copy.told = now;
    deps.on_progress(*entry);
}

void engine_core::show(open_copy const& copy) {
    auto const& r = copy.record;
    auto entry = board.find(r.id).value_or(transfer_progress{});
    if (r.state == catalog::transfer_state::active) entry.started = time.steady();
    entry.id = r.id;
    entry.target = copy.key;
    entry.from = r.from;
    entry.state = r.state;
    entry.attempt = r.attempt;
    entry.bytes = r.bytes;
    entry.total = r.total;
    entry.reason = r.reason;
    entry.not_before = r.not_before;
    board.put(std::move(entry));
}

}  // namespace fjord::transfer
