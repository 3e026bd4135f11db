#include "storage/webdav_status.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "net/http.hpp"

namespace fjord::storage {

namespace {

errc kind_of(unsigned status, std::string_view text) {
    switch (status) {
        case 400:
            return text.find("no such file or directory") != std::string_view::npos ? errc::not_found : errc::invalid_argument;
        case 401:
            return errc::unauthenticated;
        case 403:
            return errc::denied;
        case 404:
        case 409:
        case 410:
            return errc::not_found;
        case 405:
        case 501:
            return errc::unsupported;
        case 412:
            return errc::already_exists;
        case 413:
        case 507:
            return errc::no_space;
        default:
            return status >= 300 && status < 400 ? errc::unsupported : errc::unavailable;
    }
}

std::string text_of_problem(std::string_view body) {
    auto const parsed = parse_json(body, {.max_bytes = 64u << 10, .max_depth = 8});
    if (!parsed || !parsed->is_object()) return {};
    for (auto const* member : {"detail", "title"}) {
        auto const* value = parsed->as_object().if_contains(member);
        if (value && value->is_string()) return std::string(value->as_string());
    }
    return {};
}

// Markup out, runs of blanks and control characters become one blank.
std::string flatten(std::string_view text, std::size_t limit) {
    std::string out;
    bool in_tag = false, gap = false;
    for (char c : text) {
        if (c == '<') in_tag = true;
        bool const blank = in_tag || static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
        if (c == '>') in_tag = false;
        if (blank) {
            gap = !out.empty();
            continue;
        }
        if (gap) out += ' ';
        gap = false;
        out += c;
        if (out.size() >= limit) break;
    }
    return out;
}

}  // namespace

std::string tidy_reason(std::string_view body, std::size_t limit) {
    auto const problem = body.starts_with('{') ? text_of_problem(body) : std::string{};
    return flatten(scrub(problem.empty() ? body.substr(0, 16u << 10) : std::string_view(problem)), limit);
}

error error_from_status(std::string_view what, unsigned status, std::string_view body) {
    auto const reason = tidy_reason(body);
    auto detail =
        std::string(what) + ": the site answered " + std::to_string(status) + " " + std::string(net::reason_phrase(status));
    if (!reason.empty()) detail += ": " + reason;
    if (status >= 300 && status < 400) detail += "; redirects of this verb are not followed";
    return error(kind_of(status, reason), std::move(detail));
}

}  // namespace fjord::storage
