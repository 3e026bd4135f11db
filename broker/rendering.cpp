#include "broker/rendering.hpp"

#include "base/dataset_uri.hpp"
#include "transfer/layout.hpp"

#include <charconv>

namespace fjord::broker {
namespace {

// Attributes are stored as text; numbers and booleans go out as what they look like, as the operator wrote them.
json::value attribute_value(std::string const& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    std::int64_t number = 0;
    auto const* end = text.data() + text.size();
    auto [at, ec] = std::from_chars(text.data(), end, number);
    bool const canonical = ec == std::errc{} && at == end && std::to_string(number) == text;
    if (canonical) return number;
    return json::value(text);
}

json::object attributes_of(std::map<std::string, std::string> const& attributes) {
    json::object o;
    for (auto const& [key, value] : attributes) o[key] = attribute_value(value);
    return o;
}

void set_time(json::object& o, std::string_view key, std::optional<wall_time> t) {
    if (t && t->time_since_epoch().count() != 0) o[key] = format_rfc3339(*t);
}

}  // namespace

json::object render(catalog::site_record const& s) {
    json::object o{{"id", s.id.str()}, {"kind", s.kind}, {"url", s.url}};
    o["attributes"] = attributes_of(s.attributes);
    o["jurisdiction"] = s.jurisdiction;
    o["enabled"] = s.enabled;
    o["layout"] = transfer::has_hashed_layout(s) ? "hashed" : "readable";
    if (!s.honours.empty()) o["honours"] = attributes_of(s.honours);
    set_time(o, "created", s.created);
    set_time(o, "updated", s.updated);
    return o;
}

json::object render(catalog::cache_record const& c) {
    json::object o{{"id", c.id.str()}, {"url", c.url}, {"near", c.near_site}, {"jurisdiction", c.jurisdiction}};
    o["capacity"] = c.capacity;
    o["used"] = c.used;
    set_time(o, "seen", c.seen);
    return o;
}

json::object render(catalog::replica_record const& r) {
    json::object o{{"asset", r.asset.str()}, {"version", r.version.text()},
                   {"site", r.site.str()},   {"state", catalog::name_of(r.state)},
                   {"size", r.size},         {"path", r.path}};
    set_time(o, "verified_at", r.verified_at);
    if (!r.reason.empty()) o["reason"] = r.reason;
    return o;
}

json::object render(catalog::transfer_record const& t) {
    json::object o{{"id", t.id.str()},
                   {"asset", t.asset.str()},
                   {"version", t.version.text()},
                   {"from", t.from.str()},
                   {"to", t.to.str()},
                   {"mode", t.mode},
                   {"state", catalog::name_of(t.state)},
                   {"attempt", t.attempt},
                   {"bytes", t.bytes},
                   {"total", t.total},
                   {"priority", t.priority},
                   {"activity", t.activity},
                   {"reason", t.reason}};
    set_time(o, "created", t.created);
    set_time(o, "updated", t.updated);
    set_time(o, "not_before", t.not_before);
    return o;
}

json::object render(catalog::rule_record const& r) {
    json::object o{{"id", r.id.str()}};
    if (!r.uri.empty()) o["uri"] = r.uri;
    if (!r.collection.empty()) o["collection"] = r.collection;
    if (!r.filter.empty()) {
        o["filter"] = r.filter;
        o["filter_lang"] = r.filter_lang;
    }
    o["sites"] = r.sites;
    o["copies"] = r.copies;
    if (r.lifetime) o["lifetime"] = format_duration(*r.lifetime);
    o["priority"] = r.priority;
    o["activity"] = r.activity;
    o["comment"] = r.comment;
    o["owner"] = r.owner;
    set_time(o, "created", r.created);
    return o;
}

json::object render(catalog::asset_version const& v) {
    json::object o{{"version", v.id.text()}, {"size", v.size}, {"digests", render(v.digests)}};
    if (!v.media_type.empty()) o["media_type"] = v.media_type;
    if (!v.filename.empty()) o["filename"] = v.filename;
    if (v.tree) o["members"] = v.members;
    set_time(o, "registered", v.registered);
    return o;
}

json::object render(digest_set const& d) {
    json::object o;
    for (auto a : {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5})
        if (auto const& one = d.get(a)) o[name_of(a)] = one->hex();
    return o;
}

result<digest_set> read_digests(json::object const& o) {
    digest_set set;
    for (auto const& member : o) {
        auto const algorithm = digest_algorithm_named(member.key());
        if (!algorithm)
            return fail(errc::invalid_argument,
                        "digests: \"" + std::string(member.key()) + "\" is none of sha-256, adler32, crc32c, md5");
        if (!member.value().is_string())
            return fail(errc::invalid_argument, "digests: " + std::string(member.key()) + " must be a hex string");
        auto const& text = member.value().get_string();
        auto parsed = digest::from_hex(*algorithm, std::string_view(text.data(), text.size()));
        if (!parsed) return parsed.error();
        set.set(*parsed);
    }
    return set;
}

}  // namespace fjord::broker
