#include "catalog/records_json.hpp"

#include "catalog/record_fields.hpp"

#include <array>

namespace fjord::catalog {
namespace {

constexpr std::array replica_states{replica_state::copying, replica_state::available, replica_state::suspect, replica_state::bad,
                                    replica_state::deleting};
constexpr std::array transfer_states{transfer_state::queued, transfer_state::active, transfer_state::verifying,
                                     transfer_state::done,   transfer_state::failed, transfer_state::cancelled};

template <class State, std::size_t N>
void read_state(field_reader& in, std::array<State, N> const& known, State& to) {
    std::string name;
    in.text("state", name);
    for (auto s : known)
        if (name_of(s) == name) {
            to = s;
            return;
        }
    in.refuse("state");
}

template <class Tag>
void read_id(field_reader& in, std::string_view key, strong_id<Tag>& to) {
    std::string text;
    in.text(key, text);
    to = strong_id<Tag>(std::move(text));
}

void write_asset(field_writer& out, asset_ref const& a) {
    out.text("c", a.collection.str()).text("i", a.item.str()).text("a", a.asset.str());
}

void read_asset(field_reader& in, asset_ref& a) {
    read_id(in, "c", a.collection);
    read_id(in, "i", a.item);
    read_id(in, "a", a.asset);
}

}  // namespace

std::string encode(collection_record const& r) {
    field_writer out;
    out.text("owner", r.owner).time("created", r.created).time("updated", r.updated).text("etag", r.etag);
    return out.str_with_document(r.document);
}

result<void> decode(std::string_view stored, collection_record& r) {
    auto in = field_reader::framed(stored, "collection record");
    in.text("owner", r.owner);
    in.time("created", r.created);
    in.time("updated", r.updated);
    in.text("etag", r.etag);
    r.document = in.document();
    return in.done();
}

std::string encode(item_record const& r) {
    field_writer out;
    out.time("created", r.created).time("updated", r.updated).text("etag", r.etag);
    return out.str_with_document(r.document);
}

result<void> decode(std::string_view stored, item_record& r) {
    auto in = field_reader::framed(stored, "item record");
    in.time("created", r.created);
    in.time("updated", r.updated);
    in.text("etag", r.etag);
    r.document = in.document();
    return in.done();
}

std::string encode(asset_pointer const& r) { return field_writer().hash("version", r.version).number("n", r.ordinal).str(); }

result<void> decode(std::string_view stored, asset_pointer& r) {
    field_reader in(stored, "asset record");
    in.hash("version", r.version);
    in.number("n", r.ordinal);
    if (r.version.empty()) in.refuse("version");
    return in.done();
}

std::string encode(numbered_version const& r) {
    auto const& v = r.version;
    field_writer out;
    out.number("n", r.ordinal).number("size", v.size).hashes("digests", v.digests).text("type", v.media_type);
    out.text("filename", v.filename).time("registered", v.registered);
    if (v.tree) out.flag("tree", true).number("members", v.members);
    return out.str();
}

result<void> decode(std::string_view stored, numbered_version& r) {
    auto& v = r.version;
    field_reader in(stored, "version record");
    in.number("n", r.ordinal);
    in.number("size", v.size);
    in.hashes("digests", v.digests);
    in.text("type", v.media_type);
    in.text("filename", v.filename);
    in.time("registered", v.registered);
    in.flag("tree", v.tree);
    in.number("members", v.members);
    return in.done();
}

std::string encode(tree_member const& r) { return field_writer().number("size", r.size).hash("id", r.id).str(); }

result<void> decode(std::string_view stored, tree_member& r) {
    field_reader in(stored, "tree member record");
    in.number("size", r.size);
    in.hash("id", r.id);
    return in.done();
}

std::string encode(replica_record const& r) {
    field_writer out;
    out.text("state", name_of(r.state)).number("size", r.size).text("path", r.path).time("verified", r.verified_at);
    return out.text("reason", r.reason).str();
}

result<void> decode(std::string_view stored, replica_record& r) {
    field_reader in(stored, "replica record");
    read_state(in, replica_states, r.state);
    in.number("size", r.size);
    in.text("path", r.path);
    in.time("verified", r.verified_at);
    in.text("reason", r.reason);
    return in.done();
}

std::string encode(site_record const& r) {
    field_writer out;
    out.text("kind", r.kind).text("url", r.url).texts("attributes", r.attributes).text("jurisdiction", r.jurisdiction);
    out.flag("enabled", r.enabled).time("created", r.created).time("updated", r.updated);
    return out.texts("honours", r.honours).str();
}

result<void> decode(std::string_view stored, site_record& r) {
    field_reader in(stored, "site record");
    in.text("kind", r.kind);
    in.text("url", r.url);
    in.texts("attributes", r.attributes);
    in.text("jurisdiction", r.jurisdiction);
    in.flag("enabled", r.enabled);
    in.time("created", r.created);
    in.time("updated", r.updated);
    in.texts("honours", r.honours);
    return in.done();
}

std::string encode(probe_record const& r) { return field_writer().time("finished", r.finished).str_with_document(r.document); }

result<void> decode(std::string_view stored, probe_record& r) {
    auto in = field_reader::framed(stored, "probe record");
    in.time("finished", r.finished);
    r.document = in.document();
    return in.done();
}

std::string encode(rule_record const& r) {
    field_writer out;
    out.text("uri", r.uri).text("collection", r.collection).text("filter", r.filter).text("filter_lang", r.filter_lang);
    out.text("sites", r.sites).number("copies", r.copies).number("priority", r.priority).text("activity", r.activity);
    out.text("comment", r.comment).text("owner", r.owner).time("created", r.created);
    if (r.lifetime) out.number("lifetime_s", static_cast<std::uint64_t>(r.lifetime->count()));
    return out.str();
}

result<void> decode(std::string_view stored, rule_record& r) {
    field_reader in(stored, "rule record");
    in.text("uri", r.uri);
    in.text("collection", r.collection);
    in.text("filter", r.filter);
    in.text("filter_lang", r.filter_lang);
    in.text("sites", r.sites);
    in.number("copies", r.copies);
    in.number("priority", r.priority);
    in.text("activity", r.activity);
    in.text("comment", r.comment);
    in.text("owner", r.owner);
    in.time("created", r.created);
    if (!in.has("lifetime_s")) return in.done();
    std::uint64_t lifetime = 0;
    in.number("lifetime_s", lifetime);
    r.lifetime = seconds{static_cast<std::int64_t>(lifetime)};
    return in.done();
}

std::string encode(transfer_record const& r) {
    field_writer out;
    write_asset(out, r.asset);
    out.hash("version", r.version).text("from", r.from.str()).text("to", r.to.str()).text("mode", r.mode);
    out.text("state", name_of(r.state)).number("attempt", r.attempt).number("bytes", r.bytes).number("total", r.total);
    out.number("priority", r.priority).text("activity", r.activity).text("staging", r.staging_path).text("final", r.final_path);
    return out.text("reason", r.reason).time("created", r.created).time("updated", r.updated).time("after", r.not_before).str();
}

result<void> decode(std::string_view stored, transfer_record& r) {
    field_reader in(stored, "transfer record");
    read_asset(in, r.asset);
    in.hash("version", r.version);
    read_id(in, "from", r.from);
    read_id(in, "to", r.to);
    in.text("mode", r.mode);
    read_state(in, transfer_states, r.state);
    in.number("attempt", r.attempt);
    in.number("bytes", r.bytes);
    in.number("total", r.total);
    in.number("priority", r.priority);
    in.text("activity", r.activity);
    in.text("staging", r.staging_path);
    in.text("final", r.final_path);
    in.text("reason", r.reason);
    in.time("created", r.created);
    in.time("updated", r.updated);
    in.time("after", r.not_before);
    return in.done();
}

std::string encode(policy_record const& r) {
    return field_writer().number("version", r.version).time("updated", r.updated).str_with_document(r.document);
}

result<void> decode(std::string_view stored, policy_record& r) {
    auto in = field_reader::framed(stored, "policy record");
    in.number("version", r.version);
    in.time("updated", r.updated);
    r.document = in.document();
    return in.done();
}

std::string encode(revocation_record const& r) {
    field_writer out;
    out.text("issuer", r.issuer).flag("whole", r.whole_issuer).time("before", r.issued_before).text("by", r.made_by);
    return out.text("reason", r.reason).time("created", r.created).time("expires", r.expires).str();
}

result<void> decode(std::string_view stored, revocation_record& r) {
    field_reader in(stored, "revocation record");
    in.text("issuer", r.issuer);
    in.flag("whole", r.whole_issuer);
    in.time("before", r.issued_before);
    in.text("by", r.made_by);
    in.text("reason", r.reason);
    in.time("created", r.created);
    in.time("expires", r.expires);
    return in.done();
}

std::string encode(upload_record const& r) {
    field_writer out;
    write_asset(out, r.asset);
    out.text("site", r.site.str()).text("path", r.path).text("type", r.media_type).text("filename", r.filename);
    out.text("owner", r.owner).hashes("digests", r.digests).time("expires", r.expires);
    if (r.size) out.number("size", *r.size);
    return out.str();
}

result<void> decode(std::string_view stored, upload_record& r) {
    field_reader in(stored, "upload record");
    read_asset(in, r.asset);
    read_id(in, "site", r.site);
    in.text("path", r.path);
    in.text("type", r.media_type);
    in.text("filename", r.filename);
    in.text("owner", r.owner);
    in.hashes("digests", r.digests);
    in.time("expires", r.expires);
    if (!in.has("size")) return in.done();
    std::uint64_t size = 0;
    in.number("size", size);
    r.size = size;
    return in.done();
}

}  // namespace fjord::catalog
