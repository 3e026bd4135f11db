// HTTP third-party copy from the caller's side: send COPY, read performance markers, believe nothing but the success line.
#include "storage/perf_markers.hpp"
#include "storage/webdav_driver.hpp"
#include "storage/webdav_status.hpp"

#include "base/log.hpp"

namespace fjord::storage {

namespace {

constexpr milliseconds max_head_wait{180'000};  // XRootD asks the remote side for the size before it answers

void add_copy_headers(net::client_request& copy, third_party_request const& request) {
    copy.headers.set(request.mode == copy_mode::pull ? "Source" : "Destination", request.remote_url);
    // Without it dCache tries delegation or token exchange.
    copy.headers.set("Credential", "none");
    // A failed copy over an existing name destroys what was there, on every server.
    copy.headers.set("Overwrite", "F");
    if (request.require_checksum) copy.headers.set("RequireChecksumVerification", *request.require_checksum ? "true" : "false");
    if (!request.remote_token.empty()) copy.headers.set("TransferHeaderAuthorization", "Bearer " + request.remote_token.reveal());
}

// The body's end or a result line: what it amounts to.
result<void> outcome(perf_marker_parser const& report, std::string const& what) {
    switch (report.verdict()) {
        case copy_verdict::success:
            return {};
        case copy_verdict::failure:
        case copy_verdict::aborted:
            return error(classify_copy_failure(report.reason()),
                         what + ": the site reports a " +
                             (report.verdict() == copy_verdict::aborted ? "broken-off copy: " : "failed copy: ") +
                             tidy_reason(report.reason()));
        case copy_verdict::undecided:
            break;
    }
    return fail(errc::unavailable, what +
                                       ": the progress report ended without a result (unknown state); "
                                       "compare size and digest at the destination, and remove what is wrong");
}

void tell_progress(perf_marker_parser& report, third_party_request const& request) {
    for (auto& marker : report.take_markers())
        if (request.on_progress) request.on_progress({marker.bytes, std::move(marker.remote)});
}

asio::awaitable<std::string> refusal_text(net::client_stream& stream) {
    std::string text(4096, '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        auto const got = co_await stream.read_some(std::span(text).subspan(have));
        if (!got || *got == 0) break;
        have += *got;
    }
    text.resize(have);
    co_return text;
}

// Reads the report to its end. A failure to read is of unknown state too, unless a result line came before it.
asio::awaitable<result<void>> follow(net::client_stream& stream, third_party_request request, steady_time deadline,
                                     std::string what) {
    perf_marker_parser report;
    std::vector<char> buffer(16u << 10);
    auto last_marker = system_clock().steady();
    for (;;) {
        auto const got = co_await stream.read_some(buffer);
        if (!got) {
            if (report.verdict() != copy_verdict::undecided) co_return outcome(report, what);
            co_return error(got.error().code, what + ": the progress report broke off (unknown state): " + got.error().message());
        }
        if (*got == 0) break;
        if (auto fed = report.feed({buffer.data(), *got}); !fed)
            co_return error(errc::unavailable, what + ": " + fed.error().message());
        auto const now = system_clock().steady();
        auto const before = last_marker;
        for (auto& marker : report.take_markers()) {
            last_marker = now;
            if (request.on_progress) request.on_progress({marker.bytes, std::move(marker.remote)});
        }
        if (now > deadline) co_return fail(errc::timed_out, what + ": the deadline passed while the copy ran (unknown state)");
        if (last_marker == before && now - before > request.stall)
            co_return fail(errc::timed_out,
                           what + ": no progress marker for " + format_duration(request.stall) + " (unknown state)");
    }
    if (auto ended = report.finish(); !ended) co_return error(errc::unavailable, what + ": " + ended.error().message());
    tell_progress(report, request);
    co_return outcome(report, what);
}

}  // namespace

asio::awaitable<result<void>> webdav_driver::third_party_copy(call c, third_party_request request) {
    auto copy = prepare("COPY", c, request.local_path);
    if (!copy) co_return copy.error();
    auto const what = "COPY " + copy->url + (request.mode == copy_mode::pull ? " from " : " to ") + scrub(request.remote_url);
    add_copy_headers(*copy, request);
    copy->timeout = std::min(copy->timeout, max_head_wait);
    copy->stall = request.stall;
    auto stream = co_await client_.open(std::move(*copy));
    if (!stream) co_return error(stream.error().code, what + ": " + stream.error().message());
    auto const status = (*stream)->head().status;
    // 201 (XRootD 5), 202 (all others); both say only that the copy began.
    if (status < 200 || status > 299) {
        auto const text = co_await refusal_text(**stream);
        co_return error_from_status(what, status, text);
    }
    co_return co_await follow(**stream, std::move(request), c.deadline, what);
}

}  // namespace fjord::storage
