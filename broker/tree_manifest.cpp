#include "broker/tree_manifest.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"

namespace fjord::broker {
namespace {

constexpr std::size_t longest_path = 4096;

// What the URI of a member can say: segments as of any name, so no "..", no empty one, no control characters.
result<void> check_path(std::string_view path) {
    if (path.size() > longest_path) return fail(errc::invalid_argument, "path: is longer than 4096 bytes");
    for (std::size_t begin = 0; begin <= path.size();) {
        auto const end = std::min(path.find('/', begin), path.size());
        if (auto ok = check_name("path", path.substr(begin, end - begin)); !ok) return ok;
        begin = end + 1;
    }
    return {};
}

}  // namespace

result<catalog::tree_member> tree_manifest::read(std::string_view line) {
    auto const value = parse_json(line, {.max_bytes = longest_line, .max_depth = 4});
    if (!value) return error(errc::invalid_argument, value.error().detail);
    object_reader in(*value, "member");
    catalog::tree_member m;
    m.path = in.string("path");
    m.size = static_cast<std::uint64_t>(in.integer("size", 0, INT64_MAX));
    auto const named = in.string("digest");
    if (auto ok = in.done(); !ok) return ok.error();
    auto const id = digest::from_text(named);
    if (!id || id->algorithm() != digest_algorithm::sha256)
        return fail(errc::invalid_argument, "member: digest must be sha-256:HEX with 64 hex digits");
    m.id = *id;
    if (auto ok = check_path(m.path); !ok) return ok.error();
    if (members_ > 0 && m.path <= last_)
        return fail(errc::invalid_argument, m.path == last_ ? "member: " + m.path + " comes twice"
                                                            : "member: " + m.path + " comes after " + last_ +
                                                                  "; sort the manifest by the bytes of the path");
    last_ = m.path;
    ++members_;
    if (m.size > UINT64_MAX - bytes_) return fail(errc::invalid_argument, "member: the sizes add up to more than 64 bits");
    bytes_ += m.size;
    sum_.update(m.id.hex() + " " + std::to_string(m.size) + " " + m.path + "\n");
    return m;
}

digest tree_manifest::finish() { return *sum_.finish().sha256; }

std::string manifest_line(catalog::tree_member const& m) {
    return "{\"path\":" + json_quote(m.path) + ",\"size\":" + std::to_string(m.size) + ",\"digest\":\"" + m.id.text() + "\"}\n";
}

}  // namespace fjord::broker
