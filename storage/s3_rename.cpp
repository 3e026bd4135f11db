// S3 has no rename: the server copies, then the old name goes. The copy is compared before that.
#include "base/text.hpp"
#include "storage/s3_driver.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace fjord::storage {

namespace {

std::string copy_source(s3_address const& where, std::string_view key) {
    return "/" + s3_encode_path(where.bucket) + "/" + s3_encode_path(key);
}

}  // namespace

asio::awaitable<result<void>> s3_driver::rename(call c, std::string from, std::string to) {
    if (auto free = co_await require_free(c, to); !free) co_return free.error();
    auto source = session_.key_of(from), target = session_.key_of(to);
    if (!source) co_return source.error();
    if (!target) co_return target.error();
    auto before = co_await head(c, *source, true);
    if (!before) co_return before.error();
    auto const size = parse_unsigned<std::uint64_t>(before->get("Content-Length")).value_or(0);

    if (size <= session_.options().largest_copy) {
        if (auto copied = co_await copy_whole(c, *source, *target); !copied) co_return copied.error();
    } else {
        auto upload = co_await begin_parts(c, *target);
        if (!upload) co_return upload.error();
        result<void> done = fail(errc::cancelled, "the copy was cancelled");
        std::exception_ptr thrown;
        try {
            done = co_await copy_parts(c, *upload, *source, size);
        } catch (...) { thrown = std::current_exception(); }  // a cancellation arrives as an exception
        if (!done) {
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            co_await abort_parts(std::move(c), *upload);
            if (thrown) std::rethrow_exception(thrown);
            co_return done;
        }
    }

    auto after = co_await head(c, *target, true);
    if (!after) co_return after.error();
    if (after->get("Content-Length") != before->get("Content-Length"))
        co_return fail(errc::corrupt, "the copy at " + session_.address().bucket + "/" + *target + " has another size");
    for (auto const name : {"x-amz-checksum-crc32c", "x-amz-checksum-sha256"}) {
        auto const was = before->get(name), is = after->get(name);
        bool const whole = was.find('-') == std::string_view::npos && is.find('-') == std::string_view::npos;
        if (!was.empty() && !is.empty() && whole && was != is)
            co_return fail(errc::corrupt, "the copy at " + session_.address().bucket + "/" + *target + " has another checksum");
    }
    s3_request removal{.method = "DELETE", .key = std::move(*source)};
    auto removed = co_await session_.exchange(std::move(c), std::move(removal));
    if (!removed) co_return removed.error();
    co_return result<void>{};
}

asio::awaitable<result<void>> s3_driver::copy_whole(call c, std::string from, std::string to) {
    s3_request request{.method = "PUT", .key = std::move(to)};
    request.headers.set("x-amz-copy-source", copy_source(session_.address(), from));
    auto answer = co_await session_.exchange(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    co_return result<void>{};
}

asio::awaitable<result<void>> s3_driver::copy_parts(call c, s3_multipart& upload, std::string from, std::uint64_t size) {
    auto const step = session_.options().largest_copy;
    for (std::uint64_t at = 0; at < size; at += step) {
        s3_request request{.method = "PUT", .key = upload.key};
        request.query.emplace_back("partNumber", std::to_string(upload.parts.size() + 1));
        request.query.emplace_back("uploadId", upload.upload_id);
        request.headers.set("x-amz-copy-source", copy_source(session_.address(), from));
        byte_span const span{at, std::min(size, at + step)};
        request.headers.set("x-amz-copy-source-range", range_field(span));
        auto answer = co_await session_.exchange(c, std::move(request));
        if (!answer) co_return answer.error();
        auto etag = s3_member(answer->body, "ETag");
        if (!etag) co_return etag.error();
        s3_multipart::part part;
        part.etag = std::move(*etag);
        if (session_.options().checksums)
            if (auto crc = s3_member(answer->body, "ChecksumCRC32C")) part.crc32c = *crc;
        upload.parts.push_back(std::move(part));
    }
    net::header_list headers;
    if (session_.options().checksums) headers.set("x-amz-checksum-type", "FULL_OBJECT");
    headers.set("If-None-Match", "*");
    co_return co_await complete_parts(std::move(c), upload, std::move(headers));
}

}  // namespace fjord::storage
