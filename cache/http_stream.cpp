#include "cache/http_stream.hpp"

#include "base/log.hpp"
#include "cache/freshness.hpp"

#include <charconv>

namespace fjord::cache {

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

result<void> check_status(unsigned status) {
    auto text = "the place answered " + std::to_string(status);
    switch (status) {
        case 200:
        case 206:
            return {};
        case 401:
            return fail(errc::unauthenticated, text);
        case 403:
            return fail(errc::denied, text);
        case 404:
        case 410:
            return fail(errc::not_found, text);
        case 412:
        case 416:
            return fail(errc::conflict, text + ": it holds another content");
        default:
            return fail(errc::unavailable, text);
    }
}

// Another etag that is plainly a sha-256 names another content; other kinds of etag say nothing about the digest.
bool names_other_digest(std::string_view etag, digest const& sha256) {
    if (etag.size() != 66 || !is_strong_etag(etag)) return false;
    auto named = digest::from_hex(digest_algorithm::sha256, etag.substr(1, 64));
    return named && *named != sha256;
}

result<void> check_identity(answer_facts const& answer, object_info const& what) {
    if (!answer.content_encoding.empty() && answer.content_encoding != "identity") {
        return fail(errc::unsupported, "the place sends encoded bytes");
    }
    if (!what.sha256) return {};
    if (names_other_digest(answer.etag, *what.sha256)) return fail(errc::conflict, "the place holds another content");
    if (!answer.repr_digest.empty()) {
        auto digests = parse_repr_digest_header(answer.repr_digest);
        if (digests && digests->sha256 && *digests->sha256 != *what.sha256)
            return fail(errc::conflict, "the place holds another content");
    }
    return {};
}

class http_byte_stream final : public byte_stream {
public:
    http_byte_stream(std::unique_ptr<net::client_stream> from, std::optional<std::uint64_t> length)
        : from_(std::move(from)), left_(length) {}

    asio::awaitable<result<std::size_t>> read_some(std::span<char> out) override {
        if (left_ && *left_ == 0) co_return std::size_t{0};
        if (left_) out = out.first(std::min<std::uint64_t>(out.size(), *left_));
        auto n = co_await from_->read_some(out);
        if (!n) co_return n.error();
        if (left_ && *n == 0) co_return fail(errc::unavailable, "the answer ended early");
        if (left_) *left_ -= *n;
        co_return *n;
    }

    std::string etag() const override {
        auto field = from_->head().headers.get("ETag");
        return is_strong_etag(field) ? std::string(field) : std::string();
    }

private:
    std::unique_ptr<net::client_stream> from_;
    std::optional<std::uint64_t> left_;
};

}  // namespace

result<void> check_answer(answer_facts const& answer, object_info const& what, byte_span span) {
    if (auto ok = check_status(answer.status); !ok) return ok;
    if (auto same = check_identity(answer, what); !same) return same;
    if (!what.size) return {};
    if (answer.status == 206) {
        if (answer.content_range != content_range(span, *what.size)) {
            return fail(errc::conflict, "the place answered with another range or another length");
        }
        return {};
    }
    if (span.begin != 0) return fail(errc::unsupported, "the place does not answer ranges");
    if (!answer.content_length.empty() && number(answer.content_length) != *what.size) {
        return fail(errc::conflict, "the place holds another length");
    }
    return {};
}

asio::awaitable<result<std::unique_ptr<byte_stream>>> open_http(net::http_client& client, place where,
                                                                std::shared_ptr<object_info const> what, byte_span span) {
    net::client_request request;
    request.url = where.url;
    request.bearer = where.token;
    request.headers.set("Accept-Encoding", "identity");
    bool part = what->size && !(span.begin == 0 && span.end == *what->size);
    if (part) request.headers.set("Range", range_field(span));
    if (!where.etag.empty()) request.headers.set("If-Match", where.etag);
    auto stream = co_await client.open(std::move(request));
    if (!stream) co_return fail(errc::unavailable, scrub(stream.error().message()));
    auto const& head = (*stream)->head();
    answer_facts facts{head.status,
                       head.headers.get("Content-Range"),
                       head.headers.get("Content-Length"),
                       head.headers.get("Content-Encoding"),
                       head.headers.get("ETag"),
                       head.headers.get("Repr-Digest")};
    if (auto ok = check_answer(facts, *what, span); !ok) co_return ok.error();
    auto length = what->size ? std::optional(span.size()) : std::nullopt;
    std::unique_ptr<byte_stream> bytes = std::make_unique<http_byte_stream>(std::move(*stream), length);
    co_return bytes;
}

}  // namespace fjord::cache
