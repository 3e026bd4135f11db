#include "site/file_answer.hpp"

#include "base/byte_range.hpp"
#include "base/random.hpp"
#include "site/listing.hpp"

namespace fjord::site {

namespace {

// multipart/byteranges (RFC 9110 section 14.6): heads are written beforehand, so that the length is known.
struct multipart {
    std::string boundary = random_hex(16);
    std::vector<std::string> heads;
    std::vector<byte_span> spans;
    std::string tail;
    std::uint64_t length = 0;
};

multipart make_multipart(std::vector<byte_span> spans, std::uint64_t size, std::string_view type) {
    multipart out;
    out.spans = std::move(spans);
    out.tail = "\r\n--" + out.boundary + "--\r\n";
    out.length = out.tail.size();
    for (auto const& span : out.spans) {
        auto head = "\r\n--" + out.boundary + "\r\nContent-Type: " + std::string(type) +
                    "\r\nContent-Range: " + content_range(span, size) + "\r\n\r\n";
        if (out.heads.empty()) head.erase(0, 2);
        out.length += head.size() + span.size();
        out.heads.push_back(std::move(head));
    }
    return out;
}

asio::awaitable<result<void>> send_multipart(std::shared_ptr<multipart const> parts, std::shared_ptr<unique_fd> fd,
                                             net::body_writer& to) {
    for (std::size_t i = 0; i < parts->spans.size(); ++i) {
        if (auto sent = co_await to.write(parts->heads[i]); !sent) co_return sent.error();
        auto const& span = parts->spans[i];
        if (auto sent = co_await to.write_file(fd->get(), span.begin, span.size()); !sent) co_return sent.error();
    }
    co_return co_await to.write(parts->tail);
}

void add_validators(net::response& answer, served const& file, std::string_view etag, bool reveal) {
    answer.headers.set("Last-Modified", format_http_date(file.facts.modified()));
    if (reveal) answer.headers.set("ETag", etag);
}

void add_digests(net::response& answer, net::request const& req, served const& file) {
    if (!file.digests) return;
    auto const add = [&](std::string_view want, std::string_view field, auto write) {
        auto const asked = req.headers.find(want);
        auto const algorithm = asked ? preferred_digest(*asked) : std::nullopt;
        if (!algorithm) return;
        if (auto const& d = file.digests->get(*algorithm)) answer.headers.set(field, write(*d));
    };
    add("Want-Digest", "Digest", &digest_header);
    add("Want-Repr-Digest", "Repr-Digest", &repr_digest_header);
}

// The body of a GET for the spans it asked; the whole when `spans` is empty.
void add_body(net::response& answer, served file, std::vector<byte_span> spans, std::string_view type) {
    auto const size = file.facts.size;
    if (spans.empty()) {
        answer.body = net::file_body{std::move(file.fd), 0, size};
        return;
    }
    answer.status = 206;
    if (spans.size() == 1) {
        answer.headers.set("Content-Range", content_range(spans.front(), size));
        answer.body = net::file_body{std::move(file.fd), spans.front().begin, spans.front().size()};
        return;
    }
    auto parts = std::make_shared<multipart const>(make_multipart(std::move(spans), size, type));
    answer.headers.set("Content-Type", "multipart/byteranges; boundary=" + parts->boundary);
    auto const length = parts->length;
    answer.body = net::produced_body{
        length, [parts, fd = std::move(file.fd)](net::body_writer& to) { return send_multipart(parts, fd, to); }};
}

}  // namespace

bool wants_unknown_digest(net::request const& req, std::optional<digest_set> const& known) {
    for (auto const* name : {"Want-Repr-Digest", "Want-Digest"}) {
        auto const field = req.headers.find(name);
        auto const algorithm = field ? preferred_digest(*field) : std::nullopt;
        if (algorithm && !(known && known->get(*algorithm))) return true;
    }
    return false;
}

net::response file_answer(net::request const& req, served file, bool reveal) {
    auto const etag = reveal ? entity_tag(file.facts, file.digests) : std::string{};
    auto const modified = file.facts.modified();
    auto const size = file.facts.size;
    if (auto const status = net::evaluate_preconditions(req, etag, modified)) {
        auto answer = *status == 304 ? net::empty_response(304)
                                     : net::problem(*status, "the file is not in the state the request asks for");
        add_validators(answer, file, etag, reveal);
        return answer;
    }
    range_answer ranges;
    if (req.method == "GET" && req.headers.find("Range") && net::range_applies(req, etag, modified))
        ranges = resolve_ranges(req.headers.get("Range"), size);
    if (ranges.verdict == range_verdict::unsatisfiable) {
        auto answer = net::problem(416, "the file has " + std::to_string(size) + " bytes");
        answer.headers.set("Content-Range", "bytes */" + std::to_string(size));
        return answer;
    }
    net::response answer;
    auto const type = content_type_of(req.raw_path);
    answer.headers.set("Content-Type", type);
    answer.headers.set("Accept-Ranges", "bytes");
    answer.headers.set("X-Content-Type-Options", "nosniff");  // uploaded content is never anything a browser should guess about
    add_validators(answer, file, etag, reveal);
    if (reveal) add_digests(answer, req, file);
    if (req.method == "HEAD")
        answer.head_length = size;
    else
        add_body(answer, std::move(file), std::move(ranges.spans), type);
    return answer;
}

}  // namespace fjord::site
