#pragma once
// The S3 driver's inside; others see storage/s3.hpp only.
#include "storage/s3_session.hpp"
#include "storage/s3_xml.hpp"

#include <string>
#include <vector>

namespace fjord::storage {

// An upload in parts that is invisible until it is completed. Whoever begins one completes or aborts it.
struct s3_multipart {
    std::string key, upload_id;
    struct part {
        std::string etag, crc32c;  // as the server told, and as base64 when it was sent
    };
    std::vector<part> parts;
};

class s3_driver final : public driver {
public:
    s3_driver(s3_options options, net::http_client& client, clock& time) : session_(std::move(options), client, time) {}

    // HEAD; where nothing is, a name that others begin with is a directory.
    asio::awaitable<result<stat_info>> stat(call c, std::string path) override;
    asio::awaitable<result<void>> read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) override;
    // One PUT up to the part size, parts above. If-None-Match: * where the server knows it; the name is looked for first as well.
    asio::awaitable<result<void>> write(call c, std::string path, std::uint64_t size, byte_source source,
                                        bool overwrite) override;
    // Nothing to do: names imply their directories.
    asio::awaitable<result<void>> make_directory(call c, std::string path) override;
    // errc::not_found when no name begins so.
    asio::awaitable<result<std::vector<entry>>> list(call c, std::string path) override;
    asio::awaitable<result<void>> remove(call c, std::string path) override;
    // A copy on the server, whose checksum must be the source's when both are known, then a removal. Not atomic.
    asio::awaitable<result<void>> rename(call c, std::string from, std::string to) override;
    // Checksums of the whole object that the server keeps; never the composite ones of multipart uploads.
    asio::awaitable<result<digest>> checksum(call c, std::string path, std::vector<digest_algorithm> wanted) override;
    // errc::unsupported: a bucket cannot act.
    asio::awaitable<result<void>> third_party_copy(call c, third_party_request request) override;

private:
    asio::awaitable<result<s3_page>> list_page(call c, std::string prefix, std::string after, std::size_t limit);
    asio::awaitable<result<net::header_list>> head(call c, std::string key, bool with_checksums);
    asio::awaitable<error> why_absent(call c, std::string key, error said);
    asio::awaitable<result<void>> require_free(call c, std::string path);

    // s3_write.cpp
    asio::awaitable<result<void>> put_whole(call c, std::string key, std::uint64_t size, byte_source source, bool overwrite);
    asio::awaitable<result<void>> put_parts(call c, s3_multipart& upload, std::uint64_t size, byte_source source, bool overwrite);
    asio::awaitable<result<s3_multipart>> begin_parts(call c, std::string key);
    asio::awaitable<result<void>> complete_parts(call c, s3_multipart const& upload, net::header_list headers);
    // Ends an upload in parts after a failure or a cancellation; its own time, because the caller's may be over.
    asio::awaitable<void> abort_parts(call c, s3_multipart const& upload);

    // s3_rename.cpp
    asio::awaitable<result<void>> copy_whole(call c, std::string from, std::string to);
    asio::awaitable<result<void>> copy_parts(call c, s3_multipart& upload, std::string from, std::uint64_t size);

    s3_session session_;
};

}  // namespace fjord::storage
