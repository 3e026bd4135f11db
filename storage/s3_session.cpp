#include "storage/s3_session.hpp"

#include "base/dataset_uri.hpp"
#include "net/retry.hpp"
#include "storage/s3_xml.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::storage {

namespace {

bool is_success(unsigned status) { return status >= 200 && status <= 299; }

}  // namespace

result<s3_address> s3_address::parse(std::string const& url, bool virtual_host) {
    auto parts = net::parse_url(url);
    if (!parts) return parts.error();
    if (!parts->query.empty()) return fail(errc::invalid_argument, "the url of an S3 site has no query");
    auto path = percent_decode(parts->path);
    if (!path) return path.error();
    s3_address out;
    out.origin = parts->origin();
    out.host = out.origin.substr(out.origin.find("://") + 3);
    std::string_view rest(*path);
    while (rest.starts_with('/')) rest.remove_prefix(1);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (virtual_host) {
        out.bucket = parts->host.substr(0, parts->host.find('.'));
    } else {
        out.bucket = std::string(rest.substr(0, rest.find('/')));
        rest.remove_prefix(std::min(rest.size(), out.bucket.size() + 1));
        if (out.bucket.empty())
            return fail(errc::invalid_argument,
                        "the url of an S3 site names its bucket: https://host/bucket, or https://bucket.host "
                        "with the attribute addressing=virtual");
        out.base = "/" + s3_encode_path(out.bucket);
    }
    if (!rest.empty()) out.key_prefix = std::string(rest) + "/";
    return out;
}

result<void> check_s3_url(std::string const& url, bool virtual_host) {
    auto address = s3_address::parse(url, virtual_host);
    if (!address) return address.error();
    return {};
}

signable_request to_signable(s3_address const& where, s3_request const& request) {
    signable_request out;
    out.method = request.method;
    out.host = where.host;
    out.path = where.base + "/" + s3_encode_path(request.key);
    if (request.key.empty() && !where.base.empty()) out.path = where.base;  // the bucket itself has no trailing slash
    out.query = request.query;
    out.headers = request.headers;
    return out;
}

s3_session::s3_session(s3_options options, net::http_client& client, clock& time)
    : options_(std::move(options)),
      address_(s3_address::parse(options_.url, options_.virtual_host).value()),
      client_(client),
      time_(time) {}

result<std::string> s3_session::key_of(std::string_view path) const {
    while (path.starts_with('/')) path.remove_prefix(1);
    auto decoded = percent_decode(path);
    if (!decoded) return decoded.error();
    return address_.key_prefix + *decoded;
}

std::string s3_session::name_of(s3_request const& request) const {
    return request.method + " " + address_.bucket + "/" + request.key;
}

result<net::client_request> s3_session::prepare(call const& c, s3_request const& request) const {
    auto const left = std::chrono::duration_cast<milliseconds>(c.deadline - system_clock().steady());
    if (left <= milliseconds{0}) return fail(errc::timed_out, name_of(request) + ": no time left before it was sent");
    auto keys = options_.credentials();
    if (!keys) return keys.error();
    auto signable = to_signable(address_, request);
    // A body is small and at hand, or guarded by TLS and its CRC32C.
    bool const small = request.body.size() <= 64u << 10;
    signable.content_sha256 = small ? sha256_of(request.body).hex() : std::string(unsigned_payload);
    sign_request(signable, *keys, options_.region, time_.now());
    net::client_request out;
    out.method = request.method;
    out.url = address_.origin + signable.path + (request.query.empty() ? "" : "?" + s3_query(request.query));
    out.headers = std::move(signable.headers);
    out.body = request.body;
    out.timeout = left;
    return out;
}

asio::awaitable<result<net::client_response>> s3_session::exchange_once(call c, s3_request request) {
    auto const what = name_of(request);
    auto ready = prepare(c, request);
    if (!ready) co_return ready.error();
    ready->stall = std::chrono::seconds{60};
    auto answer = co_await client_.send(std::move(*ready));
    if (!answer) co_return error(answer.error().code, what + ": " + answer.error().message());
    if (!is_success(answer->status)) co_return error_from_s3(what, answer->status, answer->body);
    if (answer->status == 200 && !answer->body.empty() && parse_s3_error(answer->body))
        co_return error_from_s3(what, 503, answer->body);
    co_return std::move(answer);
}

asio::awaitable<result<net::client_response>> s3_session::exchange(call c, s3_request request) {
    constexpr int tries = 4;
    auto pause = options_.retry_pause;
    for (int tried = 1;; ++tried) {
        auto answer = co_await exchange_once(c, request);
        if (answer || tried == tries || !is_retryable(answer.error().code)) co_return answer;
        auto const again = system_clock().steady() + pause;
        if (again >= c.deadline) co_return answer;
        asio::steady_timer timer(co_await asio::this_coro::executor, again);
        co_await timer.async_wait(asio::use_awaitable);
        pause *= 2;
    }
}

asio::awaitable<result<std::unique_ptr<net::client_stream>>> s3_session::open(call c, s3_request request) {
    auto const what = name_of(request);
    auto ready = prepare(c, request);
    if (!ready) co_return ready.error();
    auto stream = co_await client_.open(std::move(*ready));
    if (!stream) co_return error(stream.error().code, what + ": " + stream.error().message());
    auto const status = (*stream)->head().status;
    if (is_success(status)) co_return std::move(*stream);
    std::vector<char> text(16u << 10);
    std::size_t have = 0;
    while (have < text.size()) {
        auto const got = co_await (*stream)->read_some(std::span(text).subspan(have));
        if (!got || *got == 0) break;
        have += *got;
    }
    co_return error_from_s3(what, status, {text.data(), have});
}

}  // namespace fjord::storage
