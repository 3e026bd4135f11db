// The quick way of GET and HEAD: a file that the kernel has at hand, of which all that is told is known, for a caller whose token
// was verified before. Everything else is declined, and handle_get() says it; what is said here reads the same there.
#include "base/byte_range.hpp"
#include "base/text.hpp"
#include "site/door_core.hpp"
#include "site/listing.hpp"

#include <algorithm>

namespace fjord::site {

namespace {

constexpr std::string_view needs_more[] = {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
                                           "If-Range", "Want-Digest",   "Want-Repr-Digest",  "DPoP"};

bool is_simple(net::quick_request const& req) {
    return std::none_of(req.fields.begin(), req.fields.end(), [](net::quick_field const& f) {
        return std::any_of(std::begin(needs_more), std::end(needs_more), [&f](auto name) { return iequals(name, f.name); });
    });
}

// Null: the whole way must say who this is, or that it is nobody.
std::shared_ptr<principal const> known_caller(door_core const& core, net::quick_request const& req) {
    static auto const anonymous = std::make_shared<principal const>();
    if (req.authorization.empty()) return anonymous;
    constexpr std::string_view scheme = "Bearer ";
    auto const& field = req.authorization;
    if (field.size() <= scheme.size() || !iequals(field.substr(0, scheme.size()), scheme)) return nullptr;
    auto known = core.parts.tokens.recall(secret(std::string(trim(field.substr(scheme.size())))));
    return known && *known ? std::move(**known) : nullptr;
}

// Below the door's prefix; nullopt: not this door's.
std::optional<path_segments> own_segments(door_core const& core, std::string_view path) {
    path_segments out;
    out.reserve(8);
    path.remove_prefix(1);
    while (!path.empty()) out.emplace_back(take_until(path, '/'));
    auto const& prefix = core.prefix;
    if (out.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), out.begin())) return std::nullopt;
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(prefix.size()));
    return out;
}

// The part asked for; nullopt: several parts, or none that there is.
std::optional<byte_span> part_of(net::quick_request const& req, std::uint64_t size, bool& partial) {
    auto const range = req.method == "GET" ? req.field("Range") : std::string_view{};
    if (range.empty()) return byte_span{0, size};
    auto const asked = resolve_ranges(range, size);
    partial = asked.verdict == range_verdict::partial;
    if (asked.verdict == range_verdict::whole) return byte_span{0, size};
    if (!partial || asked.spans.size() != 1) return std::nullopt;
    return asked.spans.front();
}

}  // namespace

bool serve_quickly(door_core const& core, net::quick_request const& req, net::quick_answer& answer) {
    if (core.parts.accounts || !is_simple(req)) return false;  // mapped accounts are looked up, which may wait
    auto who = known_caller(core, req);
    auto const path = who ? own_segments(core, req.path) : std::nullopt;
    if (!path || root_directory::is_hidden(*path) || !held_at(core, *who, *path, false).read) return false;
    auto file = core.root.open_cached(*path);
    if (!file || file->facts.state != object_state::file) return false;
    auto const note = core.notes.find(file->facts);
    bool partial = false;
    auto const part = note ? part_of(req, file->facts.size, partial) : std::nullopt;
    if (!part) return false;

    answer.add("Content-Type", content_type_of(req.path));
    answer.add("Accept-Ranges", "bytes");
    answer.add("X-Content-Type-Options", "nosniff");
    answer.add("Last-Modified", note->last_modified);
    answer.add("ETag", note->etag);
    if (partial) {
        answer.status = 206;
        answer.add("Content-Range", content_range(*part, file->facts.size));
    }
    answer.send(std::move(file->fd), part->begin, part->size());
    answer.caller = std::move(who);
    return true;
}

}  // namespace fjord::site
