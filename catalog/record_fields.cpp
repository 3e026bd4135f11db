#include "catalog/record_fields.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

namespace fjord::catalog {
namespace {

constexpr std::uint64_t format_version = 1;
constexpr char frame_tag = '\x01';
constexpr std::size_t frame_head = 5;  // tag and header length

constexpr digest_algorithm algorithms[] = {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c,
                                           digest_algorithm::md5};

std::uint32_t read_u32(std::string_view bytes) {
    std::uint32_t n = 0;
    for (int i = 0; i < 4; ++i) n = n << 8 | static_cast<unsigned char>(bytes[i]);
    return n;
}

}  // namespace

field_writer::field_writer() { object_["v"] = format_version; }

field_writer& field_writer::text(std::string_view key, std::string_view value) {
    if (!value.empty()) object_[key] = value;
    return *this;
}

field_writer& field_writer::number(std::string_view key, std::uint64_t value) {
    object_[key] = value;
    return *this;
}

field_writer& field_writer::flag(std::string_view key, bool value) {
    object_[key] = value;
    return *this;
}

field_writer& field_writer::time(std::string_view key, wall_time value) {
    if (value != wall_time{}) object_[key] = value.time_since_epoch().count();
    return *this;
}

field_writer& field_writer::time(std::string_view key, std::optional<wall_time> const& value) {
    if (value) object_[key] = value->time_since_epoch().count();
    return *this;
}

field_writer& field_writer::hash(std::string_view key, digest const& value) {
    if (!value.empty()) object_[key] = value.text();
    return *this;
}

field_writer& field_writer::hashes(std::string_view key, digest_set const& value) {
    json::object known;
    for (auto a : algorithms)
        if (auto const& d = value.get(a)) known[name_of(a)] = d->hex();
    if (!known.empty()) object_[key] = std::move(known);
    return *this;
}

field_writer& field_writer::texts(std::string_view key, std::map<std::string, std::string> const& value) {
    if (value.empty()) return *this;
    json::object members;
    for (auto const& [name, text] : value) members[name] = text;
    object_[key] = std::move(members);
    return *this;
}

std::string field_writer::str() const { return json::serialize(object_); }

std::string field_writer::str_with_document(std::string_view document) const {
    auto header = str();
    std::string out;
    out.reserve(frame_head + header.size() + document.size());
    out.push_back(frame_tag);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(header.size() >> shift & 0xff));
    out += header;
    out += document;
    return out;
}

field_reader::field_reader(std::string_view stored, std::string_view what) : what_(what) { parse(stored); }

field_reader field_reader::framed(std::string_view stored, std::string_view what) {
    field_reader in(what);
    if (stored.size() < frame_head || stored.front() != frame_tag) {
        in.refuse("it has no frame");
        return in;
    }
    std::size_t header = read_u32(stored.substr(1));
    if (header > stored.size() - frame_head) {
        in.refuse("its header is cut short");
        return in;
    }
    in.parse(stored.substr(frame_head, header));
    in.document_ = stored.substr(frame_head + header);
    return in;
}

void field_reader::parse(std::string_view stored) {
    // Texts from peers (reasons, comments) are kept as they came, whatever their encoding.
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    error_code ec;
    auto value = json::parse(stored, ec, {}, options);
    if (ec || !value.is_object()) return refuse("it is not a JSON object");
    object_ = std::move(value.get_object());
    std::uint64_t version = 0;
    number("v", version);
    if (version == 0) return refuse("it has no version");
    if (version > format_version)
        failure_ = fail(errc::unsupported, "the catalog's " + what_ + " was written by a newer release; start that one");
}

json::value const* field_reader::find(std::string_view key) { return object_.if_contains(key); }

void field_reader::text(std::string_view key, std::string& to) {
    auto v = find(key);
    if (!v) return;
    if (auto s = v->if_string())
        to.assign(s->data(), s->size());
    else
        refuse(key);
}

void field_reader::number(std::string_view key, std::uint64_t& to) {
    auto v = find(key);
    if (!v) return;
    if (auto n = v->if_int64(); n && *n >= 0)
        to = static_cast<std::uint64_t>(*n);
    else if (auto u = v->if_uint64())
        to = *u;
    else
        refuse(key);
}

void field_reader::number(std::string_view key, std::uint32_t& to) {
    std::uint64_t wide = to;
    number(key, wide);
    if (wide > UINT32_MAX) return refuse(key);
    to = static_cast<std::uint32_t>(wide);
}

void field_reader::flag(std::string_view key, bool& to) {
    auto v = find(key);
    if (!v) return;
    if (auto b = v->if_bool())
        to = *b;
    else
        refuse(key);
}

void field_reader::time(std::string_view key, wall_time& to) {
    auto v = find(key);
    if (!v) return;
    if (auto n = v->if_int64())
        to = wall_time{milliseconds{*n}};
    else
        refuse(key);
}

void field_reader::time(std::string_view key, std::optional<wall_time>& to) {
    if (!has(key)) return;
    wall_time t{};
    time(key, t);
    to = t;
}

void field_reader::hash(std::string_view key, digest& to) {
    std::string written;
    text(key, written);
    if (written.empty()) return;
    auto d = digest::from_text(written);
    if (!d) return refuse(key);
    to = *d;
}

void field_reader::hashes(std::string_view key, digest_set& to) {
    std::map<std::string, std::string> written;
    texts(key, written);
    for (auto const& [name, hex] : written) {
        auto algorithm = digest_algorithm_named(name);
        if (!algorithm) continue;  // a later release may know more algorithms
        auto d = digest::from_hex(*algorithm, hex);
        if (!d) return refuse(key);
        to.set(*d);
    }
}

void field_reader::texts(std::string_view key, std::map<std::string, std::string>& to) {
    auto v = find(key);
    if (!v) return;
    auto members = v->if_object();
    if (!members) return refuse(key);
    for (auto const& member : *members) {
        auto s = member.value().if_string();
        if (!s) return refuse(key);
        to[std::string(member.key())] = std::string(s->data(), s->size());
    }
}

void field_reader::refuse(std::string_view why) {
    if (!failure_)
        failure_ = fail(errc::corrupt,
                        "the catalog's " + what_ + " cannot be read (" + std::string(why) + "); restore the store from a backup");
}

result<void> field_reader::done() const {
    if (failure_) return *failure_;
    return {};
}

}  // namespace fjord::catalog
