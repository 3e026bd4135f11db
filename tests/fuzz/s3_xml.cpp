// Any bytes as the answer of an S3 server: a page, an error, a member, or a refusal; never a crash or an entity.
#include "storage/s3_credentials.hpp"
#include "storage/s3_xml.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    (void)fjord::storage::parse_s3_page(text, {.max_depth = 8, .max_text = 1024});
    (void)fjord::storage::parse_s3_error(text);
    (void)fjord::storage::s3_member(text, "UploadId");
    (void)fjord::storage::error_from_s3("GET b/k", 403, text);
    (void)fjord::storage::parse_s3_credentials(text);
    return 0;
}
