#include "catalog/keys.hpp"

#include "base/dataset_uri.hpp"

#include <span>
#include <utility>

namespace fjord::catalog::keys {
namespace {

constexpr char separator = '\x00';
constexpr char escape = '\x01';
constexpr char after_separator = '\x01';  // the end of a prefix range: its last separator plus one

void append(std::string& key, std::string_view segment) {
    for (char c : segment) {
        if (c != separator && c != escape) {
            key.push_back(c);
            continue;
        }
        key.push_back(escape);
        key.push_back(static_cast<char>(c + 1));
    }
    key.push_back(separator);
}

void append(std::string& key, digest const& d) {
    auto bytes = d.bytes();
    std::string segment(1, static_cast<char>('0' + static_cast<int>(d.algorithm())));
    segment.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    append(key, segment);
}

template <class Tag>
void append(std::string& key, strong_id<Tag> const& id) {
    append(key, std::string_view(id.str()));
}

void append(std::string& key, asset_ref const& a) {
    append(key, a.collection);
    append(key, a.item);
    append(key, a.asset);
}

template <class... Segments>
std::string make(table t, Segments const&... segments) {
    std::string key(1, static_cast<char>(t));
    (append(key, segments), ...);
    return key;
}

key_range below(std::string prefix) {
    auto last = prefix;
    last.back() = after_separator;
    return {std::move(prefix), std::move(last)};
}

std::string_view name_of(table t) {
    switch (t) {
        case table::collection:
            return "collection";
        case table::item:
            return "item";
        case table::asset:
            return "asset";
        case table::version:
            return "version";
        case table::member:
            return "tree member";
        case table::replica:
        case table::replica_by_site:
            return "replica";
        case table::site:
            return "site";
        case table::rule:
            return "rule";
        case table::lock:
        case table::lock_by_asset:
            return "lock";
        case table::transfer:
        case table::open_transfer:
            return "transfer";
        case table::policy:
            return "policy";
        case table::upload:
            return "upload";
        case table::probe:
            return "probe";
        case table::revocation:
            return "revocation";
    }
    return {};
}

// Reads one segment from the front of `rest`; false when it has no end or a broken escape.
bool take_segment(std::string_view& rest, std::string& out) {
    while (!rest.empty()) {
        char c = rest.front();
        rest.remove_prefix(1);
        if (c == separator) return true;
        if (c == escape) {
            if (rest.empty() || (rest.front() != '\x01' && rest.front() != '\x02')) return false;
            c = static_cast<char>(rest.front() - 1);
            rest.remove_prefix(1);
        }
        out.push_back(c);
    }
    return false;
}

}  // namespace

std::string collection(collection_id const& c) { return make(table::collection, c); }
std::string item(collection_id const& c, item_id const& i) { return make(table::item, c, i); }
std::string asset(asset_ref const& a) { return make(table::asset, a); }
std::string version(asset_ref const& a, digest const& v) { return make(table::version, a, v); }
std::string member(asset_ref const& a, digest const& v, std::string_view path) { return make(table::member, a, v, path); }
std::string replica(asset_ref const& a, digest const& v, site_id const& s) { return make(table::replica, a, v, s); }
std::string replica_by_site(site_id const& s, asset_ref const& a, digest const& v) {
    return make(table::replica_by_site, s, a, v);
}
std::string site(site_id const& s) { return make(table::site, s); }
std::string rule(rule_id const& r) { return make(table::rule, r); }
std::string lock(lock_record const& l) { return make(table::lock, l.rule, l.asset, l.version, l.site); }
std::string lock_by_asset(lock_record const& l) { return make(table::lock_by_asset, l.asset, l.version, l.site, l.rule); }
std::string transfer(transfer_id const& t) { return make(table::transfer, t); }
std::string open_transfer(transfer_id const& t) { return make(table::open_transfer, t); }
std::string policy(std::string_view id) { return make(table::policy, id); }
std::string upload(std::string_view id) { return make(table::upload, id); }
std::string probe(site_id const& s) { return make(table::probe, s); }
std::string revocation(std::string_view id) { return make(table::revocation, id); }

key_range all(table t) {
    char tag = static_cast<char>(t);
    return {std::string(1, tag), std::string(1, static_cast<char>(tag + 1))};
}
key_range items_of(collection_id const& c) { return below(make(table::item, c)); }
key_range assets_of(collection_id const& c) { return below(make(table::asset, c)); }
key_range assets_of(collection_id const& c, item_id const& i) { return below(make(table::asset, c, i)); }
key_range versions_of(asset_ref const& a) { return below(make(table::version, a)); }
key_range members_of(asset_ref const& a, digest const& v) { return below(make(table::member, a, v)); }
key_range replicas_of(asset_ref const& a) { return below(make(table::replica, a)); }
key_range replicas_of(asset_ref const& a, digest const& v) { return below(make(table::replica, a, v)); }
key_range replicas_at(site_id const& s) { return below(make(table::replica_by_site, s)); }
key_range replicas_at(site_id const& s, asset_ref const& a) { return below(make(table::replica_by_site, s, a)); }
key_range locks_of(rule_id const& r) { return below(make(table::lock, r)); }
key_range locks_of(asset_ref const& a) { return below(make(table::lock_by_asset, a)); }

std::string next_after(std::string key) {
    key.push_back('\x00');
    return key;
}

std::optional<parts> split(std::string_view key) {
    if (key.empty()) return std::nullopt;
    parts p{static_cast<table>(key.front()), {}};
    if (name_of(p.tag).empty()) return std::nullopt;
    for (auto rest = key.substr(1); !rest.empty();) {
        std::string segment;
        if (!take_segment(rest, segment)) return std::nullopt;
        p.segments.push_back(std::move(segment));
    }
    return p;
}

result<parts> split_as(table t, std::size_t segments, std::string_view key) {
    auto p = split(key);
    if (p && p->tag == t && p->segments.size() == segments) return std::move(*p);
    return fail(errc::corrupt, "the catalog holds a broken key among its " + std::string(name_of(t)) +
                                   " records; restore the store from a backup");
}

asset_ref asset_at(parts const& p, std::size_t first) {
    return {collection_id(p.segments.at(first)), item_id(p.segments.at(first + 1)), asset_key(p.segments.at(first + 2))};
}

std::optional<digest> version_at(parts const& p, std::size_t segment) {
    auto const& text = p.segments.at(segment);
    if (text.empty() || text.front() < '0' || text.front() > '0' + static_cast<int>(digest_algorithm::md5)) return std::nullopt;
    auto bytes = std::as_bytes(std::span(text)).subspan(1);
    auto d = digest::from_bytes(static_cast<digest_algorithm>(text.front() - '0'), bytes);
    if (!d) return std::nullopt;
    return *d;
}

std::string describe(std::string_view key) {
    auto p = split(key);
    if (!p) return "a key outside the layout";
    std::string text(name_of(p->tag));
    char joint = ' ';
    for (auto const& segment : p->segments) {
        text += joint + encode_segment(segment);
        joint = '/';
    }
    return text;
}

}  // namespace fjord::catalog::keys
