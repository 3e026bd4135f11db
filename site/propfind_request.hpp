#pragma once
// What a PROPFIND asks for (RFC 4918 sections 9.1 and 14.20). Pure.
#include "base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fjord::site {

struct property_name {
    std::string space, name;  // "DAV:", "getetag"
};

struct asked_properties {
    enum class kind { all, names, listed };
    kind what = kind::all;
    std::vector<property_name> listed;
};

// No body means everything. errc::invalid_argument: not well-formed, with a document type, or no propfind document;
// errc::limit_exceeded: more than 256 properties.
result<asked_properties> parse_propfind(std::string_view body);

}  // namespace fjord::site
