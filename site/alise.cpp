#include "site/alise.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace fjord::site {

namespace {

constexpr std::size_t max_answer = 256u << 10;

// Not for security: it is how ALISE names issuers.
std::string sha1_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < length; ++i) out += {digits[digest[i] >> 4], digits[digest[i] & 15]};
    return out;
}

// Everything but RFC 3986 unreserved, so that a subject or an issuer stays one segment in any server's eyes.
std::string encode_all(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                           c == '_' || c == '~';
        if (plain)
            out += static_cast<char>(c);
        else
            out += {'%', digits[c >> 4], digits[c & 15]};
    }
    return out;
}

std::string_view text_of(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    auto const* text = v ? v->if_string() : nullptr;
    return text ? std::string_view(*text) : std::string_view{};
}

}  // namespace

std::string alise_path(alise_options const& options, std::string_view issuer, std::string_view subject) {
    return "/api/v1/target/" + encode_all(options.site) + "/mapping/issuer/" +
           (options.issuer_by_url ? encode_all(issuer) : sha1_hex(issuer)) + "/user/" + encode_all(subject);
}

result<std::string> parse_alise_answer(std::string_view body, std::string_view issuer, std::string_view subject) {
    auto parsed = parse_json(body, {max_answer, 8});
    if (!parsed) return error(errc::corrupt, "ALISE's answer: " + parsed.error().message());
    auto const* o = parsed->if_object();
    auto const* internal = o ? o->if_contains("internal") : nullptr;
    auto const* external = o ? o->if_contains("external") : nullptr;
    if (!internal || !internal->is_object() || !external || !external->is_array())
        return fail(errc::corrupt, "ALISE's answer has no internal account and external identities");
    auto const& linked = external->get_array();
    bool const same_person = std::any_of(linked.begin(), linked.end(), [&](json::value const& v) {
        auto const* one = v.if_object();
        return one && text_of(*one, "iss") == issuer && text_of(*one, "sub") == subject;
    });
    if (!same_person) return fail(errc::corrupt, "ALISE's answer is about somebody else");
    auto name = std::string(text_of(internal->get_object(), "username"));
    if (name.empty()) return fail(errc::corrupt, "ALISE's answer names no account");
    return name;
}

boost::asio::awaitable<result<std::optional<std::string>>> ask_alise(net::http_client& client, alise_options options,
                                                                     std::string issuer, std::string subject) {
    net::client_request request;
    auto base = options.url;
    while (base.ends_with('/')) base.pop_back();
    request.url = base + alise_path(options, issuer, subject) + "?apikey=" + encode_all(options.key.reveal());
    request.headers.set("Accept", "application/json");
    request.timeout = options.timeout;
    request.max_body = max_answer;
    auto answer = co_await client.send(std::move(request));
    if (!answer) co_return fail(errc::unavailable, "ALISE at " + options.url + " cannot be asked: " + answer.error().message());
    if (answer->status == 404) co_return std::optional<std::string>{};
    if (answer->status == 401 || answer->status == 403)
        co_return fail(errc::unavailable, "ALISE at " + options.url + " refuses the key of identity.alise_key_file with status " +
                                              std::to_string(answer->status));
    if (answer->status != 200)
        co_return fail(errc::unavailable, "ALISE at " + options.url + " answers with status " + std::to_string(answer->status));
    auto name = parse_alise_answer(answer->body, issuer, subject);
    if (!name) co_return fail(errc::unavailable, name.error().message());
    co_return std::optional(std::move(*name));
}

}  // namespace fjord::site
