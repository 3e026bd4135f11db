#include "base/log.hpp"
#include "net/http.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::net {

namespace {

logger const log("net");

struct status_text {
    unsigned status;
    std::string_view phrase;
};

// RFC 9110 section 15, RFC 4918 (207, 422, 423, 507), RFC 6585 (428, 429, 431); 499 is nginx's "client closed request".
constexpr status_text phrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

unsigned status_of_kind(errc kind) noexcept {
    switch (kind) {
        case errc::not_found:
            return 404;
        case errc::already_exists:
        case errc::conflict:
            return 409;
        case errc::denied:
            return 403;
        case errc::unauthenticated:
            return 401;
        case errc::invalid_argument:
            return 400;
        case errc::limit_exceeded:
            return 413;
        case errc::unavailable:
            return 503;
        case errc::timed_out:
            return 504;
        case errc::no_space:
            return 507;
        case errc::unsupported:
            return 501;
        case errc::corrupt:
            return 502;
        case errc::cancelled:
            return 499;
        case errc::internal:
            return 500;
    }
    return 500;
}

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
    for (auto const& entry : phrases) {
        if (entry.status == status) return entry.phrase;
    }
    return "Unknown";
}

unsigned status_of(error const& e) noexcept {
    if (e.code.category() != make_error_code(errc::internal).category()) return 500;
    return status_of_kind(static_cast<errc>(e.code.value()));
}

response text_response(unsigned status, std::string body, std::string_view content_type) {
    response out;
    out.status = status;
    out.headers.set("Content-Type", content_type);
    out.body = std::move(body);
    return out;
}

response json_response(unsigned status, boost::json::value const& value, std::string_view content_type) {
    return text_response(status, boost::json::serialize(value), content_type);
}

response empty_response(unsigned status) {
    response out;
    out.status = status;
    return out;
}

response redirect_response(unsigned status, std::string_view location) {
    auto out = empty_response(status);
    out.headers.set("Location", location);
    return out;
}

response problem(unsigned status, std::string_view detail, boost::json::object extra) {
    boost::json::object body;
    body["type"] = "about:blank";
    body["title"] = reason_phrase(status);
    body["status"] = status;
    body["detail"] = detail;
    for (auto& member : extra) body[member.key()] = std::move(member.value());
    auto out = json_response(status, boost::json::value(std::move(body)), "application/problem+json");
    out.headers.set("Cache-Control", "no-store");
    if (status == 401) out.headers.set("WWW-Authenticate", "Bearer");
    if (status == 503) out.headers.set("Retry-After", "1");
    return out;
}

response problem(error const& e) {
    auto const status = status_of(e);
    if (status != 500) return problem(status, scrub(e.message()));
    log.error("a request failed inside", {{"reason", e.message()}, {"code", e.code.message()}});
    return problem(500, "a fault on our side; the log names it under this request's id");
}

asio::awaitable<result<std::string>> read_body(request& req, std::size_t limit) {
    std::string out;
    auto const length = req.body->content_length();
    if (length && *length > limit) {
        co_return fail(errc::limit_exceeded,
                       "the body has " + std::to_string(*length) + " bytes, allowed are " + std::to_string(limit));
    }
    std::size_t filled = 0;
    out.resize(length ? static_cast<std::size_t>(*length) + 1 : 16u << 10);  // one more, so that the end is seen without growing
    for (;;) {
        if (filled == out.size()) out.resize(2 * filled);
        auto const got = co_await req.body->read_some(std::span(out.data() + filled, out.size() - filled));
        if (!got) co_return got.error();
        if (*got == 0) break;
        filled += *got;
        if (filled > limit) co_return fail(errc::limit_exceeded, "the body is over " + std::to_string(limit) + " bytes");
    }
    out.resize(filled);
    co_return out;
}

}  // namespace fjord::net
