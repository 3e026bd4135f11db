#pragma once
// One third-party copy while it runs; inside of `site` only. The job lives on the context of the request that asked for it.
#include "site/copy_request.hpp"
#include "site/door_core.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

namespace fjord::site {

// Counts a running copy; gives the place back at its end.
class copy_place {
public:
    // Null when the site runs as many copies as it may.
    static std::unique_ptr<copy_place> take(core_ptr core) {
        if (core->copies.fetch_add(1) < core->options.max_copies)
            return std::unique_ptr<copy_place>(new copy_place(std::move(core)));
        core->copies.fetch_sub(1);
        return nullptr;
    }
    ~copy_place() { core_->copies.fetch_sub(1); }

private:
    explicit copy_place(core_ptr core) : core_(std::move(core)) {}
    core_ptr core_;
};

struct copy_job {
    copy_job(core_ptr c, copy_request r, visit const& at, asio::any_io_executor executor)
        : core(std::move(c)), request(std::move(r)), path(at.path), who(at.account), wake(executor) {}

    core_ptr core;
    copy_request request;
    path_segments path;
    account_ptr who;                          // whose file it is; null in service mode
    replace_mode mode = replace_mode::never;  // pull: whether a file at `path` may be replaced
    served source;                            // push: what is sent
    std::unique_ptr<copy_place> place;
    steady_time give_up;

    std::uint64_t bytes = 0;  // moved so far
    bool done = false;
    result<void> outcome;
    asio::steady_timer wake;  // cancelled when done
    asio::cancellation_signal cancel;
};
using job_ptr = std::shared_ptr<copy_job>;

// GETs the remote file into a hidden one, checks length and digests, gives it its name.
asio::awaitable<result<void>> pull(job_ptr job);
// PUTs the file to the remote side.
asio::awaitable<result<void>> push(job_ptr job);

// errc::denied: the rules forbid an address of this host. Resolves on the pool.
asio::awaitable<result<void>> judge_remote(core_ptr core, net::url_parts remote);

}  // namespace fjord::site
