#pragma once
// Bytes of a span from a place by HTTP, refused unless they are certainly bytes of the object that was asked for: status,
// Content-Range, length, ETag and Repr-Digest must agree with what is known of it (RFC 9110 sections 13.1.1 and 14).
#include "cache/source.hpp"
#include "net/client.hpp"

namespace fjord::cache {

// The client must outlive the stream. errc as object_source::open().
asio::awaitable<result<std::unique_ptr<byte_stream>>> open_http(net::http_client& client, place where,
                                                                std::shared_ptr<object_info const> what, byte_span span);

// Whether an answer to `GET span` may be taken for those bytes of `what`. Pure.
struct answer_facts {
    unsigned status = 0;
    std::string_view content_range, content_length, content_encoding, etag, repr_digest;
};
result<void> check_answer(answer_facts const& answer, object_info const& what, byte_span span);

}  // namespace fjord::cache
