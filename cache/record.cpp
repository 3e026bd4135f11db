#include "cache/record.hpp"

#include <array>
#include <span>

namespace fjord::cache {

namespace {

constexpr std::uint8_t object_format = 1;
constexpr std::uint8_t extent_format = 1;

template <class Int>
void put(std::string& out, Int value) {
    for (std::size_t i = 0; i < sizeof(Int); ++i)
        out.push_back(static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff));
}

void put_text(std::string& out, std::string_view text) {
    text = text.substr(0, 0xffff);
    put<std::uint16_t>(out, static_cast<std::uint16_t>(text.size()));
    out.append(text);
}

// Reads what put() wrote; after the first shortage everything reads as zero and ok() is false.
class taker {
public:
    explicit taker(std::string_view bytes) : rest_(bytes) {}
    bool ok() const noexcept { return ok_; }
    bool at_end() const noexcept { return rest_.empty(); }

    template <class Int>
    Int number() {
        auto bytes = raw(sizeof(Int));
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
        return static_cast<Int>(value);
    }
    std::string_view text() { return raw(number<std::uint16_t>()); }
    std::string_view raw(std::size_t n) {
        if (rest_.size() < n) {
            ok_ = false;
            return {};
        }
        auto taken = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return taken;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

std::span<std::byte const> as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

}  // namespace

std::string encode_id(std::uint64_t id) {
    std::string key;
    for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>((id >> shift) & 0xff));
    return key;
}

std::optional<std::uint64_t> decode_id(std::string_view key) {
    if (key.size() != 8) return std::nullopt;
    std::uint64_t id = 0;
    for (char c : key) id = (id << 8) | static_cast<unsigned char>(c);
    return id;
}

std::string encode(object_meta const& meta) {
    std::string out;
    put(out, object_format);
    put<std::uint8_t>(out, (meta.verified ? 1 : 0) | (meta.superseded ? 2 : 0) | (meta.hidden ? 4 : 0));
    put(out, meta.size);
    put<std::int64_t>(out, meta.stored.time_since_epoch().count());
    put_text(out, meta.path);
    put_text(out, meta.version);
    auto sha = meta.sha256 ? meta.sha256->bytes() : std::span<std::byte const>();
    put_text(out, {reinterpret_cast<char const*>(sha.data()), sha.size()});
    put_text(out, meta.media_type);
    put_text(out, meta.etag);
    put_text(out, meta.last_modified);
    return out;
}

std::optional<object_meta> decode_object(std::string_view bytes) {
    taker in(bytes);
    if (in.number<std::uint8_t>() != object_format) return std::nullopt;
    object_meta meta;
    auto flags = in.number<std::uint8_t>();
    meta.verified = (flags & 1) != 0;
    meta.superseded = (flags & 2) != 0;
    meta.hidden = (flags & 4) != 0;
    meta.size = in.number<std::uint64_t>();
    meta.stored = wall_time(milliseconds(in.number<std::int64_t>()));
    meta.path = in.text();
    meta.version = in.text();
    auto sha = in.text();
    meta.media_type = in.text();
    meta.etag = in.text();
    meta.last_modified = in.text();
    if (!in.ok() || !in.at_end() || flags > 7 || meta.path.empty() || meta.size > max_object_size) return std::nullopt;
    if (!sha.empty()) {
        auto d = digest::from_bytes(digest_algorithm::sha256, as_bytes(sha));
        if (!d) return std::nullopt;
        meta.sha256 = *d;
    }
    return meta;
}

std::string encode(extent_record const& extent) {
    std::string out;
    put(out, extent_format);
    put<std::uint16_t>(out, static_cast<std::uint16_t>(extent.crc.size()));
    std::string bitmap((extent.crc.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < extent.crc.size(); ++i) {
        if (extent.present[i]) bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | (1 << (i % 8)));
    }
    out.append(bitmap);
    for (std::size_t i = 0; i < extent.crc.size(); ++i) {
        if (extent.present[i]) put(out, extent.crc[i]);
    }
    return out;
}

std::optional<extent_record> decode_extent(std::string_view bytes) {
    taker in(bytes);
    if (in.number<std::uint8_t>() != extent_format) return std::nullopt;
    auto blocks = in.number<std::uint16_t>();
    if (blocks == 0 || blocks > blocks_per_extent) return std::nullopt;
    auto bitmap = in.raw((blocks + 7u) / 8);
    if (!in.ok()) return std::nullopt;
    extent_record extent;
    extent.crc.resize(blocks);
    for (std::size_t i = 0; i < bitmap.size() * 8; ++i) {
        if ((bitmap[i / 8] >> (i % 8) & 1) == 0) continue;
        if (i >= blocks) return std::nullopt;
        extent.present.set(i);
    }
    for (std::size_t i = 0; i < blocks; ++i) {
        if (extent.present[i]) extent.crc[i] = in.number<std::uint32_t>();
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return extent;
}

std::uint32_t block_checksum(file_id f, block_no b, std::string_view bytes) noexcept {
    std::array<std::byte, 12> place{};
    for (std::size_t i = 0; i < 8; ++i) place[i] = static_cast<std::byte>(f >> (8 * i));
    for (std::size_t i = 0; i < 4; ++i) place[8 + i] = static_cast<std::byte>(b >> (8 * i));
    return crc32c(crc32c(0, place), as_bytes(bytes));
}

}  // namespace fjord::cache
