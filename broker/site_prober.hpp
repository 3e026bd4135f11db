#pragma once
// Probes sites for honesty (storage/probe): when they are added, when an administrator asks, and now and then by itself. Keeps
// the report and the facts in the catalog, where layout, minting, rules and people find them.
//
// Works on one executor, whose context one thread runs; begin, notice and state_of may be called from any thread. Canary tokens,
// the wrong ones among them, are made here and nowhere else (auth/probe_minter.hpp).
#include "broker/core.hpp"

#include "catalog/records.hpp"
#include "net/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

namespace fjord::broker {

namespace asio = boost::asio;

struct probe_switches {
    bool server_files = true;  // COPY with a file:// source, naming a canary's path
    bool cleartext = true;     // a canary's token over http://
};

// The latest attempt since the broker started.
struct probe_state {
    enum class phase { running, done, failed } now = phase::running;
    std::size_t step = 0, steps = 0;
    std::string step_name;
    wall_time started{};
    std::optional<error> failure;
};

class site_prober {
public:
    // `client` may send tokens in cleartext: it is used for canaries only. `c` outlives the prober.
    site_prober(core& c, std::unique_ptr<net::http_client> client, asio::any_io_executor executor);
    ~site_prober();

    void start();                  // the schedule begins
    asio::awaitable<void> stop();  // on the executor: ends what runs, waits for it
    // Begins a probe unless one is under way, which then is the answer.
    probe_state begin(site_id const& site, probe_switches switches);
    void notice(site_id const& site);  // it is new or another one now: look soon
    std::optional<probe_state> state_of(site_id const& site) const;

private:
    void spawn(asio::awaitable<void> work);
    asio::awaitable<void> follow_schedule();
    asio::awaitable<std::optional<site_id>> next_due();
    asio::awaitable<void> sleep();
    asio::awaitable<void> probe_one(site_id id, probe_switches switches);
    asio::awaitable<result<void>> probe(catalog::site_record site, probe_switches switches);
    result<void> keep(catalog::site_record const& site, std::string document, std::map<std::string, std::string> honours);
    void plan_next(site_id const& site, bool reached);
    bool mark_running(site_id const& site);
    void change_state(site_id const& site, std::function<void(probe_state&)> const& change);
    void wake();

    core& core_;
    std::unique_ptr<net::http_client> client_;
    asio::any_io_executor executor_;
    // Executor only.
    asio::steady_timer bell_, ended_;
    bool stopping_ = false;
    std::list<asio::cancellation_signal> running_;
    std::mt19937_64 dice_;

    mutable std::mutex mutex_;
    std::map<site_id, probe_state> states_;  // guarded by mutex_
    std::map<site_id, wall_time> due_;       // guarded by mutex_
};

// When to probe again: `interval` after `last`, a tenth earlier or later by `random` in [0, 1), so that many sites do not meet.
wall_time next_probe(wall_time last, seconds interval, double random) noexcept;

}  // namespace fjord::broker
