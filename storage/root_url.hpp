#pragma once
// URLs of the XRootD protocol: "roots://host[:port]//absolute/path" (TLS from the first byte) and "root://..." (TLS when the
// server asks for it). One slash before the path, as people write it, is understood too. Pure.
#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fjord::storage {

struct root_url {
    bool tls = false;  // roots
    std::string host;  // lower case; IPv6 in brackets
    std::uint16_t port = 1094;
    std::string path;  // decoded, absolute, without trailing slash: "/data"; "" for the root

    std::string scheme() const { return tls ? "roots" : "root"; }
    std::string endpoint() const;  // "roots://host:1094"
    std::string authority() const { return host + ":" + std::to_string(port); }
};

// True for the schemes root, roots, xroot and xroots.
bool is_root_url(std::string_view url) noexcept;

// errc::invalid_argument: another scheme, a user, a query, a fragment, a bad port, or a path with "..", '?' or control
// characters.
result<root_url> parse_root_url(std::string_view url);

// The path of a driver's call (percent-encoded, relative) at the server. errc::invalid_argument for bad escapes, control
// characters and ".."; errc::unsupported for a '?', which XRootD takes for the end of a name.
result<std::string> root_path(root_url const& site, std::string_view path);

}  // namespace fjord::storage
