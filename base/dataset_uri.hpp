#pragma once
// fjord://HOST[:PORT]/COLLECTION[/ITEM[/ASSET[/MEMBER...]]][?version=sha-256:HEX] and its short forms (contract, "URIs"):
// COLLECTION/ITEM/ASSET and the DID form COLLECTION:ITEM. Segments are percent-encoded on the wire, decoded in here.
#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord {

struct dataset_uri {
    std::string host;  // "host" or "host:port"; empty for the short forms
    collection_id collection;
    item_id item;                     // may be empty
    asset_key asset;                  // may be empty
    std::vector<std::string> member;  // inside a tree asset
    std::optional<digest> version;    // sha-256

    // errc::invalid_argument: names the segment and the rule ('..', empty, control character, NUL, backslash, %2F, too long).
    static result<dataset_uri> parse(std::string_view text);

    std::string str() const;   // with fjord:// when there is a host
    std::string path() const;  // "C/I/A/member", percent-encoded, no leading slash; a lone C has its ':' encoded
};

// One name of a collection, item, asset or member: 1..255 bytes of valid UTF-8 in normal form C, without control characters,
// '/', '\', and not "." or "..". errc::invalid_argument says which.
result<void> check_name(std::string_view what, std::string_view name);

// Percent-encoding. encode_segment keeps unreserved, sub-delims, ':' and '@' (RFC 3986 pchar).
std::string encode_segment(std::string_view segment);
std::string encode_query(std::string_view value);
// Decodes once. errc::invalid_argument for bad escapes and NUL.
result<std::string> percent_decode(std::string_view text);

// Splits and decodes an absolute request path into segments, exactly once. Refused (errc::invalid_argument): "." and ".."
// in any spelling, "%2f", "%5c", backslash, NUL, control characters, invalid UTF-8, text that is not in normal form C, "//";
// ";"-parameters are kept as text. A trailing slash yields trailing_slash = true, but not for the root path "/" itself.
struct decoded_path {
    std::vector<std::string> segments;
    bool trailing_slash = false;
};
result<decoded_path> decode_path(std::string_view raw_path);

}  // namespace fjord
