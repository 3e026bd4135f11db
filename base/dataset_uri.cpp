#include "base/dataset_uri.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord {

namespace {

constexpr std::size_t max_uri = 16u << 10;  // bytes
constexpr std::size_t max_segments = 128;
constexpr std::string_view scheme = "fjord://";

error bad_uri(std::string_view why) { return fail(errc::invalid_argument, "not a dataset URI: " + std::string(why)); }

bool is_host_character(char c) noexcept { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }

// host or host:port of RFC 3986 without userinfo; IPv6 in brackets. Lower case.
result<std::string> parse_host(std::string_view authority) {
    auto host = authority;
    std::string_view port;
    bool has_port = false;
    if (!host.empty() && host.front() == '[') {
        auto const close = host.find(']');
        if (close == std::string_view::npos) return bad_uri("the IPv6 address has no closing bracket");
        port = host.substr(close + 1);
        host = host.substr(1, close - 1);
        has_port = !port.empty();
        if (has_port && port.front() != ':') return bad_uri("only a port may follow the IPv6 address");
        if (has_port) port.remove_prefix(1);
        auto const fits = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
        if (host.empty() || !std::ranges::all_of(host, fits)) return bad_uri("the IPv6 address is malformed");
    } else {
        has_port = host.find(':') != std::string_view::npos;
        port = host;
        host = take_until(port, ':');
        if (host.empty() || !std::ranges::all_of(host, is_host_character)) return bad_uri("the host is missing or malformed");
    }
    auto const number = parse_unsigned<std::uint16_t>(port);
    if (has_port && (!number || *number == 0)) return bad_uri("the port must be 1 to 65535");
    return to_lower(authority);
}

// The segments after the host, decoded and checked. The DID form is two segments with ':' between.
result<std::vector<std::string>> parse_segments(std::string_view path, bool has_host) {
    static constexpr std::string_view names[] = {"the collection", "the item", "the asset", "the member"};
    bool const did = !has_host && path.find('/') == std::string_view::npos && path.find(':') != std::string_view::npos;
    std::vector<std::string> segments;
    for (bool more = true; more;) {
        // Only the first ':' of the DID form divides: collection ids there have none, item ids may.
        char const divider = did && segments.empty() ? ':' : '/';
        more = path.find(divider) != std::string_view::npos;
        auto const what = names[std::min<std::size_t>(segments.size(), 3)];
        if (segments.size() == max_segments) return bad_uri("more than 128 segments");
        auto segment = percent_decode(take_until(path, divider));
        if (!segment) return bad_uri(std::string(what) + ": " + segment.error().detail);
        if (auto fine = check_name(what, *segment); !fine) return bad_uri(fine.error().detail);
        segments.push_back(std::move(*segment));
    }
    return segments;
}

result<digest> parse_version(std::string_view query) {
    auto value = query;
    if (take_until(value, '=') != "version") return bad_uri("the only query parameter is version=sha-256:HEX");
    auto text = percent_decode(value);
    if (!text) return bad_uri("version: " + text.error().detail);
    auto version = digest::from_text(*text);
    if (!version) return bad_uri("version: " + version.error().detail);
    if (version->algorithm() != digest_algorithm::sha256) return bad_uri("a version is named by its sha-256");
    return *version;
}

}  // namespace

result<dataset_uri> dataset_uri::parse(std::string_view text) {
    if (text.size() > max_uri) return bad_uri("it is longer than 16 KiB");
    if (text.find('#') != std::string_view::npos) return bad_uri("it has no fragment part");
    dataset_uri uri;
    bool const has_query = text.find('?') != std::string_view::npos;
    auto query = text;
    auto path = take_until(query, '?');
    if (has_query) {
        auto version = parse_version(query);
        if (!version) return version.error();
        uri.version = *version;
    }
    bool const has_host = iequals(path.substr(0, scheme.size()), scheme);
    if (has_host) {
        path.remove_prefix(scheme.size());
        auto host = parse_host(take_until(path, '/'));
        if (!host) return host.error();
        uri.host = std::move(*host);
    }
    auto segments = parse_segments(path, has_host);
    if (!segments) return segments.error();
    auto& names = *segments;
    uri.collection = collection_id(std::move(names[0]));
    if (names.size() > 1) uri.item = item_id(std::move(names[1]));
    if (names.size() > 2) uri.asset = asset_key(std::move(names[2]));
    if (names.size() > 3) uri.member.assign(std::make_move_iterator(names.begin() + 3), std::make_move_iterator(names.end()));
    return uri;
}

std::string dataset_uri::path() const {
    auto out = encode_segment(collection.str());
    if (item.empty()) {
        // Alone, "a:b" would read as the DID form.
        for (auto at = out.find(':'); at != std::string::npos; at = out.find(':', at)) out.replace(at, 1, "%3A");
        return out;
    }
    out += "/" + encode_segment(item.str());
    if (asset.empty()) return out;
    out += "/" + encode_segment(asset.str());
    for (auto const& name : member) out += "/" + encode_segment(name);
    return out;
}

std::string dataset_uri::str() const {
    auto out = host.empty() ? path() : std::string(scheme) + host + "/" + path();
    if (version) out += "?version=" + version->text();
    return out;
}

}  // namespace fjord
