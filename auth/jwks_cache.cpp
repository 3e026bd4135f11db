#include "auth/jwks_cache.hpp"

#include "auth/jwk.hpp"
#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

#include <boost/json/serialize.hpp>

#include <cstdlib>
#include <filesystem>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr std::size_t max_cache_bytes = 8u << 20;
constexpr std::int64_t last_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

error not_a_cache(std::string_view why) { return fail(fjord::errc::invalid_argument, "not a JWKS cache: " + std::string(why)); }

// Splits off the first of several JSON values that stand one behind the other; empty when nothing whole is left.
std::string_view take_object(std::string_view& rest) {
    auto const start = rest.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos || rest[start] != '{') return {};
    std::size_t depth = 0;
    bool in_text = false;
    for (std::size_t i = start; i < rest.size(); ++i) {
        char const c = rest[i];
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
            continue;
        }
        if (c == '"') in_text = true;
        if (c == '{') ++depth;
        if (c == '}' && --depth == 0) {
            auto const object = rest.substr(start, i + 1 - start);
            rest.remove_prefix(i + 1);
            return object;
        }
    }
    return {};
}

std::optional<wall_time> time_member(json::object const& o, std::string_view name) {
    auto const* v = o.if_contains(name);
    double const at = !v ? -1 : v->is_int64() ? static_cast<double>(v->get_int64()) : v->is_double() ? v->get_double() : -1;
    if (!(at >= 0 && at <= static_cast<double>(last_second))) return std::nullopt;
    return wall_time{seconds{static_cast<std::int64_t>(at)}};
}

result<cached_jwks> read_entry(json::value const& value) {
    auto const* o = value.if_object();
    auto const* jwks = o ? o->if_contains("jwks") : nullptr;
    auto const expiration = o ? time_member(*o, "expiration") : std::nullopt;
    if (!jwks || !jwks->is_object() || !expiration) return not_a_cache("an entry needs expiration and jwks");
    return cached_jwks{json::serialize(*jwks), *expiration, time_member(*o, "next_update")};
}

std::int64_t unix_seconds(wall_time t) { return std::chrono::floor<seconds>(t.time_since_epoch()).count(); }

}  // namespace

std::string cached_jwks_name(std::string_view issuer) { return sha256_of(issuer).hex(); }

result<cached_jwks> find_cached_jwks(std::string_view text, std::string_view issuer) {
    if (text.size() > max_cache_bytes) return not_a_cache("it is larger than 8 MiB");
    std::optional<result<cached_jwks>> found;
    while (text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
        auto const part = take_object(text);
        if (part.empty()) return not_a_cache("it is not a row of JSON objects");
        auto const document = parse_json(part, {.max_bytes = max_cache_bytes, .max_depth = 16});
        if (!document) return not_a_cache(document.error().message());
        auto const* entry = document->get_object().if_contains(issuer);
        if (entry) found = read_entry(*entry);
    }
    if (!found) return fail(fjord::errc::not_found, "the JWKS cache has no entry for " + std::string(issuer));
    return std::move(*found);
}

std::string write_cached_jwks(std::string_view issuer, cached_jwks const& entry) {
    json::object o{{"expiration", unix_seconds(entry.expiration)}};
    if (entry.next_update) o["next_update"] = unix_seconds(*entry.next_update);
    auto keys = parse_json(entry.jwks, {.max_bytes = max_jwks_bytes, .max_depth = 8});
    if (keys) o["jwks"] = std::move(*keys);
    json::object file;
    file[issuer] = std::move(o);
    return json::serialize(file) + "\n";
}

jwks_cache::jwks_cache(std::string own, std::vector<std::string> others) : own_(std::move(own)), others_(std::move(others)) {}

std::vector<std::string> jwks_cache::standard_places() {
    std::vector<std::string> out;
    for (auto const* name : {"JWKS_CACHE_DIR", "JWKS_CACHE_FILE"})
        if (auto const* value = std::getenv(name); value && *value) out.emplace_back(value);
    for (auto const* place : {"/etc/jwks", "/etc/jwks/cache.json", "/var/cache/jwks", "/var/cache/jwks/cache.json"})
        out.emplace_back(place);
    return out;
}

std::optional<cached_jwks> jwks_cache::read(std::string const& issuer, wall_time now) const {
    auto places = others_;
    if (!own_.empty()) places.insert(places.begin(), own_);
    for (auto const& place : places) {
        std::error_code ec;
        auto const file = std::filesystem::is_directory(place, ec) ? place + "/" + cached_jwks_name(issuer) : place;
        auto text = read_file(file, max_cache_bytes);
        auto entry = text ? find_cached_jwks(*text, issuer) : result<cached_jwks>(text.error());
        if (entry && now < entry->expiration) return std::move(*entry);
        if (!entry && entry.error().code != fjord::errc::not_found)
            log.warn("a JWKS cache is passed over", {{"file", file}, {"issuer", issuer}, {"reason", entry.error().message()}});
    }
    return std::nullopt;
}

result<void> jwks_cache::write(std::string const& issuer, cached_jwks const& entry) const {
    if (own_.empty()) return {};
    std::error_code ec;
    std::filesystem::create_directories(own_, ec);  // a failure shows in the write
    return write_file_atomically(own_ + "/" + cached_jwks_name(issuer), write_cached_jwks(issuer, entry));
}

}  // namespace fjord::auth
