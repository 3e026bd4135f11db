// COPY: checks first, then 202 and a stream of markers while the bytes move, then the one line that counts.
#include "site/copy_job.hpp"
#include "site/copy_markers.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::site {

namespace {

logger const log_("site");

void start(job_ptr job, asio::any_io_executor executor) {
    auto work = job->request.direction == copy_direction::pull ? pull(job) : push(job);
    auto ended = [job](std::exception_ptr thrown, result<void> outcome) {
        job->outcome = thrown ? result<void>(fail(errc::cancelled, "the copy was cancelled")) : std::move(outcome);
        job->done = true;
        job->wake.cancel();
    };
    asio::co_spawn(executor, std::move(work), asio::bind_cancellation_slot(job->cancel.slot(), std::move(ended)));
}

// Waits until the job is done or the interval is over.
asio::awaitable<void> wait_for(job_ptr job, std::chrono::milliseconds interval) {
    if (job->done) co_return;
    job->wake.expires_after(interval);
    boost::system::error_code ignored;
    co_await job->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void note_end(copy_job const& job) {
    (job.outcome ? job.core->copies_done : job.core->copies_failed).add();
    job.core->copy_bytes.add(job.bytes);
    log_.info("third-party copy", {{"mode", job.request.direction == copy_direction::pull ? "pull" : "push"},
                                   {"path", path_text(job.path)},
                                   {"remote", job.request.remote.origin() + job.request.remote.path},
                                   {"bytes", job.bytes},
                                   {"result", job.outcome ? std::string("success") : job.outcome.error().message()}});
}

// However the report ends, no copy goes on without it.
struct stop_at_exit {
    job_ptr job;
    ~stop_at_exit() {
        if (!job->done) job->cancel.emit(asio::cancellation_type::terminal);
    }
};

// The body of the answer. A client that is gone ends the copy; the job is waited for.
asio::awaitable<result<void>> report(job_ptr job, asio::any_io_executor executor, net::body_writer& to) {
    auto const& core = *job->core;
    auto const remote = "tcp:" + job->request.remote.host + ":" + std::to_string(job->request.remote.port);
    start(job, executor);
    stop_at_exit const guard{job};
    result<void> sent;
    while (!job->done) {
        sent = co_await to.write(marker_text(core.parts.time.now(), job->bytes, remote));
        if (!sent) {
            job->cancel.emit(asio::cancellation_type::terminal);
            break;
        }
        co_await wait_for(job, core.options.marker_interval);
    }
    while (!job->done) co_await wait_for(job, core.options.marker_interval);
    note_end(*job);
    if (!sent) co_return sent.error();
    sent = co_await to.write(marker_text(core.parts.time.now(), job->bytes, remote));
    if (sent) sent = co_await to.write(result_text(job->outcome));
    co_return sent;
}

net::response refuse_remote(error const& why) {
    if (why.code == errc::denied) return net::problem(403, why.message());
    return net::problem(why);
}

// Pull: the target must be free, or replaceable. Push: there must be a file.
asio::awaitable<std::optional<net::response>> check_local(core_ptr core, net::request& req, visit at, job_ptr job) {
    auto found = co_await open_served(core, job->who, job->path);
    bool const absent = !found && (found.error().code == errc::not_found ||
                                   (at.action == verb::copy_push && found.error().code == errc::conflict));
    if (!found && !absent) co_return net::problem(found.error());
    auto const state = found ? found->facts.state : object_state::absent;
    if (auto refused = check_state(*core, req, at, state, job->request.overwrite)) co_return refused;
    if (at.trailing_slash) co_return net::problem(400, "only files are copied: the path must not end with a slash");
    if (at.action == verb::copy_push && !found->fd) co_return may_not_read();
    if (at.action == verb::copy_push) job->source = std::move(*found);
    if (state == object_state::file && at.action == verb::copy_pull) job->mode = replace_mode::allowed;
    co_return std::nullopt;
}

}  // namespace

asio::awaitable<net::response> handle_copy(core_ptr core, net::request& req) {
    if (is_local_copy(*core, req)) co_return co_await handle_local_copy(core, req);
    auto parsed = parse_copy_request(req.headers, core->options.remotes);
    bool const pulls = parsed ? parsed->direction == copy_direction::pull : req.headers.count("Source") > 0;
    auto e = co_await enter(core, req, pulls ? verb::copy_pull : verb::copy_push);
    if (e.refused) co_return std::move(*e.refused);
    // A public file may be read by anyone; making this machine connect elsewhere takes a name.
    if (e.at.caller->is_anonymous())
        co_return auth::unauthorized(req, core->options.realm, scope_for(*core, *e.at.caller, "storage.read", e.at.path));
    if (!parsed) co_return refuse_remote(parsed.error());

    auto job = std::make_shared<copy_job>(core, std::move(*parsed), e.at, req.executor);
    job->give_up = core->parts.time.steady() + core->options.copy_limit;
    if (auto refused = co_await check_local(core, req, e.at, job)) co_return std::move(*refused);
    if (auto fine = co_await judge_remote(core, job->request.remote); !fine) co_return refuse_remote(fine.error());
    job->place = copy_place::take(core);
    if (!job->place) co_return net::problem(503, "this site runs as many copies as it may; try again later");

    net::response answer;
    answer.status = 202;
    answer.headers.set("Content-Type", "text/perf-marker-stream");
    net::body_producer produce = [job, executor = req.executor](net::body_writer& to) { return report(job, executor, to); };
    answer.body = net::produced_body{std::nullopt, std::move(produce)};
    co_return answer;
}

}  // namespace fjord::site
