#include "catalog/events.hpp"

#include "base/dataset_uri.hpp"
#include "base/utf8.hpp"

namespace fjord::catalog::events {
namespace {

// Events go out as JSON, and some texts come from peers: make them valid on the way.
void add(json::object& to, std::string_view key, std::string_view text) {
    if (!text.empty()) to[key] = to_valid_utf8(text);
}

void add(json::object& to, asset_ref const& a) {
    add(to, "collection", a.collection.str());
    add(to, "item", a.item.str());
    add(to, "asset", a.asset.str());
}

}  // namespace

std::string subject_of(collection_id const& c) { return encode_segment(c.str()); }
std::string subject_of(collection_id const& c, item_id const& i) {
    return encode_segment(c.str()) + '/' + encode_segment(i.str());
}

json::object data_of(collection_record const& r) {
    json::object data;
    add(data, "collection", r.id.str());
    add(data, "etag", r.etag);
    return data;
}

json::object data_of(item_record const& r) {
    json::object data;
    add(data, "collection", r.collection.str());
    add(data, "item", r.id.str());
    add(data, "etag", r.etag);
    return data;
}

json::object data_of(asset_ref const& a, asset_version const& v) {
    json::object data;
    add(data, a);
    add(data, "version", v.id.text());
    data["size"] = v.size;
    add(data, "media_type", v.media_type);
    data["tree"] = v.tree;
    if (v.tree) data["members"] = v.members;
    return data;
}

json::object data_of(replica_record const& r, std::string_view state) {
    json::object data;
    add(data, r.asset);
    add(data, "version", r.version.text());
    add(data, "site", r.site.str());
    add(data, "state", state);
    data["size"] = r.size;
    add(data, "path", r.path);
    add(data, "reason", r.reason);
    return data;
}

json::object data_of(rule_record const& r) {
    json::object data;
    add(data, "rule", r.id.str());
    add(data, "uri", r.uri);
    add(data, "collection", r.collection);
    add(data, "filter", r.filter);
    add(data, "filter_lang", r.filter_lang);
    add(data, "sites", r.sites);
    data["copies"] = r.copies;
    data["priority"] = r.priority;
    add(data, "activity", r.activity);
    return data;
}

json::object data_of(transfer_record const& r) {
    json::object data;
    add(data, "transfer", r.id.str());
    add(data, r.asset);
    if (!r.version.empty()) add(data, "version", r.version.text());
    add(data, "from", r.from.str());
    add(data, "to", r.to.str());
    add(data, "mode", r.mode);
    add(data, "state", name_of(r.state));
    data["attempt"] = r.attempt;
    data["bytes"] = r.bytes;
    data["total"] = r.total;
    add(data, "reason", r.reason);
    return data;
}

json::object data_of(site_record const& r) {
    json::object data;
    add(data, "site", r.id.str());
    add(data, "kind", r.kind);
    add(data, "url", r.url);
    add(data, "jurisdiction", r.jurisdiction);
    data["enabled"] = r.enabled;
    json::object honours;
    for (auto const& [fact, value] : r.honours) honours[fact] = value;
    if (!honours.empty()) data["honours"] = std::move(honours);
    return data;
}

json::object data_of(policy_record const& r) {
    json::object data;
    add(data, "policy", r.id);
    data["version"] = r.version;
    return data;
}

json::object data_of(revocation_record const& r) {
    json::object data;
    add(data, "revocation", r.id);
    add(data, "issuer", r.issuer);
    if (r.whole_issuer) data["issued_before"] = format_rfc3339(r.issued_before);
    return data;
}

}  // namespace fjord::catalog::events
