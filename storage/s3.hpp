#pragma once
// The driver for S3 buckets: AWS, Ceph, MinIO, any server that speaks the S3 API with Signature Version 4. What differs from a
// file system is evened out or said: there are no directories but those that names imply, a rename is a copy on the server and a
// removal, and a bucket cannot act in a third-party copy (another site pulls from a presigned URL). The calls' tokens are not
// used: the site's own credentials sign each request.
#include "net/client.hpp"
#include "storage/driver.hpp"
#include "storage/s3_signing.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fjord::storage {

struct s3_options {
    // Path addressing: "https://host[:port]/bucket[/prefix]". Virtual-host addressing: "https://bucket.host[:port][/prefix]".
    std::string url;
    bool virtual_host = false;
    std::string region = "us-east-1";
    std::function<result<s3_credentials>()> credentials;  // asked for each request, on the caller's context

    std::uint64_t part_size = 16u << 20;         // larger files go up in parts of this size or more; S3 wants 5 MiB at least
    std::uint64_t largest_copy = 5ull << 30;     // in one server-side copy, by S3's rule
    bool checksums = true;                       // send CRC32C with uploads; off for servers that do not know it
    bool etag_is_md5 = false;                    // take plain ETags as md5: true for AWS without KMS, not for every server
    std::chrono::milliseconds retry_pause{200};  // before a failed part is sent again; doubles
};

// errc::invalid_argument: the url is not https (http is for tests: `allow_cleartext_token` of the client does not matter here,
// signatures are no bearer tokens) or names no bucket.
result<void> check_s3_url(std::string const& url, bool virtual_host);

// The options' url must be good. Client and clock must outlive the driver. Any context; calls may run in parallel.
std::unique_ptr<driver> make_s3_driver(s3_options options, net::http_client& client, clock& time = system_clock());

// A URL for one method on one object, usable by whoever holds it: a secret until it expires (1 s to 7 days after `now`). Header
// fields in `must_send` are part of the signature; the user of the URL sends them exactly so.
result<secret> presigned_url(s3_options const& options, std::string method, std::string_view path, wall_time now,
                             std::chrono::seconds lifetime, net::header_list must_send = {});

}  // namespace fjord::storage
