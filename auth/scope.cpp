#include "auth/scope.hpp"

#include "base/dataset_uri.hpp"

#include <algorithm>
#include <array>

namespace fjord::auth {
namespace {

constexpr std::array storage_verbs{"storage.read", "storage.create", "storage.modify", "storage.stage", "storage.poll"};
constexpr std::array idle_verbs{"compute.read", "compute.modify", "compute.create", "compute.cancel", "host.auth"};

template <class Table>
bool listed(Table const& table, std::string_view name) {
    return std::find(table.begin(), table.end(), name) != table.end();
}

// Spellings that some other parser would read as a separator, a dot segment or an end of string, even after our decoding.
bool hides_a_separator(std::string_view text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        if (text[i] != '%') continue;
        auto code = text.substr(i + 1, 2);
        for (std::string_view bad : {"2e", "2E", "2f", "2F", "5c", "5C", "00"})
            if (code == bad) return true;
    }
    return false;
}

// "..;x" is a parent step for servers that strip path parameters (A14).
bool is_dot_segment(std::string_view segment) {
    auto name = segment.substr(0, segment.find(';'));
    return name == "." || name == ".." || (name.empty() && !segment.empty());
}

result<std::string> decode_scope_segment(std::string_view raw) {
    auto refuse = [&](std::string_view why) { return fail(errc::bad_scope, "scope path: " + std::string(why)); };
    if (raw.empty()) return refuse("an empty component (\"//\")");
    if (raw.find_first_of("?#\\") != std::string_view::npos) return refuse("'?', '#' or a backslash");
    if (hides_a_separator(raw)) return refuse("an encoded dot, slash, backslash or NUL");
    auto decoded = percent_decode(raw);
    if (!decoded) return refuse("a bad percent-escape");
    // Decoded exactly once and looked at again: what is still an escape now was encoded twice.
    if (hides_a_separator(*decoded) || decoded->find("%25") != std::string::npos) return refuse("a doubly encoded character");
    if (is_dot_segment(*decoded)) return refuse("a dot segment");
    if (auto ok = check_name("scope path component", *decoded); !ok) return refuse(ok.error().message());
    return decoded;
}

result<void> add_storage(std::vector<capability>& out, std::initializer_list<std::string_view> verbs, std::string_view name,
                         std::string_view path) {
    auto parsed = parse_scope_path(path);
    if (!parsed) return fail(errc::bad_scope, std::string(name) + ": " + parsed.error().message());
    for (auto verb : verbs) out.push_back({std::string(verb), parsed->segments, parsed->directory_only});
    return {};
}

result<void> add_scope(std::vector<capability>& out, std::string_view text, dialect d) {
    auto colon = text.find(':');
    auto name = text.substr(0, colon);
    auto path = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (listed(storage_verbs, name)) return add_storage(out, {name}, name, path);
    if (listed(idle_verbs, name)) out.push_back({std::string(name), {}, false});
    if (d != dialect::scitokens) return {};
    if (name == "read") return add_storage(out, {"storage.read"}, name, path);
    if (name == "write") return add_storage(out, {"storage.create", "storage.modify"}, name, path);
    if (name == "queue" || name == "execute" || name == "condor") out.push_back({"scitokens." + std::string(name), {}, false});
    return {};
}

}  // namespace

result<scope_path> parse_scope_path(std::string_view raw) {
    if (raw.empty()) return fail(errc::bad_scope, "the path is missing; write an absolute path, \"/\" for everything");
    if (raw.front() != '/') return fail(errc::bad_scope, "the path is not absolute");
    scope_path out;
    raw.remove_prefix(1);
    while (!raw.empty()) {
        auto slash = raw.find('/');
        auto segment = decode_scope_segment(raw.substr(0, slash));
        if (!segment) return segment.error();
        out.segments.push_back(std::move(*segment));
        out.directory_only = slash != std::string_view::npos && slash + 1 == raw.size();
        if (slash == std::string_view::npos) break;
        raw.remove_prefix(slash + 1);
    }
    return out;
}

result<std::vector<capability>> parse_scopes(std::string_view scope, dialect d) {
    std::vector<capability> out;
    while (!scope.empty()) {
        auto space = scope.find(' ');
        auto text = scope.substr(0, space);
        scope.remove_prefix(space == std::string_view::npos ? scope.size() : space + 1);
        if (text.empty()) continue;
        if (auto ok = add_scope(out, text, d); !ok) return ok.error();
    }
    return out;
}

}  // namespace fjord::auth
