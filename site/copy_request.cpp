#include "site/copy_request.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace fjord::site {

namespace {

constexpr std::string_view transfer_prefix = "TransferHeader";
constexpr std::array<std::string_view, 4> forwardable{"Authorization", "SciTag", "X-Request-Id", "If-Match"};

error bad(std::string detail) { return fail(errc::invalid_argument, std::move(detail)); }

// A field that may stand once; "" when absent.
result<std::string_view> single(net::header_list const& headers, std::string_view name) {
    if (headers.count(name) > 1) return bad(std::string(name) + " is given more than once");
    return trim(headers.get(name));
}

result<bool> read_overwrite(net::header_list const& headers) {
    auto value = single(headers, "Overwrite");
    if (!value) return value.error();
    if (value->empty() || iequals(*value, "T")) return true;
    if (iequals(*value, "F")) return false;
    return bad("Overwrite must be T or F");
}

result<checksum_rule> read_checksum_rule(net::header_list const& headers) {
    auto value = single(headers, "RequireChecksumVerification");
    if (!value) return value.error();
    if (value->empty()) return checksum_rule::if_offered;
    if (iequals(*value, "true")) return checksum_rule::required;
    if (iequals(*value, "false")) return checksum_rule::waived;
    return bad("RequireChecksumVerification must be true or false");
}

// Only bearer tokens go on to the remote side: everything else would let a caller speak other schemes through us.
result<secret> read_bearer(std::string_view value) {
    auto rest = trim(value);
    auto const scheme = take_until(rest, ' ');
    rest = trim(rest);
    if (!iequals(scheme, "Bearer") || rest.empty()) return bad("TransferHeaderAuthorization must be a Bearer token");
    auto const ok = [](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
    };
    if (rest.size() > 8192 || !std::all_of(rest.begin(), rest.end(), ok))
        return bad("TransferHeaderAuthorization holds no well-formed token (RFC 6750 section 2.1)");
    return secret(std::string(rest));
}

result<void> read_forwarded(net::header_list const& headers, copy_request& out) {
    for (auto const& [name, value] : headers.items()) {
        if (!iequals(std::string_view(name).substr(0, transfer_prefix.size()), transfer_prefix)) continue;
        auto const bare = std::string_view(name).substr(transfer_prefix.size());
        auto const known = std::find_if(forwardable.begin(), forwardable.end(), [bare](auto f) { return iequals(f, bare); });
        if (known == forwardable.end())
            return bad("TransferHeader fields may carry Authorization, SciTag, X-Request-Id and If-Match only");
        if (headers.count(name) > 1) return bad(std::string(transfer_prefix) + std::string(*known) + " is given more than once");
        if (*known != "Authorization") {
            out.forwarded.set(*known, value);
            continue;
        }
        auto token = read_bearer(value);
        if (!token) return token.error();
        out.remote_token = std::move(*token);
    }
    // SciTag wins over TransferHeaderSciTag.
    if (auto const tag = headers.find("SciTag")) out.forwarded.set("SciTag", *tag);
    return {};
}

}  // namespace

result<copy_request> parse_copy_request(net::header_list const& headers, remote_rules const& rules) {
    auto const source = single(headers, "Source");
    auto const destination = single(headers, "Destination");
    if (!source) return source.error();
    if (!destination) return destination.error();
    if (source->empty() == destination->empty())
        return bad("COPY needs exactly one of Source (this site pulls) and Destination (this site pushes)");
    auto const credential = single(headers, "Credential");
    if (!credential) return credential.error();
    if (!credential->empty() && !iequals(*credential, "none")) return bad("only 'Credential: none' is supported");

    copy_request out;
    out.direction = source->empty() ? copy_direction::push : copy_direction::pull;
    auto remote = parse_remote(source->empty() ? *destination : *source, rules);
    if (!remote) return remote.error();
    out.remote = std::move(*remote);
    auto const overwrite = read_overwrite(headers);
    if (!overwrite) return overwrite.error();
    out.overwrite = *overwrite;
    auto const checksum = read_checksum_rule(headers);
    if (!checksum) return checksum.error();
    out.checksum = *checksum;
    if (auto forwarded = read_forwarded(headers, out); !forwarded) return forwarded.error();
    return out;
}

}  // namespace fjord::site
