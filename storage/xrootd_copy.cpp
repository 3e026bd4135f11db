// Third-party copy between XRootD servers. The destination is told where to read and a key; the source is told the same key; then
// the destination reads by itself. Whoever arranges it needs access to both ends, they need none to each other.
// Source: XRootD, "Third party copy protocol" (XrdOucTPC.cc, XrdClThirdPartyCopyJob.cc of 5.5.3).
#include "base/random.hpp"
#include "base/text.hpp"
#include "storage/xrootd_call.hpp"
#include "storage/xrootd_driver.hpp"

#include <XrdCl/XrdClFile.hh>
#include <XrdCl/XrdClFileSystem.hh>
#include <XrdNet/XrdNetAddr.hh>

#include <boost/asio/cancellation_state.hpp>

namespace fjord::storage {

namespace {

constexpr std::chrono::seconds clean_up_time{5}, between_looks{1}, arrange_time{60};

steady_time soon(steady_time deadline, std::chrono::seconds limit) { return std::min(deadline, system_clock().steady() + limit); }

// A host as XRootD names it when it compares hosts: looked up, and the address looked up in turn. Both ends and we must come to
// the same name, so its own code does it. Blocking.
result<std::string> name_of_host(std::string const& host) {
    XrdNetAddr address;
    if (auto const* why = address.Set(host.c_str(), 0))
        return fail(errc::unavailable, "the host " + host + " cannot be looked up: " + why);
    auto const* name = address.Name();
    return name ? std::string(name) : host;
}

}  // namespace

struct xrootd_driver::copy_plan {
    root_url from, to;
    std::string from_host, to_host;  // as XRootD names them
    xrootd_target source, destination;
    std::string what, key = random_hex(16);
    std::uint64_t size = 0;
    std::chrono::seconds stall{60};
    std::function<void(copy_progress const&)> on_progress;
};

// The server's `tpc` is a version of 1 or more when copies are configured.
asio::awaitable<result<void>> xrootd_driver::require_tpc(steady_time deadline, std::string endpoint) {
    auto server = std::make_shared<XrdCl::FileSystem>(XrdCl::URL(endpoint), false);
    auto start = [server](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        XrdCl::Buffer text;
        text.FromString("tpc");
        return server->Query(XrdCl::QueryCode::Config, text, handler, timeout);
    };
    auto told = co_await xrootd_call<XrdCl::Buffer>(pool_, "asking " + endpoint + " for tpc", deadline, std::move(start));
    if (!told) co_return told.error();
    auto const text = (*told)->ToString();
    if (!text.empty() && is_digit(text.front()) && text.front() != '0') co_return result<void>{};
    co_return fail(errc::unsupported, endpoint + " does not do third-party copies; its configuration needs ofs.tpc");
}

asio::awaitable<result<void>> xrootd_driver::third_party_copy(call c, third_party_request request) {
    if (!is_root_url(request.remote_url) && by_http_)
        co_return co_await by_http_->third_party_copy(std::move(c), std::move(request));
    if (!is_root_url(request.remote_url))
        co_return fail(errc::unsupported, "XRootD copies between root URLs only; give the site an https url for HTTP-TPC");
    auto here = target(c, request.local_path);
    if (!here) co_return here.error();
    auto remote = parse_root_url(request.remote_url);
    if (!remote) co_return remote.error();
    xrootd_target there;
    there.path = remote->path;
    there.name = remote->endpoint() + "/" + remote->path;
    if (!request.remote_token.empty()) there.opaque = "authz=Bearer%20" + request.remote_token.reveal();

    bool const pull = request.mode == copy_mode::pull;
    copy_plan plan;
    plan.from = pull ? *remote : site_;
    plan.to = pull ? site_ : *remote;
    plan.source = pull ? there : *here;
    plan.destination = pull ? *here : there;
    plan.what = "copy " + plan.source.name + " to " + plan.destination.name;
    plan.stall = request.stall;
    plan.on_progress = request.on_progress;
    if (auto able = co_await require_tpc(soon(c.deadline, arrange_time), plan.from.endpoint()); !able) co_return able;
    if (auto able = co_await require_tpc(soon(c.deadline, arrange_time), plan.to.endpoint()); !able) co_return able;
    auto look_up = [a = plan.from.host, b = plan.to.host]() -> result<std::pair<std::string, std::string>> {
        auto from = name_of_host(a), to = name_of_host(b);
        if (!from) return from.error();
        if (!to) return to.error();
        return std::pair(*from, *to);
    };
    auto names = co_await on_pool(pool_, std::move(look_up));
    if (!names) co_return names.error();
    plan.from_host = names->first;
    plan.to_host = names->second;
    co_return co_await copy_between(std::move(c), std::move(plan));
}

asio::awaitable<result<void>> xrootd_driver::copy_between(call c, copy_plan plan) {
    // The source's size, which also says early that it is there and may be read.
    auto first = co_await open(soon(c.deadline, arrange_time), plan.what + ": source", plan.source.url("tpc.stage=placement"),
                               XrdCl::OpenFlags::Read);
    if (!first) co_return first.error();
    auto size = co_await size_of(soon(c.deadline, arrange_time), plan.what + ": source", *first);
    if (!size) co_return size.error();
    plan.size = *size;
    first->reset();

    auto const parameters = "tpc.key=" + plan.key + "&tpc.src=" + plan.from_host + ":" + std::to_string(plan.from.port) +
                            "&tpc.lfn=" + plan.source.path + "&tpc.dlg=" + plan.from.authority() +
                            "&tpc.spr=" + plan.from.scheme() + "&tpc.tpr=" + plan.to.scheme() +
                            "&tpc.dlgon=0&tpc.stage=copy&oss.asize=" + std::to_string(plan.size);
    auto destination =
        co_await open(soon(c.deadline, arrange_time), plan.what + ": destination", plan.destination.url(parameters),
                      XrdCl::OpenFlags::Update | XrdCl::OpenFlags::New | XrdCl::OpenFlags::MakePath);
    if (!destination) co_return destination.error();
    result<void> done = fail(errc::cancelled, plan.what + ": cancelled");
    std::exception_ptr thrown;
    try {
        done = co_await run_copy(plan, c.deadline, *destination);
    } catch (...) { thrown = std::current_exception(); }  // a cancellation arrives as an exception
    if (done) co_return done;
    // Closing the destination ends a copy that still runs; then what it left goes.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto const until = system_clock().steady() + clean_up_time;
    (void)co_await close(until, plan.what, std::move(*destination));
    auto server = std::make_shared<XrdCl::FileSystem>(XrdCl::URL(plan.to.endpoint()), false);
    auto remove = [server, p = plan.destination.path_with_token()](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return server->Rm(p, handler, timeout);
    };
    (void)co_await xrootd_call<no_answer>(pool_, plan.what, until, std::move(remove));
    if (thrown) std::rethrow_exception(thrown);
    co_return done;
}

asio::awaitable<result<void>> xrootd_driver::sync(steady_time deadline, std::string what, xrootd_file file) {
    auto start = [file](XrdCl::ResponseHandler* handler, std::uint16_t timeout) { return file->Sync(handler, timeout); };
    auto done = co_await xrootd_call<no_answer>(pool_, std::move(what), deadline, std::move(start));
    if (!done) co_return done.error();
    co_return result<void>{};
}

asio::awaitable<result<void>> xrootd_driver::run_copy(copy_plan const& plan, steady_time deadline, xrootd_file destination) {
    // The first sync starts the reader, which waits until the source knows the key; the second one lasts as long as the copy.
    auto const arranged = soon(deadline, arrange_time);
    if (auto ok = co_await sync(arranged, plan.what + ": destination", destination); !ok) co_return ok;
    auto const parameters = "tpc.key=" + plan.key + "&tpc.dst=" + plan.to_host + "&tpc.stage=copy";
    auto source = co_await open(arranged, plan.what + ": source", plan.source.url(parameters), XrdCl::OpenFlags::Read);
    if (!source) co_return source.error();
    auto start = [destination](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return destination->Sync(handler, timeout);
    };
    auto copying = xrootd_begin<no_answer>(pool_, plan.what, deadline, std::move(start));

    std::uint64_t seen = 0;
    auto last_moved = system_clock().steady();
    for (;;) {
        auto const look_again = soon(deadline, between_looks);
        auto ended = co_await xrootd_answer<no_answer>::wait(copying, plan.what, look_again);
        bool const runs = !ended && ended.error().code == errc::timed_out && system_clock().steady() < deadline;
        if (!ended && !runs) co_return ended.error();
        auto const size = co_await size_of(soon(deadline, arrange_time), plan.what + ": destination", destination);
        auto const now = system_clock().steady();
        if (size && *size != seen) {
            seen = *size;
            last_moved = now;
            copy_progress const progress{seen, "tcp:" + plan.from.authority()};
            if (plan.on_progress) plan.on_progress(progress);
        }
        if (ended) break;
        if (now - last_moved > plan.stall)
            co_return fail(errc::timed_out, plan.what + ": no byte moved for " + format_duration(plan.stall));
    }
    if (auto ok = co_await close(deadline, plan.what + ": destination", destination); !ok) co_return ok;
    co_return result<void>{};
}

}  // namespace fjord::storage
