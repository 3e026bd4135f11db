#pragma once
// The XML that S3 servers answer with, reduced to what the driver needs. Namespaces are ignored: servers disagree on them.
// Source: Amazon S3 API reference (ListObjectsV2, CreateMultipartUpload, Error responses).
#include "base/clock.hpp"
#include "base/error.hpp"
#include "storage/xml_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::storage {

struct s3_object {
    std::string key;  // decoded
    std::uint64_t size = 0;
    std::optional<wall_time> modified;
    std::string etag;
};

// One page of ListObjectsV2.
struct s3_page {
    std::vector<s3_object> objects;
    std::vector<std::string> prefixes;  // common prefixes, decoded, with their trailing delimiter
    std::string next;                   // continuation token; empty at the end
};

inline constexpr std::size_t max_page_entries = 10'000;  // servers give 1,000

// errc::corrupt: no such document, or one that contradicts itself (truncated without a token); errc::limit_exceeded.
result<s3_page> parse_s3_page(std::string_view xml, xml_limits limits = {});

// <Error><Code/><Message/></Error>. nullopt when the text is something else; what CompleteMultipartUpload and CopyObject may
// send with status 200.
struct s3_error {
    std::string code, message;
};
std::optional<s3_error> parse_s3_error(std::string_view xml);

// The text of element `name` directly below the document element, such as UploadId or ETag. errc::corrupt when it is missing.
result<std::string> s3_member(std::string_view xml, std::string_view name);

// A failure of ours with the server's words: by its code where that says more than the status. `what` names verb and key.
error error_from_s3(std::string_view what, unsigned status, std::string_view body);

}  // namespace fjord::storage
