#include "broker/site_prober.hpp"

#include "broker/probe_report.hpp"

#include "auth/probe_minter.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "storage/probe/run.hpp"
#include "transfer/access.hpp"
#include "transfer/planner.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::broker {
namespace {

logger const log("broker");
constexpr std::size_t at_once = 4;     // probes, besides those that people ask for
constexpr seconds look_again{60};      // at the list of sites
constexpr seconds after_failure{600};  // a site that did not answer
constexpr seconds first_within{60};    // sites never probed, after a start

static_assert(auth::probe_folder == storage::probe::folder);

auth::token_flaw flaw_of(storage::probe::token_flaw f) {
    using from = storage::probe::token_flaw;
    switch (f) {
        case from::none:
            break;
        case from::expired:
            return auth::token_flaw::expired;
        case from::long_lived:
            return auth::token_flaw::long_lived;
        case from::wrong_audience:
            return auth::token_flaw::wrong_audience;
        case from::no_audience:
            return auth::token_flaw::no_audience;
        case from::minor_version:
            return auth::token_flaw::minor_version;
    }
    return auth::token_flaw::none;
}

std::string scope_of(catalog::site_record const& site, std::string const& run, storage::probe::token_spec const& spec) {
    if (spec.pathless) {
        std::string verbs;
        for (auto const& g : spec.grants) verbs += (verbs.empty() ? "" : " ") + std::string(g.verb);
        return verbs;
    }
    std::vector<transfer::grant> grants;
    for (auto const& g : spec.grants) {
        auto path = std::string(storage::probe::folder) + "/" + run;
        if (!g.path.empty()) path += "/" + std::string(g.path);
        grants.push_back({g.verb, std::move(path)});
    }
    return transfer::token_scope(site, grants);
}

// Makes the run's tokens: right and wrong ones, all for its own folder.
std::function<result<secret>(storage::probe::token_spec const&)> minter_of(core& c, catalog::site_record const& site,
                                                                           std::string const& run, std::string const& audience) {
    return [&c, site, run, audience](storage::probe::token_spec const& spec) {
        auth::probe_minter const mint(c.minter, c.time);
        auth::probe_token_request request{audience, run, scope_of(site, run, spec), spec.lifetime, flaw_of(spec.flaw)};
        if (transfer::wants_rs256(site)) request.signature = auth::algorithm::rs256;
        return mint.mint(request);
    };
}

bool is_silence(error const& e) { return e.code == errc::unavailable || e.code == errc::timed_out; }

}  // namespace

wall_time next_probe(wall_time last, seconds interval, double random) noexcept {
    auto const spread = 0.9 + 0.2 * random;
    return last + milliseconds(static_cast<std::int64_t>(static_cast<double>(milliseconds(interval).count()) * spread));
}

site_prober::site_prober(core& c, std::unique_ptr<net::http_client> client, asio::any_io_executor executor)
    : core_(c),
      client_(std::move(client)),
      executor_(std::move(executor)),
      bell_(executor_),
      ended_(executor_, steady_time::max()),
      dice_(std::random_device{}()) {}

site_prober::~site_prober() = default;

void site_prober::start() {
    auto begin = [this] { spawn(follow_schedule()); };
    asio::post(executor_, begin);
}

asio::awaitable<void> site_prober::stop() {
    stopping_ = true;
    bell_.cancel();
    for (auto& signal : running_) signal.emit(asio::cancellation_type::terminal);
    while (!running_.empty()) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void site_prober::spawn(asio::awaitable<void> work) {
    running_.emplace_back();
    auto const at = std::prev(running_.end());
    auto done = [this, at](std::exception_ptr thrown) {
        // Not here: what runs still holds the slot of this signal.
        auto forget = [this, at] {
            running_.erase(at);
            ended_.cancel();
        };
        asio::post(executor_, std::move(forget));
        if (!thrown || stopping_) return;
        try {
            std::rethrow_exception(thrown);
        } catch (std::exception const& e) { log.error("a task of the prober broke off", {{"reason", e.what()}}); }
    };
    asio::co_spawn(executor_, std::move(work), asio::bind_cancellation_slot(at->slot(), std::move(done)));
}

bool site_prober::mark_running(site_id const& site) {
    std::lock_guard lock(mutex_);
    auto [at, fresh] = states_.try_emplace(site);
    if (!fresh && at->second.now == probe_state::phase::running) return false;
    at->second = probe_state{};
    at->second.started = core_.time.now();
    at->second.steps = storage::probe::steps().size();
    return true;
}

probe_state site_prober::begin(site_id const& site, probe_switches switches) {
    if (mark_running(site)) {
        auto run = [this, site, switches] {
            if (!stopping_) spawn(probe_one(site, switches));
        };
        asio::post(executor_, std::move(run));
    }
    return *state_of(site);
}

void site_prober::notice(site_id const& site) {
    if (!core_.opts.probe_on_add) return;
    {
        std::lock_guard lock(mutex_);
        due_[site] = core_.time.now();
    }
    wake();
}

std::optional<probe_state> site_prober::state_of(site_id const& site) const {
    std::lock_guard lock(mutex_);
    auto const at = states_.find(site);
    return at == states_.end() ? std::nullopt : std::optional(at->second);
}

void site_prober::change_state(site_id const& site, std::function<void(probe_state&)> const& change) {
    std::lock_guard lock(mutex_);
    change(states_[site]);
}

void site_prober::wake() {
    asio::post(executor_, [this] { bell_.cancel(); });
}

// --- the schedule -----------------------------------------------------------------------------------------------------------

asio::awaitable<void> site_prober::follow_schedule() {
    while (!stopping_) {
        auto const site = co_await next_due();
        if (stopping_) co_return;
        if (!site || running_.size() > at_once) {
            co_await sleep();
            continue;
        }
        plan_next(*site, true);
        probe_switches const as_configured{core_.opts.probe_server_files, core_.opts.probe_cleartext};
        if (mark_running(*site)) spawn(probe_one(*site, as_configured));
    }
}

// The site that is due, if any. Learns of sites that are new to it, and forgets those that are gone.
asio::awaitable<std::optional<site_id>> site_prober::next_due() {
    auto read = [this]() -> result<std::map<site_id, std::optional<wall_time>>> {
        auto sites = core_.cat.list_sites();
        if (!sites) return sites.error();
        std::map<site_id, std::optional<wall_time>> out;
        for (auto const& s : *sites) {
            if (!s.enabled || !can_be_probed(s)) continue;
            auto last = core_.cat.find_probe(s.id);
            out[s.id] = last ? std::optional(last->finished) : std::nullopt;
        }
        return out;
    };
    auto const sites = co_await on_pool(core_.pool, std::move(read));
    if (!sites) co_return std::nullopt;
    auto const now = core_.time.now();
    auto const interval = core_.opts.probe_interval;
    std::lock_guard lock(mutex_);
    std::erase_if(due_, [&](auto const& entry) { return !sites->contains(entry.first); });
    std::uniform_real_distribution<double> random(0.0, 1.0);
    for (auto const& [id, last] : *sites) {
        if (due_.contains(id) || interval == seconds{0}) continue;
        auto const soon = milliseconds(std::min(interval, first_within)).count();
        auto const roll = random(dice_);
        due_[id] = last ? next_probe(*last, interval, roll) : now + milliseconds(static_cast<std::int64_t>(soon * roll));
    }
    for (auto const& [id, due] : due_)
        if (due <= now) co_return id;
    co_return std::nullopt;
}

asio::awaitable<void> site_prober::sleep() {
    auto until = core_.time.now() + look_again;
    {
        std::lock_guard lock(mutex_);
        for (auto const& [id, due] : due_) until = std::min(until, due);
    }
    bell_.expires_after(std::max(until - core_.time.now(), milliseconds(50)));
    co_await bell_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void site_prober::plan_next(site_id const& site, bool reached) {
    auto const interval = core_.opts.probe_interval;
    std::uniform_real_distribution<double> random(0.0, 1.0);
    auto const roll = random(dice_);
    std::lock_guard lock(mutex_);
    if (interval == seconds{0})
        due_.erase(site);
    else
        due_[site] = next_probe(core_.time.now(), reached ? interval : std::min(interval, after_failure), roll);
}

// --- one probe --------------------------------------------------------------------------------------------------------------

asio::awaitable<void> site_prober::probe_one(site_id id, probe_switches switches) {
    auto const began = core_.time.steady();
    auto find = [this, id] { return core_.cat.find_site(id); };
    auto site = co_await on_pool(core_.pool, std::move(find));
    result<void> done;
    if (!site)
        done = site.error();
    else
        done = co_await probe(*site, switches);
    auto const took = std::chrono::duration<double>(core_.time.steady() - began).count();
    auto const how = done ? "done" : is_silence(done.error()) ? "unreachable" : "failed";
    core_.metrics.counter("fjord_probe_runs_total", "Site probes by result", {{"result", how}}).add();
    if (done) core_.metrics.histogram("fjord_probe_seconds", "Finished site probes").observe(took);
    if (!done) log.warn("a site could not be probed", {{"site", id.str()}, {"reason", done.error().message()}});
    plan_next(id, done.has_value());
    change_state(id, [&done](probe_state& s) {
        s.now = done ? probe_state::phase::done : probe_state::phase::failed;
        if (!done) s.failure = done.error();
    });
}

asio::awaitable<result<void>> site_prober::probe(catalog::site_record site, probe_switches switches) {
    if (!can_be_probed(site))
        co_return fail(errc::unsupported, "site " + site.id.str() + " is not probed: the probe speaks https with tokens of ours" +
                                              (transfer::signs_requests(site) ? ", and buckets go by keys"
                                                                              : ", and the site has no attribute https_url"));
    auto driver = core_.sites.driver(site);
    if (!driver) co_return driver.error();
    auto const audience = transfer::token_audience(site);
    if (!audience) co_return audience.error();
    auto const run = new_ulid();
    std::string const folder(storage::probe::folder);
    auto note = [this, id = site.id](storage::probe::progress const& p) {
        change_state(id, [&p](probe_state& s) {
            s.step = p.done;
            s.steps = p.total;
            s.step_name = p.step;
        });
    };
    auto const began = core_.time.now();
    storage::probe::surroundings around{.base_url = transfer::peer_url(site),
                                        .run = run,
                                        .client = *client_,
                                        .driver = **driver,
                                        .time = core_.time,
                                        .mint = minter_of(core_, site, run, *audience)};
    around.folder_token = core_.sites.token(site, {{"storage.read", folder}, {"storage.modify", folder}});
    around.open_server_files = switches.server_files;
    around.send_cleartext = switches.cleartext;
    around.on_progress = note;
    auto found = co_await storage::probe::run(std::move(around));
    if (!found) co_return found.error();
    if (!found->leftovers.empty())
        log.warn("a probe's canaries could not be removed",
                 {{"site", site.id.str()}, {"folder", folder + "/" + run}, {"reason", found->leftovers}});
    auto document = json::serialize(render(site.id, *found, began, core_.time.now()));
    auto honours = storage::probe::merge(site.honours, found->rows);
    auto const bad = std::count_if(found->rows.begin(), found->rows.end(),
                                   [](auto const& row) { return row.is == storage::probe::verdict::dishonest; });
    core_.metrics.gauge("fjord_probe_dishonest_facts", "Rows of the last probe that were not honest", {{"site", site.id.str()}})
        .set(bad);
    log.info("site probed", {{"site", site.id.str()}, {"requests", found->requests}, {"dishonest", bad}});
    auto write = [this, site, document = std::move(document), honours = std::move(honours)] {
        return keep(site, document, honours);
    };
    co_return co_await on_pool(core_.pool, std::move(write));
}

result<void> site_prober::keep(catalog::site_record const& site, std::string document,
                               std::map<std::string, std::string> honours) {
    catalog::change_set change;
    change.put_probe({site.id, core_.time.now(), std::move(document)}, std::move(honours));
    auto done = core_.cat.commit(std::move(change));
    if (!done) return done.error();
    return {};
}

}  // namespace fjord::broker
