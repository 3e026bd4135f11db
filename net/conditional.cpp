// Conditional requests: the order of RFC 9110 section 13.2.2, step by step.
#include "base/text.hpp"
#include "net/http.hpp"
#include "net/http_date.hpp"

namespace fjord::net {

namespace {

struct entity_tag {
    bool weak = false;
    std::string_view opaque;  // with its quotes
};

// Takes the next entity-tag off a list; nullopt at the end or where the list stops making sense.
std::optional<entity_tag> next_tag(std::string_view& list) {
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
    entity_tag tag;
    if (list.starts_with("W/")) {
        tag.weak = true;
        list.remove_prefix(2);
    }
    if (!list.starts_with('"')) return std::nullopt;
    auto const end = list.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    tag.opaque = list.substr(0, end + 1);
    list.remove_prefix(end + 1);
    return tag;
}

// Does one of the tags in the field lines match? Strong comparison knows no weak tags (section 8.8.3.2).
bool matches(header_list const& headers, std::string_view field, std::string_view etag, bool strong) {
    auto current_text = etag;
    auto const current = next_tag(current_text);
    for (auto line : headers.all(field)) {
        if (trim(line) == "*") {
            if (!etag.empty()) return true;
            continue;
        }
        if (!current) continue;
        while (auto const tag = next_tag(line)) {
            bool const usable = !strong || (!tag->weak && !current->weak);
            if (usable && tag->opaque == current->opaque) return true;
        }
    }
    return false;
}

std::optional<wall_time> date_field(request const& req, std::string_view name) {
    auto const text = req.headers.find(name);
    return text ? parse_http_date(*text) : std::nullopt;
}

wall_time whole_seconds(wall_time t) { return std::chrono::floor<seconds>(t); }

bool is_read(request const& req) { return req.method == "GET" || req.method == "HEAD"; }

// Steps 1 and 2.
bool may_proceed(request const& req, std::string_view etag, std::optional<wall_time> modified) {
    if (req.headers.find("If-Match")) return matches(req.headers, "If-Match", etag, true);
    auto const since = date_field(req, "If-Unmodified-Since");
    return !since || !modified || whole_seconds(*modified) <= *since;
}

// Steps 3 and 4.
bool has_changed(request const& req, std::string_view etag, std::optional<wall_time> modified) {
    if (req.headers.find("If-None-Match")) return !matches(req.headers, "If-None-Match", etag, false);
    if (!is_read(req)) return true;
    auto const since = date_field(req, "If-Modified-Since");
    return !since || !modified || whole_seconds(*modified) > *since;
}

}  // namespace

std::optional<unsigned> evaluate_preconditions(request const& req, std::string_view etag, std::optional<wall_time> modified) {
    if (!may_proceed(req, etag, modified)) return 412;
    if (!has_changed(req, etag, modified)) return is_read(req) ? 304u : 412u;
    return std::nullopt;
}

bool range_applies(request const& req, std::string_view etag, std::optional<wall_time> modified) {
    auto const condition = req.headers.find("If-Range");
    if (!condition) return true;
    auto text = trim(*condition);
    if (text.starts_with("W/")) return false;
    if (text.starts_with('"')) return text == etag;
    auto const date = parse_http_date(text);
    return date && modified && whole_seconds(*modified) == *date;
}

}  // namespace fjord::net
