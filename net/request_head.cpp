#include "net/request_head.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace fjord::net {

namespace {

using outcome = std::optional<refusal>;

refusal bad(std::string detail) { return {400, std::move(detail)}; }

// RFC 9112 section 6: exactly one way to know where the body ends, or the next request is forged from this one's body.
outcome check_framing(request_parser const& parser) {
    auto const& headers = parser.headers;
    auto const lengths = headers.count("Content-Length");
    auto const codings = headers.count("Transfer-Encoding");
    if (lengths > 0 && codings > 0) return bad("both Content-Length and Transfer-Encoding are given");
    if (lengths > 1) return bad("Content-Length is given more than once");
    if (lengths == 1 && !parse_unsigned<std::uint64_t>(headers.get("Content-Length")))
        return bad("Content-Length is not a number");
    if (codings == 0) return {};
    if (!parser.http_1_1) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (codings > 1 || !iequals(headers.get("Transfer-Encoding"), "chunked")) {
        return refusal{501, "the only transfer coding understood is chunked"};
    }
    return {};
}

// RFC 9112 section 3.2.
outcome check_host(request_parser& parser, head_rules const& rules) {
    auto const count = parser.headers.count("Host");
    if (count > 1) return bad("Host is given more than once");
    if (count == 0 && parser.http_1_1) return bad("Host is missing");
    if (count == 0) parser.headers.set("Host", rules.default_host);
    if (count == 1 && !is_authority(parser.headers.get("Host"))) return bad("Host is malformed");
    return {};
}

// Reduces absolute-form to origin-form; its authority replaces Host (RFC 9112 section 3.2.2).
outcome normalise_target(request_parser& parser) {
    std::string_view target = parser.target;
    if (target.find('#') != std::string_view::npos) return bad("the request target holds a fragment");
    if (target.starts_with('/')) return {};
    if (target == "*" && parser.method == "OPTIONS") return {};
    auto const colon = target.find("://");
    if (colon == std::string_view::npos ||
        (!iequals(target.substr(0, colon), "http") && !iequals(target.substr(0, colon), "https"))) {
        return bad("the request target must be a path");
    }
    auto rest = target.substr(colon + 3);
    auto const authority = rest.substr(0, rest.find_first_of("/?"));
    if (!is_authority(authority)) return bad("the authority in the request target is malformed");
    rest.remove_prefix(authority.size());
    std::string path(rest.starts_with('/') ? "" : "/");
    path += rest;
    parser.headers.set("Host", authority);
    parser.target = std::move(path);
    return {};
}

outcome split_target(request_parser& parser, request& out) {
    out.target = std::move(parser.target);
    std::string_view rest = out.target;
    out.raw_path = std::string(take_until(rest, '?'));
    out.raw_query = std::string(rest);
    if (out.raw_path != "*") {
        auto path = decode_path(out.raw_path);
        if (!path) return bad(path.error().message());
        out.path = std::move(*path);
    }
    auto query = query_list::parse(out.raw_query);
    if (!query) return bad(query.error().message());
    out.query = std::move(*query);
    return {};
}

refusal bad_credentials(std::string detail) { return {400, std::move(detail), true}; }

// Tokens travel in Authorization, over TLS, and nowhere else.
outcome check_tokens(request const& req, head_rules const& rules) {
    if (req.query.find("authz") || req.query.find("access_token")) {
        return bad_credentials("tokens are not accepted in a URL, where logs and caches keep them; send Authorization: Bearer");
    }
    if (req.headers.count("Authorization") > 1) return bad_credentials("Authorization is given more than once");
    bool const has_token = req.headers.find("Authorization") || req.headers.find("TransferHeaderAuthorization");
    if (has_token && !rules.tls && !rules.tokens_over_http) {
        return bad_credentials("this is a plain HTTP listener and tokens would be readable on the way; use the https URL");
    }
    return {};
}

outcome check_expectation(header_list const& headers) {
    auto const expect = headers.find("Expect");
    if (!expect || iequals(*expect, "100-continue")) return {};
    return refusal{417, "the only expectation understood is 100-continue"};
}

// The first element of a Forwarded field: its proto and host parameters (RFC 7239).
void read_forwarded(std::string_view field, std::string& scheme, std::string& host) {
    auto element = take_until(field, ',');
    while (!element.empty()) {
        auto value = take_until(element, ';');
        auto const name = trim(take_until(value, '='));
        value = trim(value);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        if (iequals(name, "proto")) scheme = to_lower(value);
        if (iequals(name, "host")) host = value;
    }
}

bool is_prefix(std::string_view text) {
    auto const allowed = [](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view("/-._~").find(c) != std::string_view::npos;
    };
    return text.starts_with('/') && text.size() <= 200 && std::all_of(text.begin(), text.end(), allowed);
}

std::string make_base_url(header_list const& headers, head_rules const& rules) {
    std::string scheme = rules.tls ? "https" : "http";
    std::string host(headers.get("Host"));
    std::string prefix;
    if (rules.trust_forwarded) {
        auto first = [&headers](std::string_view name) {
            auto list = headers.get(name);
            return std::string(trim(take_until(list, ',')));
        };
        std::string said_scheme = to_lower(first("X-Forwarded-Proto")), said_host = first("X-Forwarded-Host");
        read_forwarded(headers.get("Forwarded"), said_scheme, said_host);
        if (said_scheme == "https" || said_scheme == "http") scheme = said_scheme;
        if (is_authority(said_host)) host = said_host;
        prefix = first("X-Forwarded-Prefix");
        while (prefix.ends_with('/')) prefix.pop_back();
        if (!is_prefix(prefix)) prefix.clear();
    }
    return scheme + "://" + host + prefix;
}

}  // namespace

bool is_authority(std::string_view text) {
    auto const allowed = [](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view(".-_:[]").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= 300 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_request_id(std::string_view text) {
    auto const allowed = [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}

bool expects_continue(header_list const& headers) { return iequals(headers.get("Expect"), "100-continue"); }

outcome check_head(request_parser& parser, head_rules const& rules, request& out) {
    if (auto no = check_framing(parser)) return no;
    if (auto no = check_host(parser, rules)) return no;
    if (auto no = normalise_target(parser)) return no;
    out.method = std::move(parser.method);
    if (auto no = split_target(parser, out)) return no;
    out.headers = std::move(parser.headers);
    out.tls = rules.tls || rules.tokens_over_http;
    if (auto no = check_tokens(out, rules)) return no;
    if (auto no = check_expectation(out.headers)) return no;
    out.base_url = make_base_url(out.headers, rules);
    return {};
}

}  // namespace fjord::net
