#include "storage/webdav.hpp"

#include "base/dataset_uri.hpp"
#include "storage/http_body.hpp"
#include "storage/multistatus.hpp"
#include "storage/webdav_driver.hpp"
#include "storage/webdav_status.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <charconv>

namespace fjord::storage {

namespace {

constexpr std::string_view wanted_properties =
    R"(<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getcontentlength/>)"
    R"(<D:getlastmodified/><D:getetag/></D:prop></D:propfind>)";
constexpr std::size_t max_listing = 256u << 20;
constexpr seconds clean_up_time{5};
constexpr int max_redirects = 3;

bool is_success(unsigned status) { return status >= 200 && status <= 299; }

// Where the answer came from and without what, when a redirect had its part in it.
error refusal(std::string const& what, net::client_response const& head, std::string_view body) {
    auto why = error_from_status(what, head.status, body);
    if (!head.without_credentials) return why;
    auto const at = net::parse_url(head.final_url);
    return error(why.code, why.message() + " (the site had redirected to " + (at ? at->origin() : std::string("another server")) +
                               ", where the token for the site does not go along)");
}

// The decoded path of an href, without scheme, authority and trailing slashes; nullopt when it is not decodable.
std::optional<std::string> href_path(std::string_view href) {
    if (auto const scheme = href.find("://"); scheme != std::string_view::npos && scheme < 8) {
        auto const slash = href.find('/', scheme + 3);
        href = slash == std::string_view::npos ? std::string_view("/") : href.substr(slash);
    }
    while (href.size() > 1 && href.ends_with('/')) href.remove_suffix(1);
    auto decoded = percent_decode(href);
    if (!decoded) return std::nullopt;
    return std::move(*decoded);
}

stat_info to_stat(dav_resource const& r) { return {r.size.value_or(0), r.directory, r.modified, r.etag}; }

// RFC 3230, in the order of preference. No weights: XRootD 5.5.3 takes "crc32c;q=1" for an unknown name.
std::string want_digest(std::vector<digest_algorithm> const& wanted) {
    std::string value;
    for (auto const a : wanted) value += (value.empty() ? "" : ", ") + std::string(name_of(a));
    return value;
}

// RFC 9530 with its weights; adler32 is registered as "adler" there.
std::string want_repr_digest(std::vector<digest_algorithm> const& wanted) {
    std::string value;
    int weight = 10;
    for (auto const a : wanted) {
        value += (value.empty() ? "" : ", ") + (a == digest_algorithm::adler32 ? std::string("adler") : std::string(name_of(a)));
        value += "=" + std::to_string(weight--);
    }
    return value;
}

}  // namespace

std::unique_ptr<driver> make_webdav_driver(std::string base_url, net::http_client& client, milliseconds ask_again) {
    return std::make_unique<webdav_driver>(std::move(base_url), client, ask_again);
}

webdav_driver::webdav_driver(std::string base_url, net::http_client& client, milliseconds ask_again)
    : base_url_(std::move(base_url)), client_(client), ask_again_(ask_again) {
    while (base_url_.ends_with('/')) base_url_.pop_back();
}

std::string webdav_driver::url_of(std::string_view path) const {
    while (path.starts_with('/')) path.remove_prefix(1);
    return base_url_ + "/" + std::string(path);
}

result<net::client_request> webdav_driver::prepare(std::string method, call const& c, std::string_view path) const {
    auto const left = std::chrono::duration_cast<milliseconds>(c.deadline - system_clock().steady());
    if (left <= milliseconds{0})
        return fail(errc::timed_out, method + " " + std::string(path) + ": no time left before it was sent");
    net::client_request request;
    request.method = std::move(method);
    request.url = url_of(path);
    request.bearer = c.token;
    request.timeout = left;
    // dCache and XRootD hand requests of every method to their data servers.
    request.max_redirects = max_redirects;
    request.redirect_writes = true;
    request.allow_redirect = net::within_site;
    return request;
}

asio::awaitable<result<net::client_response>> webdav_driver::exchange(net::client_request request) {
    auto const what = request.method + " " + request.url;
    auto answer = co_await client_.send(std::move(request));
    if (!answer) co_return error(answer.error().code, what + ": " + answer.error().message());
    if (!is_success(answer->status)) co_return refusal(what, *answer, answer->body);
    co_return std::move(answer);
}

asio::awaitable<result<stat_info>> webdav_driver::stat(call c, std::string path) {
    auto request = prepare("PROPFIND", c, path);
    if (!request) co_return request.error();
    request->headers.set("Depth", "0");
    request->headers.set("Content-Type", "application/xml");
    request->body = wanted_properties;
    auto answer = co_await exchange(std::move(*request));
    if (!answer) {
        if (answer.error().code == errc::unsupported) co_return co_await stat_by_head(std::move(c), std::move(path));
        co_return answer.error();
    }
    auto found = parse_multistatus(answer->body);
    if (!found) co_return found.error();
    if (found->empty() || found->front().status == 404) co_return fail(errc::not_found, "nothing at " + url_of(path));
    co_return to_stat(found->front());
}

asio::awaitable<result<stat_info>> webdav_driver::stat_by_head(call c, std::string path) {
    auto request = prepare("HEAD", c, path);
    if (!request) co_return request.error();
    auto answer = co_await exchange(std::move(*request));
    if (!answer) co_return answer.error();
    stat_info info;
    auto const length = answer->headers.get("Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), info.size);
    info.modified = parse_dav_date(answer->headers.get("Last-Modified"));
    info.etag = std::string(answer->headers.get("ETag"));
    co_return info;
}

asio::awaitable<result<void>> webdav_driver::read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) {
    if (span && span->empty()) co_return result<void>{};
    auto request = prepare("GET", c, path);
    if (!request) co_return request.error();
    auto const what = "GET " + request->url;
    if (span) request->headers.set("Range", range_field(*span));
    request->headers.set("Accept-Encoding", "identity");
    auto stream = co_await client_.open(std::move(*request));
    if (!stream) {
        error const said(stream.error().code, what + ": " + stream.error().message());
        co_return co_await why_cut(std::move(c), std::move(path), span, said);
    }
    auto const& head = (*stream)->head();
    if (head.status == 416) co_return fail(errc::invalid_argument, what + ": the range lies beyond the end of the file");
    if (!is_success(head.status)) {
        std::vector<char> text(4096);
        auto const got = co_await (*stream)->read_some(text);
        co_return refusal(what, head, got ? std::string_view(text.data(), *got) : std::string_view{});
    }
    auto poured = co_await pour_body(**stream, what, span, std::move(sink), c.deadline);
    if (poured) co_return poured;
    co_return co_await why_cut(std::move(c), std::move(path), span, poured.error());
}

// XRootD 5.5.3 announces a range beyond the end of the file as if it were there, and breaks off.
asio::awaitable<error> webdav_driver::why_cut(call c, std::string path, std::optional<byte_span> span, error said) {
    if (!span || said.code != errc::unavailable) co_return said;
    auto const there = co_await stat(std::move(c), path);
    if (!there || there->size >= span->end) co_return said;
    co_return fail(errc::invalid_argument, "GET " + url_of(path) + ": the range lies beyond the end of the file, which has " +
                                               std::to_string(there->size) + " bytes");
}

asio::awaitable<result<void>> webdav_driver::require_free(call c, std::string path) {
    auto there = co_await stat(std::move(c), path);
    if (there) co_return fail(errc::already_exists, url_of(path) + " exists");
    if (there.error().code == errc::not_found) co_return result<void>{};
    co_return error(there.error().code, "cannot make sure that " + url_of(path) + " is free: " + there.error().message());
}

asio::awaitable<result<void>> webdav_driver::write(call c, std::string path, std::uint64_t size, byte_source source,
                                                   bool overwrite) {
    if (!overwrite) {
        auto free = co_await require_free(c, path);
        // A create-only token may not look on some servers; such a token cannot overwrite there either.
        if (!free && free.error().code != errc::denied) co_return free;
    }
    auto request = prepare("PUT", c, path);
    if (!request) co_return request.error();
    if (!overwrite) request->headers.set("If-None-Match", "*");
    auto begun = std::make_shared<bool>(false);
    request->upload = [begun, source = std::move(source)](std::span<char> out) {
        *begun = true;
        return source(out);
    };
    request->upload_length = size;
    request->expect_continue = size > 0;  // a refusal then costs no bytes
    auto const what = "PUT " + request->url;
    result<net::client_response> answer = fail(errc::cancelled, "cancelled");
    std::exception_ptr thrown;
    try {
        answer = co_await client_.send(std::move(*request));
    } catch (...) { thrown = std::current_exception(); }  // a cancellation arrives as an exception
    if (answer && is_success(answer->status)) co_return result<void>{};
    if (answer) co_return refusal(what, *answer, answer->body);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (!overwrite && *begun) co_await discard(std::move(c), std::move(path));
    if (thrown) std::rethrow_exception(thrown);
    co_return error(answer.error().code, what + ": " + answer.error().message());
}

// What an upload that broke off left under a name that was free: XRootD 5.5.3 keeps it. Has its own time, because the caller's
// may be over.
asio::awaitable<void> webdav_driver::discard(call c, std::string path) {
    c.deadline = system_clock().steady() + clean_up_time;
    (void)co_await remove(std::move(c), std::move(path));
}

// The status, for those that the caller must tell apart.
asio::awaitable<result<unsigned>> webdav_driver::mkcol(call c, std::string path) {
    auto request = prepare("MKCOL", c, path);
    if (!request) co_return request.error();
    auto const what = "MKCOL " + request->url;
    auto answer = co_await client_.send(std::move(*request));
    if (!answer) co_return error(answer.error().code, what + ": " + answer.error().message());
    if (is_success(answer->status) || answer->status == 405 || answer->status == 409) co_return answer->status;
    co_return refusal(what, *answer, answer->body);
}

asio::awaitable<result<void>> webdav_driver::make_directory(call c, std::string path) {
    while (path.ends_with('/')) path.pop_back();
    auto made = co_await mkcol(c, path);
    if (!made) co_return made.error();
    if (*made != 409) co_return result<void>{};
    // A parent is missing: make the chain from the top.
    for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        auto parent = co_await mkcol(c, path.substr(0, slash));
        // Leading directories may be out of the token's reach and exist all the same; the leaf decides.
        if (!parent && parent.error().code != errc::denied) co_return parent.error();
    }
    made = co_await mkcol(c, path);
    if (!made) co_return made.error();
    if (*made == 409) co_return fail(errc::not_found, "MKCOL " + url_of(path) + ": a parent directory cannot be made");
    co_return result<void>{};
}

asio::awaitable<result<std::vector<entry>>> webdav_driver::list(call c, std::string path) {
    if (!path.empty() && !path.ends_with('/')) path += '/';
    auto request = prepare("PROPFIND", c, path);
    if (!request) co_return request.error();
    auto const self = href_path(request->url);
    request->headers.set("Depth", "1");
    request->headers.set("Content-Type", "application/xml");
    request->body = wanted_properties;
    request->max_body = max_listing;
    auto answer = co_await exchange(std::move(*request));
    if (!answer) co_return answer.error();
    auto found = parse_multistatus(answer->body);
    if (!found) co_return found.error();
    if (!self) co_return fail(errc::invalid_argument, "the path to list is not properly percent-encoded");

    auto const prefix = self->ends_with('/') ? *self : *self + "/";
    std::vector<entry> entries;
    for (auto const& r : *found) {
        auto const where = href_path(r.href);
        // Only direct children: a server that names other places is not followed there.
        if (!where || where->size() <= prefix.size() || !where->starts_with(prefix)) continue;
        auto name = where->substr(prefix.size());
        if (r.status == 404 || !check_name("entry", name)) continue;
        entries.push_back({std::move(name), to_stat(r)});
    }
    co_return entries;
}

asio::awaitable<result<void>> webdav_driver::remove(call c, std::string path) {
    auto request = prepare("DELETE", c, path);
    if (!request) co_return request.error();
    auto answer = co_await exchange(std::move(*request));
    if (!answer) co_return answer.error();
    // 207 lists what could not be removed (RFC 4918 section 9.6.1).
    if (answer->status == 207) co_return fail(errc::unavailable, "DELETE " + url_of(path) + ": the site removed only a part");
    co_return result<void>{};
}

asio::awaitable<result<void>> webdav_driver::rename(call c, std::string from, std::string to) {
    if (auto free = co_await require_free(c, to); !free) co_return free.error();
    auto request = prepare("MOVE", c, from);
    if (!request) co_return request.error();
    request->headers.set("Destination", url_of(to));
    request->headers.set("Overwrite", "F");
    auto answer = co_await exchange(std::move(*request));
    if (!answer) co_return answer.error();
    co_return result<void>{};
}

asio::awaitable<result<net::client_response>> webdav_driver::head_with_digest(milliseconds after, call c, std::string path,
                                                                              std::vector<digest_algorithm> wanted) {
    if (after > milliseconds{0}) {
        asio::steady_timer timer(co_await asio::this_coro::executor, after);
        co_await timer.async_wait(asio::use_awaitable);
    }
    auto request = prepare("HEAD", c, path);
    if (!request) co_return request.error();
    request->headers.set("Want-Digest", want_digest(wanted));
    request->headers.set("Want-Repr-Digest", want_repr_digest(wanted));
    request->stall = seconds{0};  // a server that has to read the file first says nothing until it is done; the deadline holds
    co_return co_await exchange(std::move(*request));
}

asio::awaitable<result<std::optional<digest>>> webdav_driver::ask_digest(call c, std::string path,
                                                                         std::vector<digest_algorithm> wanted) {
    using namespace asio::experimental::awaitable_operators;
    auto first = head_with_digest(milliseconds{0}, c, path, wanted);
    auto second = head_with_digest(ask_again_, c, path, wanted);
    auto answered = co_await (std::move(first) || std::move(second));  // the other one is cancelled
    auto answer = answered.index() == 0 ? std::move(std::get<0>(answered)) : std::move(std::get<1>(answered));
    if (!answer) co_return answer.error();
    auto known = parse_repr_digest_header(answer->headers.get("Repr-Digest"));
    if (!known) co_return error(errc::corrupt, "HEAD " + url_of(path) + ": " + known.error().message());
    auto old_form = parse_digest_header(answer->headers.get("Digest"));
    if (!old_form) co_return error(errc::corrupt, "HEAD " + url_of(path) + ": " + old_form.error().message());
    for (auto const a : wanted) {
        if (auto const& d = known->get(a)) co_return d;
        if (auto const& d = old_form->get(a)) co_return d;
    }
    co_return std::optional<digest>{};
}

asio::awaitable<result<digest>> webdav_driver::checksum(call c, std::string path, std::vector<digest_algorithm> wanted) {
    auto first = co_await ask_digest(c, path, wanted);
    if (!first) co_return first.error();
    if (*first) co_return **first;
    // Some servers look at the first name of the list only: ask for the others one by one.
    for (std::size_t i = 1; i < wanted.size(); ++i) {
        std::vector<digest_algorithm> const one(1, wanted[i]);
        auto next = co_await ask_digest(c, path, one);
        if (!next) co_return next.error();
        if (*next) co_return **next;
    }
    co_return fail(errc::unsupported, url_of(path) + ": the site tells none of the digests asked for");
}

}  // namespace fjord::storage
