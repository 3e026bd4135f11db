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

error remote_refusal(std::string_view what, net::client_response const& head) {
    auto text = "the remote side answered " + std::string(what) + " with status code " + std::to_string(head.status) + " " +
                std::string(net::reason_phrase(head.status));
    if (head.without_credentials) text += "; it had redirected to another server, where the token does not go along";
    return fail(errc::unavailable, std::move(text));
}

// Redirects are followed within the remote site only, every connection goes to a judged address, and the token stays with the
// origin that it was given for.
net::client_request remote_request(copy_job const& job, std::string_view method) {
    net::client_request request;
    request.method = std::string(method);
    request.url = url_text(job.request.remote);
    for (auto const& [name, value] : job.request.forwarded.items()) request.headers.set(name, value);
    request.bearer = job.request.remote_token;
    request.timeout = job.core->options.copy_head_timeout;
    request.stall = job.core->options.copy_stall;
    request.max_redirects = max_redirects;
    request.redirect_writes = true;
    request.allow_redirect = [core = job.core](net::url_parts const& from, net::url_parts const& to) {
        return judge_redirect(from, to, core->options.remotes);
    };
    request.allow_address = [core = job.core](net::url_parts const& to, asio::ip::address const& address) {
        return judge_addresses(to, {address}, core->options.remotes);
    };
    return request;
}

void ask_for_digests(net::client_request& request, checksum_rule rule) {
    if (rule == checksum_rule::waived) return;
    request.headers.set("Want-Digest", want_old);
    request.headers.set("Want-Repr-Digest", want_new);
}

asio::awaitable<result<stream_ptr>> open_source(job_ptr job) {
    auto request = remote_request(*job, "GET");
    request.headers.set("Accept-Encoding", "identity");
    ask_for_digests(request, job->request.checksum);
    auto stream = co_await job->core->parts.client.open(std::move(request));
    if (!stream) co_return stream.error();
    auto const& head = (*stream)->head();
    if (head.status != 200) co_return remote_refusal("GET", head);
    co_return std::move(*stream);
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
    auto request = remote_request(*job, "PUT");
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
    auto request = remote_request(*job, "HEAD");
    ask_for_digests(request, checksum_rule::required);
    auto answer = co_await job->core->parts.client.send(std::move(request));
    if (!answer) co_return answer.error();
    if (!is_success(answer->status)) co_return remote_refusal("HEAD, which is needed to verify the copy,", *answer);
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
    auto work = [host, core] {
        auto const& resolver = core->options.remotes.resolver;
        return resolver ? resolver(host) : resolve_remote(host);
    };
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
    if (!is_success(answer->status)) co_return remote_refusal("PUT", *answer);
    if (job->request.checksum == checksum_rule::required) co_return co_await verify_pushed(job);
    co_return result<void>{};
}

}  // namespace fjord::site
