// The bytes of a third-party copy: pull and push.
#include "site/copy_job.hpp"

#include "base/text.hpp"

#include <unistd.h>

#include <cerrno>

namespace fjord::site {

namespace {

constexpr int max_redirects = 3;
// XRootD 5.5.3 looks at the first name only on GET, does not read weights, and answers a name it does not know with 500.
constexpr std::string_view want_old = "adler32";
constexpr std::string_view want_new = "sha-256=10, adler=9, crc32c=8, md5=7";

using stream_ptr = std::unique_ptr<net::client_stream>;

bool is_success(unsigned status) { return status >= 200 && status <= 299; }

error remote_refusal(std::string_view what, unsigned status) {
    return fail(errc::unavailable, "the remote side answered " + std::string(what) + " with status code " +
                                       std::to_string(status) + " " + std::string(net::reason_phrase(status)));
}

net::client_request remote_request(copy_job const& job, std::string_view method, net::url_parts const& url, bool with_token) {
    net::client_request request;
    request.method = std::string(method);
    request.url = url_text(url);
    for (auto const& [name, value] : job.request.forwarded.items()) request.headers.set(name, value);
    if (with_token) request.bearer = job.request.remote_token;
    request.timeout = job.core->options.copy_head_timeout;
    request.stall = job.core->options.copy_stall;
    return request;
}

void ask_for_digests(net::client_request& request, checksum_rule rule) {
    if (rule == checksum_rule::waived) return;
    request.headers.set("Want-Digest", want_old);
    request.headers.set("Want-Repr-Digest", want_new);
}

// Where a redirect leads, judged like the first URL. A token is never taken along to another origin.
asio::awaitable<result<net::url_parts>> redirect_target(core_ptr core, std::string location, net::url_parts from) {
    if (location.starts_with('/') && !location.starts_with("//")) location = from.origin() + location;
    auto next = parse_remote(location, core->options.remotes);
    if (!next)
        co_return error(errc::denied, "the remote side redirects to where this site does not go: " + next.error().message());
    if (auto fine = co_await judge_remote(core, *next); !fine) co_return fine.error();
    co_return std::move(*next);
}

asio::awaitable<result<stream_ptr>> open_source(job_ptr job) {
    auto url = job->request.remote;
    for (int hop = 0; hop <= max_redirects; ++hop) {
        auto request = remote_request(*job, "GET", url, url.origin() == job->request.remote.origin());
        request.headers.set("Accept-Encoding", "identity");
        ask_for_digests(request, job->request.checksum);
        auto stream = co_await job->core->parts.client.open(std::move(request));
        if (!stream) co_return stream.error();
        auto const& head = (*stream)->head();
        if (head.status == 200) co_return std::move(*stream);
        bool const redirect = head.status == 301 || head.status == 302 || head.status == 307 || head.status == 308;
        if (!redirect) co_return remote_refusal("GET", head.status);
        auto next = co_await redirect_target(job->core, std::string(head.headers.get("Location")), url);
        if (!next) co_return next.error();
        url = std::move(*next);
    }
    co_return fail(errc::unavailable, "the remote side redirects in circles");
}

// Length and digests that the source announces.
result<sender_promise> promise_of(net::client_response const& head, checksum_rule rule) {
    sender_promise promise;
    promise.size = parse_unsigned<std::uint64_t>(trim(head.headers.get("Content-Length")));
    if (rule == checksum_rule::waived) return promise;
    bool offered = false;
    auto const take = [&](std::string_view name, auto parse) -> result<void> {
        auto const value = head.headers.find(name);
        if (!value) return {};
        auto digests = parse(*value);
        if (!digests) return error(errc::corrupt, "the source's " + std::string(name) + " field: " + digests.error().message());
        offered = offered || !digests->empty();
        promise.digests.push_back(*digests);
        return {};
    };
    if (auto ok = take("Repr-Digest", &parse_repr_digest_header); !ok) return ok.error();
    if (auto ok = take("Digest", &parse_digest_header); !ok) return ok.error();
    if (!offered && rule == checksum_rule::required)
        return fail(errc::corrupt, "checksum verification is required, and the source offers no checksum");
    return promise;
}

result<void> settle(copy_job const& job, incoming_file& file) {
    auto sealed = file.seal();
    if (!sealed && sealed.error().code == errc::corrupt)
        return fail(errc::corrupt, "checksum or size mismatch: " + sealed.error().message());
    if (!sealed) return sealed.error();
    return file.publish(job.path, job.mode);
}

asio::awaitable<result<void>> settle_on_pool(job_ptr job, std::shared_ptr<incoming_file> file) {
    auto work = [job, file] { return settle(*job, *file); };
    co_return co_await on_pool(job->core->parts.pool, std::move(work));
}

// One piece of the pulled body; ends the copy when its time is over.
asio::awaitable<result<std::size_t>> read_piece(job_ptr job, std::shared_ptr<net::client_stream> stream, std::span<char> out) {
    if (job->core->parts.time.steady() > job->give_up)
        co_return fail(errc::timed_out, "the copy took longer than this site allows");
    co_return co_await stream->read_some(out);
}

// One piece of the file to push, straight into the client's buffer.
asio::awaitable<result<std::size_t>> read_file_piece(job_ptr job, std::span<char> out) {
    if (job->core->parts.time.steady() > job->give_up)
        co_return fail(errc::timed_out, "the copy took longer than this site allows");
    auto work = [job, out]() -> result<std::size_t> {
        for (;;) {
            auto const n = ::pread(job->source.fd->get(), out.data(), out.size(), static_cast<off_t>(job->bytes));
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) return error_from_errno(errno, "read the file to send");
        }
    };
    auto got = co_await on_pool(job->core->parts.pool, std::move(work));
    if (got) job->bytes += *got;
    co_return got;
}

net::client_request push_request(job_ptr job) {
    auto request = remote_request(*job, "PUT", job->request.remote, true);
    request.timeout = job->core->options.copy_limit;
    request.upload_length = job->source.facts.size;
    request.upload = [job](std::span<char> out) { return read_file_piece(job, out); };
    request.expect_continue = job->source.facts.size > 0;
    if (!job->request.overwrite) request.headers.set("If-None-Match", "*");
    // What the receiver can hold us to.
    if (auto const& known = job->source.digests; known && job->request.checksum != checksum_rule::waived) {
        if (known->sha256) request.headers.set("Repr-Digest", repr_digest_header(*known->sha256));
        if (known->adler32) request.headers.set("Digest", digest_header(*known->adler32));
    }
    return request;
}

// Asked only when the caller requires verification: the receiver must then tell a digest that we can compare.
asio::awaitable<result<void>> verify_pushed(job_ptr job) {
    auto request = remote_request(*job, "HEAD", job->request.remote, true);
    ask_for_digests(request, checksum_rule::required);
    auto answer = co_await job->core->parts.client.send(std::move(request));
    if (!answer) co_return answer.error();
    if (!is_success(answer->status)) co_return remote_refusal("HEAD, which is needed to verify the copy,", answer->status);
    auto promise = promise_of(*answer, checksum_rule::required);
    if (!promise) co_return promise.error();
    auto own = job->source.digests;
    if (!own || compare(*own, promise->digests.back()) == digest_match::nothing_in_common) {
        auto computed = co_await compute_digests(job->core->parts.pool, job->source.fd, job->source.facts, job->who);
        if (!computed) co_return computed.error();
        own = std::move(*computed);
    }
    auto const broken = broken_promise(*promise, job->source.facts.size, *own);
    if (!broken.empty()) co_return fail(errc::corrupt, "checksum or size mismatch at the destination");
    co_return result<void>{};
}

}  // namespace

asio::awaitable<result<void>> judge_remote(core_ptr core, net::url_parts remote) {
    auto const host = remote.host;
    auto work = [host] { return resolve_remote(host); };
    auto addresses = co_await on_pool(core->parts.pool, std::move(work));
    if (!addresses) co_return addresses.error();
    co_return judge_addresses(remote, *addresses, core->options.remotes);
}

asio::awaitable<result<void>> pull(job_ptr job) {
    auto opened_stream = co_await open_source(job);
    if (!opened_stream) co_return opened_stream.error();
    std::shared_ptr<net::client_stream> stream = std::move(*opened_stream);
    auto promise = promise_of(stream->head(), job->request.checksum);
    if (!promise) co_return promise.error();
    byte_reader read = [job, stream](std::span<char> out) { return read_piece(job, stream, out); };
    std::function<void(std::size_t)> count = [job](std::size_t n) { job->bytes += n; };
    // Whoever ordered the copy compares it with its source, by the digest that the source has.
    promise->wanted = {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c};
    arrival what{job->path, job->who, std::move(*promise)};
    auto file = co_await take_in(job->core, std::move(what), std::move(read), std::move(count));
    if (!file) co_return file.error();
    co_return co_await settle_on_pool(job, std::move(*file));
}

asio::awaitable<result<void>> push(job_ptr job) {
    auto answer = co_await job->core->parts.client.send(push_request(job));
    if (!answer) co_return answer.error();
    if (!is_success(answer->status)) co_return remote_refusal("PUT", answer->status);
    if (job->request.checksum == checksum_rule::required) co_return co_await verify_pushed(job);
    co_return result<void>{};
}

}  // namespace fjord::site
