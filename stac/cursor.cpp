#include "stac/cursor.hpp"

#include "base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <bit>

namespace fjord::stac {
namespace {

constexpr char format_version = 1;
constexpr std::size_t tag_size = 16;
constexpr std::size_t max_token = 8192;

enum class tag : char { null, no, yes, number, text, time };

void put_u32(std::string& out, std::uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift);
}
void put_u64(std::string& out, std::uint64_t v) {
    put_u32(out, static_cast<std::uint32_t>(v >> 32));
    put_u32(out, static_cast<std::uint32_t>(v));
}
void put_text(std::string& out, std::string_view text) {
    put_u32(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

void put_value(std::string& out, sort_value const& v) {
    auto mark = [&out](tag t) { out += static_cast<char>(t); };
    if (auto const* b = std::get_if<bool>(&v)) {
        mark(*b ? tag::yes : tag::no);
    } else if (auto const* n = std::get_if<double>(&v)) {
        mark(tag::number);
        put_u64(out, std::bit_cast<std::uint64_t>(*n));
    } else if (auto const* s = std::get_if<std::string>(&v)) {
        mark(tag::text);
        put_text(out, *s);
    } else if (auto const* t = std::get_if<instant>(&v)) {
        mark(tag::time);
        put_u64(out, static_cast<std::uint64_t>(*t));
    } else {
        mark(tag::null);
    }
}

// Reads what the functions above wrote; remembers running short.
struct reader {
    std::string_view rest;
    bool ok = true;

    std::string_view bytes(std::size_t n) {
        if (rest.size() < n) {
            ok = false;
            return {};
        }
        auto const out = rest.substr(0, n);
        rest.remove_prefix(n);
        return out;
    }
    std::uint64_t number(std::size_t size) {
        std::uint64_t v = 0;
        for (unsigned char const c : bytes(size)) v = (v << 8) | c;
        return v;
    }
    std::string text() {
        auto const size = number(4);
        return std::string(bytes(ok ? static_cast<std::size_t>(size) : 0));
    }
    sort_value value() {
        switch (static_cast<tag>(number(1))) {
            case tag::no:
                return false;
            case tag::yes:
                return true;
            case tag::number:
                return std::bit_cast<double>(number(8));
            case tag::text:
                return text();
            case tag::time:
                return static_cast<instant>(number(8));
            case tag::null:
                break;
            default:
                ok = false;
        }
        return std::monostate{};
    }
};

std::optional<page_cursor> decode(std::string_view payload) {
    reader in{payload};
    page_cursor c;
    if (in.number(1) != static_cast<std::uint64_t>(format_version)) return std::nullopt;
    c.backwards = in.number(1) == 1;
    auto const count = in.number(1);
    for (std::uint64_t i = 0; i < count && in.ok; ++i) c.key.values.push_back(in.value());
    c.key.collection = collection_id(in.text());
    c.key.id = item_id(in.text());
    if (!in.ok || !in.rest.empty()) return std::nullopt;
    return c;
}

}  // namespace

std::string cursor_signer::tag(std::string_view payload, std::string_view query, std::string_view caller) const {
    std::string message;
    put_text(message, payload);
    put_text(message, query);
    put_text(message, caller);
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    auto const& key = key_.reveal();
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(message.data()),
         message.size(), out, &size);
    return std::string(reinterpret_cast<char const*>(out), tag_size);
}

std::string cursor_signer::seal(page_cursor const& c, std::string_view query, std::string_view caller) const {
    std::string payload;
    payload += format_version;
    payload += static_cast<char>(c.backwards);
    payload += static_cast<char>(c.key.values.size());
    for (auto const& v : c.key.values) put_value(payload, v);
    put_text(payload, c.key.collection.str());
    put_text(payload, c.key.id.str());
    return base64url_encode(payload + tag(payload, query, caller));
}

result<page_cursor> cursor_signer::open(std::string_view token, std::string_view query, std::string_view caller) const {
    auto const refused = fail(errc::invalid_argument, "the paging token does not belong to this query; start again without it");
    if (token.size() > max_token) return refused;
    auto const bytes = base64url_decode(token);
    if (!bytes || bytes->size() < tag_size) return refused;
    auto const payload = std::string_view(*bytes).substr(0, bytes->size() - tag_size);
    auto const expected = tag(payload, query, caller);
    if (CRYPTO_memcmp(expected.data(), bytes->data() + payload.size(), tag_size) != 0) return refused;
    auto c = decode(payload);
    if (!c) return refused;
    return std::move(*c);
}

}  // namespace fjord::stac
