#pragma once
// The log entries that changes leave: type, subject and data, in the words of the contract ("event types"). The data is a JSON
// object with what a follower needs to keep an index or a cache current without reading back:
//
//   collection.created|updated   collection, etag                       collection.deleted   collection
//   item.created|updated         collection, item, etag                 item.deleted         collection, item
//   asset.version                collection, item, asset, version, size, media_type, tree, members (trees)
//   replica.STATE|deleted        collection, item, asset, version, site, state, size, path, reason
//   rule.created|updated|deleted rule, uri | collection+filter+filter_lang, sites, copies, priority, activity
//   transfer.STATE               transfer, collection, item, asset, version, from, to, mode, state, attempt, bytes, total, reason
//   site.changed                 site, kind, url, jurisdiction, enabled; or site, deleted: true
//   policy.changed               policy, version; or policy, deleted: true
//   token.revoked                revocation, issuer, issued_before (all tokens from before it)
//   token.restored               revocation, issuer
//
// Tombstones (*.deleted) may hold `seen_as`: the policy attributes of what is gone. It is not told to others.
// Subjects: "C", "C/I", "C/I/A" percent-encoded, or the id of the rule, transfer, site, policy or revocation. Empty texts are
// left out.
// Pure; any thread.
#include "catalog/records.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace fjord::catalog::events {

namespace json = boost::json;

std::string subject_of(collection_id const& c);
std::string subject_of(collection_id const& c, item_id const& i);

json::object data_of(collection_record const& r);
json::object data_of(item_record const& r);
json::object data_of(asset_ref const& a, asset_version const& v);
json::object data_of(replica_record const& r, std::string_view state);
json::object data_of(rule_record const& r);
json::object data_of(transfer_record const& r);
json::object data_of(site_record const& r);
json::object data_of(policy_record const& r);
json::object data_of(revocation_record const& r);

}  // namespace fjord::catalog::events
