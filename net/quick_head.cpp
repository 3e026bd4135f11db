#include "net/quick_head.hpp"

#include "base/text.hpp"
#include "net/request_head.hpp"

#include <algorithm>

namespace fjord::net {

namespace {

constexpr std::size_t max_quick_head = 16u << 10;
constexpr std::size_t max_quick_path = 1024;
constexpr std::size_t max_segment = 255;

using char_set = std::array<bool, 256>;

constexpr char_set set_of(std::string_view marks) {
    char_set out{};
    for (unsigned c = 0; c < out.size(); ++c) out[c] = is_digit(static_cast<char>(c)) || is_alpha(static_cast<char>(c));
    for (char c : marks) out[static_cast<unsigned char>(c)] = true;
    return out;
}

constexpr auto path_char = set_of("-._~!$&'()*+,;=:@/");  // pchar of RFC 3986 without percent-encoding, and '/'
constexpr auto name_char = set_of("!#$%&'*+-.^_`|~");     // tchar of RFC 9110 section 5.6.2

std::size_t run_of(char_set const& set, std::string_view text) noexcept {
    std::size_t n = 0;
    while (n < text.size() && set[static_cast<unsigned char>(text[n])]) ++n;
    return n;
}

bool is_printable(std::string_view text) noexcept {
    bool odd = false;
    for (char c : text) odd |= c < ' ' || c > '~';  // char is signed here or not: both ends are caught
    return !odd;
}

bool is_plain_path(std::string_view path) noexcept {
    if (path.size() < 2 || path.size() > max_quick_path || path.front() != '/') return false;
    while (!path.empty()) {
        path.remove_prefix(1);
        auto const segment = path.substr(0, path.find('/'));
        if (segment.empty() || segment.size() > max_segment || segment == "." || segment == "..") return false;
        path.remove_prefix(segment.size());
    }
    return true;
}

// "NAME: VALUE" without its line end.
bool read_field(std::string_view line, quick_field& out) noexcept {
    auto const n = run_of(name_char, line);
    if (n == 0 || n == line.size() || line[n] != ':') return false;
    out.name = line.substr(0, n);
    out.value = trim(line.substr(n + 1));
    return is_printable(out.value);
}

// What decides about framing, the connection or a copy is for the whole parser.
constexpr std::string_view not_plain[] = {"Content-Length", "Transfer-Encoding", "Expect",
                                          "Upgrade",        "Proxy-Connection",  "TransferHeaderAuthorization"};

// Which fields have been seen that must not come twice.
struct seen_once {
    bool host = false, authorization = false, request_id = false;
};

bool note_field(quick_field const& field, seen_once& seen, quick_head& out) {
    if (iequals(field.name, "Host")) return !std::exchange(seen.host, true) && is_authority(field.value);
    if (iequals(field.name, "Authorization")) {
        out.req.authorization = field.value;
        return !std::exchange(seen.authorization, true) && !field.value.empty();
    }
    if (iequals(field.name, "X-Request-Id")) {
        out.request_id = field.value;
        return !std::exchange(seen.request_id, true) && is_request_id(field.value);
    }
    if (iequals(field.name, "Connection")) return iequals(field.value, "keep-alive");
    return std::none_of(std::begin(not_plain), std::end(not_plain),
                        [&field](std::string_view name) { return iequals(field.name, name); });
}

}  // namespace

std::string_view quick_request::field(std::string_view name) const noexcept {
    auto const at = std::find_if(fields.begin(), fields.end(), [name](quick_field const& f) { return iequals(f.name, name); });
    return at == fields.end() ? std::string_view{} : at->value;
}

bool quick_request::has(std::string_view name) const noexcept {
    return std::any_of(fields.begin(), fields.end(), [name](quick_field const& f) { return iequals(f.name, name); });
}

bool read_quick_head(std::string_view bytes, quick_head& out) {
    auto rest = bytes.substr(0, max_quick_head);
    auto const all = rest.size();
    if (rest.starts_with("GET "))
        out.req.method = rest.substr(0, 3);
    else if (rest.starts_with("HEAD "))
        out.req.method = rest.substr(0, 4);
    else
        return false;
    rest.remove_prefix(out.req.method.size() + 1);
    out.req.path = rest.substr(0, run_of(path_char, rest));
    rest.remove_prefix(out.req.path.size());
    constexpr std::string_view version = " HTTP/1.1\r\n";
    if (!rest.starts_with(version) || !is_plain_path(out.req.path)) return false;
    rest.remove_prefix(version.size());

    out.req.authorization = out.request_id = {};
    seen_once seen;
    std::size_t count = 0;
    while (!rest.starts_with("\r\n")) {
        auto const end = rest.find('\r');
        if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != '\n' || count == quick_head::max_fields)
            return false;
        auto& field = out.room[count++];
        if (!read_field(rest.substr(0, end), field) || !note_field(field, seen, out)) return false;
        rest.remove_prefix(end + 2);
    }
    rest.remove_prefix(2);
    out.req.fields = {out.room.data(), count};
    out.size = all - rest.size();
    return seen.host;
}

}  // namespace fjord::net
