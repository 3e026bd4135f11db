#include "net/request_head.hpp"

#include "base/text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>

namespace fjord::net {

namespace http = boost::beast::http;

namespace {

refusal head_refusal(boost::beast::error_code const& ec) {
    if (ec == http::error::header_limit) return {431, "the request head is too large"};
    if (ec == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are understood"};
    if (ec == http::error::bad_transfer_encoding || ec == http::error::bad_content_length ||
        ec == http::error::multiple_content_length) {
        return {400, "Content-Length and Transfer-Encoding contradict each other or are malformed"};
    }
    return {400, "malformed request head: " + ec.message()};
}

}  // namespace

request_parser::request_parser(std::size_t max_head) : max_head_(max_head) {
    header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(max_head, UINT32_MAX)));
    body_limit(boost::none);  // limits belong to routes; the body reader counts
}

std::size_t request_parser::put_head(std::string_view bytes, std::optional<refusal>& refused) {
    beast_error ec;
    auto const used = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
    head_bytes_ += used;
    // Beast limits what is buffered, not the sum of the lines it has used up.
    auto const pending = is_header_done() ? 0 : bytes.size() - used;
    if (head_bytes_ + pending > max_head_) ec = http::error::header_limit;
    if (ec && ec != http::error::need_more) refused = head_refusal(ec);
    return used;
}

result<std::size_t> request_parser::put_body(std::string_view bytes, std::span<char> out, std::size_t& written) {
    out_ = out;
    written_ = 0;
    std::size_t used = 0;
    beast_error ec;
    // Not eager, so that each call makes one step: a chunk header, a piece of a chunk, the trailer.
    while (used < bytes.size() && !is_done()) {
        ec = {};
        auto const step = put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), ec);
        used += step;
        if (ec) break;
    }
    written = written_;
    if (ec && ec != http::error::need_more && ec != http::error::need_buffer) {
        return fail(errc::invalid_argument, "malformed request body: " + ec.message());
    }
    return used;
}

std::optional<std::uint64_t> request_parser::body_left() const {
    if (!is_header_done() || is_done()) return 0;
    if (chunked()) return std::nullopt;
    auto const left = content_length_remaining();
    return left ? *left : 0;
}

void request_parser::on_request_impl(http::verb, string_view method_text, string_view target_text, int version, beast_error&) {
    method.assign(method_text.data(), method_text.size());
    target.assign(target_text.data(), target_text.size());
    http_1_1 = version >= 11;
}

void request_parser::on_field_impl(http::field, string_view name, string_view value, beast_error&) {
    // Trailer fields are dropped: merging them could forge what was already checked (RFC 9110 section 6.5.1).
    if (in_head_) headers.add({name.data(), name.size()}, {value.data(), value.size()});
}

std::size_t request_parser::on_body_impl(string_view body, beast_error& ec) {
    auto const n = std::min(body.size(), out_.size() - written_);
    if (n > 0 && body.data() != out_.data()) std::memcpy(out_.data() + written_, body.data(), n);
    written_ += n;
    if (n < body.size()) ec = http::error::need_buffer;
    return n;
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, string_view body, beast_error& ec) {
    return on_body_impl(body, ec);
}

parsed_message parse_message_for_test(std::string_view bytes, head_rules const& rules, std::size_t max_head) {
    parsed_message out;
    request_parser parser(max_head);
    auto const used = bytes.empty() ? 0 : parser.put_head(bytes, out.refused);
    if (out.refused || !parser.head_done()) return out;
    bytes.remove_prefix(used);
    out.refused = check_head(parser, rules, out.req);
    char piece[512];
    while (!out.refused && !bytes.empty() && !parser.body_done()) {
        std::size_t written = 0;
        auto const step = parser.put_body(bytes, piece, written);
        if (!step) {
            out.refused = refusal{400, step.error().message()};
            return out;
        }
        out.body.append(piece, written);
        if (*step == 0 && written == 0) return out;  // needs bytes that are not there
        bytes.remove_prefix(*step);
    }
    out.complete = !out.refused && parser.body_done();
    return out;
}

}  // namespace fjord::net
