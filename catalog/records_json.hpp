#pragma once
// Records to stored bytes and back. Compact JSON with "v": 1 first; what the key says (ids, version, site) is not repeated, so
// decode() fills a record whose key fields the caller has set. Times are milliseconds since 1970, empty members are left out.
//
// Reading is lenient where it lets old and new releases share a store: members it does not know are ignored, absent ones keep
// their default. errc::corrupt: not what encode() writes; errc::unsupported: "v" above 1, written by a newer release.
//
// Records that carry a document are framed so that its bytes stay exactly as given: 0x01, the length of the header (32 bits,
// big-endian), the header as JSON, then the document. Pure; any thread.
#include "catalog/records.hpp"

#include <string>
#include <string_view>

namespace fjord::catalog {

// Which version an asset has now, and the how-manieth registration that was.
struct asset_pointer {
    digest version;
    std::uint64_t ordinal = 0;
};

// A version with its ordinal: the highest of an asset is the newest.
struct numbered_version {
    asset_version version;
    std::uint64_t ordinal = 0;
};

std::string encode(collection_record const& r);
std::string encode(item_record const& r);
std::string encode(asset_pointer const& r);
std::string encode(numbered_version const& r);
std::string encode(tree_member const& r);
std::string encode(replica_record const& r);
std::string encode(site_record const& r);
std::string encode(probe_record const& r);
std::string encode(rule_record const& r);
std::string encode(transfer_record const& r);
std::string encode(policy_record const& r);
std::string encode(upload_record const& r);
std::string encode(revocation_record const& r);

result<void> decode(std::string_view stored, collection_record& r);
result<void> decode(std::string_view stored, item_record& r);
result<void> decode(std::string_view stored, asset_pointer& r);
result<void> decode(std::string_view stored, numbered_version& r);
result<void> decode(std::string_view stored, tree_member& r);
result<void> decode(std::string_view stored, replica_record& r);
result<void> decode(std::string_view stored, site_record& r);
result<void> decode(std::string_view stored, probe_record& r);
result<void> decode(std::string_view stored, rule_record& r);
result<void> decode(std::string_view stored, transfer_record& r);
result<void> decode(std::string_view stored, policy_record& r);
result<void> decode(std::string_view stored, upload_record& r);
result<void> decode(std::string_view stored, revocation_record& r);

}  // namespace fjord::catalog
