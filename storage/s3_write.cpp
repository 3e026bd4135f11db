// Uploads to S3: whole or in parts. Nothing is visible before its last request, and a failure leaves nothing behind.
#include "base/text.hpp"
#include "storage/s3_driver.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>

namespace fjord::storage {

namespace {

constexpr std::uint64_t max_parts = 10'000;
constexpr std::uint64_t mebibyte = 1u << 20;
constexpr std::chrono::seconds abort_time{5};

// As wanted, or whole mebibytes where the parts would not suffice.
std::uint64_t part_size_for(std::uint64_t size, std::uint64_t wanted) {
    auto const least = (size + max_parts - 1) / max_parts;
    return least <= wanted ? wanted : (least + mebibyte - 1) / mebibyte * mebibyte;
}

std::string crc32c_base64(std::uint32_t crc) {
    std::array<char, 4> const bytes{static_cast<char>(crc >> 24), static_cast<char>(crc >> 16), static_cast<char>(crc >> 8),
                                    static_cast<char>(crc)};
    return base64_encode({bytes.data(), bytes.size()});
}

std::string xml_escape(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

// Exactly `size` bytes of the source. errc::invalid_argument when it ends early.
asio::awaitable<result<std::string>> take(byte_source& source, std::uint64_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        auto const got = co_await source(std::span(bytes).subspan(have));
        if (!got) co_return got.error();
        if (*got == 0)
            co_return fail(errc::invalid_argument, "the bytes to write end " + std::to_string(size - have) + " bytes too early");
        have += *got;
    }
    co_return bytes;
}

// The source must have nothing more to give.
asio::awaitable<result<void>> expect_end(byte_source& source) {
    std::array<char, 1> more{};
    auto const got = co_await source(more);
    if (!got) co_return got.error();
    if (*got != 0) co_return fail(errc::invalid_argument, "there are more bytes to write than were announced");
    co_return result<void>{};
}

}  // namespace

asio::awaitable<result<void>> s3_driver::write(call c, std::string path, std::uint64_t size, byte_source source, bool overwrite) {
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    if (!overwrite)
        if (auto free = co_await require_free(c, path); !free) co_return free;
    if (size <= session_.options().part_size)
        co_return co_await put_whole(std::move(c), std::move(*key), size, std::move(source), overwrite);

    auto upload = co_await begin_parts(c, std::move(*key));
    if (!upload) co_return upload.error();
    result<void> done = fail(errc::cancelled, "the upload was cancelled");
    std::exception_ptr thrown;
    try {
        done = co_await put_parts(c, *upload, size, std::move(source), overwrite);
    } catch (...) { thrown = std::current_exception(); }  // a cancellation arrives as an exception
    if (done) co_return done;
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await abort_parts(std::move(c), *upload);
    if (thrown) std::rethrow_exception(thrown);
    co_return done;
}

asio::awaitable<result<void>> s3_driver::put_whole(call c, std::string key, std::uint64_t size, byte_source source,
                                                   bool overwrite) {
    auto bytes = co_await take(source, size);
    if (!bytes) co_return bytes.error();
    if (auto end = co_await expect_end(source); !end) co_return end.error();
    s3_request request{.method = "PUT", .key = std::move(key)};
    request.headers.set("Content-Type", "application/octet-stream");
    if (session_.options().checksums)
        request.headers.set("x-amz-checksum-crc32c", crc32c_base64(crc32c(0, std::as_bytes(std::span(*bytes)))));
    if (!overwrite) request.headers.set("If-None-Match", "*");
    request.body = std::move(*bytes);
    auto answer = co_await session_.exchange(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    co_return result<void>{};
}

asio::awaitable<result<s3_multipart>> s3_driver::begin_parts(call c, std::string key) {
    s3_request request{.method = "POST", .key = key};
    request.query.emplace_back("uploads", "");
    request.headers.set("Content-Type", "application/octet-stream");
    if (session_.options().checksums) {
        request.headers.set("x-amz-checksum-algorithm", "CRC32C");
        request.headers.set("x-amz-checksum-type", "FULL_OBJECT");  // else the checksum kept is one over the parts' checksums
    }
    auto const what = session_.name_of(request);
    auto answer = co_await session_.exchange_once(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    auto id = s3_member(answer->body, "UploadId");
    if (!id) co_return error(id.error().code, what + ": " + id.error().message());
    s3_multipart upload;
    upload.key = std::move(key);
    upload.upload_id = std::move(*id);
    co_return upload;
}

asio::awaitable<result<void>> s3_driver::put_parts(call c, s3_multipart& upload, std::uint64_t size, byte_source source,
                                                   bool overwrite) {
    auto const part_size = part_size_for(size, session_.options().part_size);
    std::uint32_t whole = 0;
    for (std::uint64_t at = 0; at < size; at += part_size) {
        auto bytes = co_await take(source, std::min(part_size, size - at));
        if (!bytes) co_return bytes.error();
        s3_request request{.method = "PUT", .key = upload.key};
        request.query.emplace_back("partNumber", std::to_string(upload.parts.size() + 1));
        request.query.emplace_back("uploadId", upload.upload_id);
        s3_multipart::part part;
        if (session_.options().checksums) {
            auto const span = std::as_bytes(std::span(*bytes));
            whole = crc32c(whole, span);
            part.crc32c = crc32c_base64(crc32c(0, span));
            request.headers.set("x-amz-checksum-crc32c", part.crc32c);
        }
        request.body = std::move(*bytes);
        auto answer = co_await session_.exchange(c, std::move(request));  // a failed part is sent again
        if (!answer) co_return answer.error();
        part.etag = std::string(answer->headers.get("ETag"));
        upload.parts.push_back(std::move(part));
    }
    if (auto end = co_await expect_end(source); !end) co_return end.error();
    net::header_list headers;
    if (session_.options().checksums) {
        headers.set("x-amz-checksum-crc32c", crc32c_base64(whole));
        headers.set("x-amz-checksum-type", "FULL_OBJECT");
    }
    if (!overwrite) headers.set("If-None-Match", "*");
    co_return co_await complete_parts(std::move(c), upload, std::move(headers));
}

asio::awaitable<result<void>> s3_driver::complete_parts(call c, s3_multipart const& upload, net::header_list headers) {
    s3_request request{.method = "POST", .key = upload.key};
    request.query.emplace_back("uploadId", upload.upload_id);
    request.headers = std::move(headers);
    request.headers.set("Content-Type", "application/xml");
    request.body = "<CompleteMultipartUpload>";
    unsigned number = 0;
    for (auto const& part : upload.parts) {
        request.body +=
            "<Part><PartNumber>" + std::to_string(++number) + "</PartNumber><ETag>" + xml_escape(part.etag) + "</ETag>";
        if (!part.crc32c.empty()) request.body += "<ChecksumCRC32C>" + part.crc32c + "</ChecksumCRC32C>";
        request.body += "</Part>";
    }
    request.body += "</CompleteMultipartUpload>";
    auto answer = co_await session_.exchange_once(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    co_return result<void>{};
}

asio::awaitable<void> s3_driver::abort_parts(call c, s3_multipart const& upload) {
    s3_request request{.method = "DELETE", .key = upload.key};
    request.query.emplace_back("uploadId", upload.upload_id);
    c.deadline = system_clock().steady() + abort_time;
    // What cannot be aborted now stays invisible and is for the bucket's lifecycle rule.
    (void)co_await session_.exchange(std::move(c), std::move(request));
}

}  // namespace fjord::storage
