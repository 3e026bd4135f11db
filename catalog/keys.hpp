#pragma once
// The key layout of the catalog. Changing it means a new store format (rocksdb_store.cpp, `format_name`).
//
// A key is one tag byte and a list of segments, each ended by 0x00. Inside a segment 0x00 is written 0x01 0x01 and 0x01 is
// written 0x01 0x02, so any bytes may be a segment, no segment holds the separator, and keys sort like the tuples they
// stand for ("a" before "a b", whatever follows). A list of leading segments is therefore a prefix scan.
//
//   tag  segments                                     value
//   c    collection                                   collection_record
//   i    collection, item                             item_record
//   a    collection, item, asset                      the current version of the asset (pointer)
//   v    collection, item, asset, version             asset_version
//   m    collection, item, asset, version, path       tree_member
//   r    collection, item, asset, version, site       replica_record
//   R    site, collection, item, asset, version       empty: index of r by site
//   s    site                                         site_record
//   u    rule                                         rule_record
//   l    rule, collection, item, asset, version, site empty: a lock is its key
//   L    collection, item, asset, version, site, rule empty: index of l by asset
//   t    transfer                                     transfer_record
//   o    transfer                                     empty: index of t, open ones only
//   p    policy                                       policy_record
//   d    upload                                       upload_record
//   k    revocation                                   revocation_record
//   h    site                                         probe_record (honesty of the site)
//
// A version segment is one byte for the digest algorithm and the raw bytes of the digest. What a key says is not repeated in
// its value. Pure; any thread.
#include "catalog/records.hpp"
#include "catalog/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::catalog::keys {

enum class table : char {
    collection = 'c',
    item = 'i',
    asset = 'a',
    version = 'v',
    member = 'm',
    replica = 'r',
    replica_by_site = 'R',
    site = 's',
    rule = 'u',
    lock = 'l',
    lock_by_asset = 'L',
    transfer = 't',
    open_transfer = 'o',
    policy = 'p',
    upload = 'd',
    probe = 'h',
    revocation = 'k',
};

std::string collection(collection_id const& c);
std::string item(collection_id const& c, item_id const& i);
std::string asset(asset_ref const& a);
std::string version(asset_ref const& a, digest const& v);
std::string member(asset_ref const& a, digest const& v, std::string_view path);
std::string replica(asset_ref const& a, digest const& v, site_id const& s);
std::string replica_by_site(site_id const& s, asset_ref const& a, digest const& v);
std::string site(site_id const& s);
std::string rule(rule_id const& r);
std::string lock(lock_record const& l);
std::string lock_by_asset(lock_record const& l);
std::string transfer(transfer_id const& t);
std::string open_transfer(transfer_id const& t);
std::string policy(std::string_view id);
std::string upload(std::string_view id);
std::string probe(site_id const& s);
std::string revocation(std::string_view id);

// Everything of a table, or of one owner in it.
key_range all(table t);
key_range items_of(collection_id const& c);
key_range assets_of(collection_id const& c);
key_range assets_of(collection_id const& c, item_id const& i);
key_range versions_of(asset_ref const& a);
key_range members_of(asset_ref const& a, digest const& v);
key_range replicas_of(asset_ref const& a);
key_range replicas_of(asset_ref const& a, digest const& v);
key_range replicas_at(site_id const& s);
key_range replicas_at(site_id const& s, asset_ref const& a);
key_range locks_of(rule_id const& r);
key_range locks_of(asset_ref const& a);

std::string next_after(std::string key);  // the smallest key greater than this one

// A key taken apart again; nullopt when the bytes are not a key of this layout. Readers take segments in order.
struct parts {
    table tag{};
    std::vector<std::string> segments;
};
std::optional<parts> split(std::string_view key);
// The same for a key read from a known table. errc::corrupt when it is not one.
result<parts> split_as(table t, std::size_t segments, std::string_view key);
asset_ref asset_at(parts const& p, std::size_t first);  // segments first .. first+2
std::optional<digest> version_at(parts const& p, std::size_t segment);
// "item C/I": for error texts.
std::string describe(std::string_view key);

}  // namespace fjord::catalog::keys
