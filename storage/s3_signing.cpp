#include "storage/s3_signing.hpp"

#include "base/dataset_uri.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace fjord::storage {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

using mac = std::array<std::byte, 32>;

mac hmac(std::span<std::byte const> key, std::string_view text) {
    mac out{};
    unsigned size = out.size();
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(out.data()), &size);
    return out;
}

// "20130524T000000Z"
std::string amz_date(wall_time now) {
    std::string out;
    for (char c : format_rfc3339(std::chrono::floor<std::chrono::seconds>(now)))
        if (c != '-' && c != ':') out += c;
    return out;
}

std::string scope_of(std::string_view date, std::string_view region) {
    return std::string(date.substr(0, 8)) + "/" + std::string(region) + "/s3/aws4_request";
}

// Lower-case names with trimmed values and single blanks, sorted by name, `host` among them.
std::vector<std::pair<std::string, std::string>> canonical_headers(signable_request const& request) {
    std::vector<std::pair<std::string, std::string>> out;
    out.emplace_back("host", request.host);
    for (auto const& [name, value] : request.headers.items()) {
        std::string squeezed;
        for (char c : trim(value))
            if (c != ' ' || !squeezed.ends_with(' ')) squeezed += c;
        out.emplace_back(to_lower(name), std::move(squeezed));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string signed_headers(signable_request const& request) {
    std::string out;
    for (auto const& [name, value] : canonical_headers(request)) out += (out.empty() ? "" : ";") + name;
    return out;
}

std::string signature(signable_request const& request, secret const& key, std::string_view region, wall_time now) {
    auto const text = string_to_sign(canonical_request(request), region, now);
    auto const start = "AWS4" + key.reveal();
    auto step = hmac(std::as_bytes(std::span(start)), amz_date(now).substr(0, 8));
    for (auto part : {region, std::string_view("s3"), std::string_view("aws4_request"), std::string_view(text)})
        step = hmac(step, part);
    return to_hex(step);
}

}  // namespace

std::string s3_encode_path(std::string_view decoded) {
    std::string out;
    for (;;) {
        auto const slash = decoded.find('/');
        out += encode_query(decoded.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        out += '/';
        decoded.remove_prefix(slash + 1);
    }
}

std::string s3_query(query_items const& items) {
    query_items encoded;
    for (auto const& [name, value] : items) encoded.emplace_back(encode_query(name), encode_query(value));
    std::sort(encoded.begin(), encoded.end());
    std::string out;
    for (auto const& [name, value] : encoded) out += (out.empty() ? "" : "&") + name + "=" + value;
    return out;
}

std::string canonical_request(signable_request const& request) {
    auto out = request.method + "\n" + request.path + "\n" + s3_query(request.query) + "\n";
    for (auto const& [name, value] : canonical_headers(request)) out += name + ":" + value + "\n";
    return out + "\n" + signed_headers(request) + "\n" + request.content_sha256;
}

std::string string_to_sign(std::string_view canonical, std::string_view region, wall_time now) {
    auto const date = amz_date(now);
    return std::string(algorithm) + "\n" + date + "\n" + scope_of(date, region) + "\n" + sha256_of(canonical).hex();
}

void sign_request(signable_request& request, s3_credentials const& credentials, std::string_view region, wall_time now) {
    auto const date = amz_date(now);
    request.headers.set("x-amz-date", date);
    request.headers.set("x-amz-content-sha256", request.content_sha256);
    if (!credentials.session_token.empty()) request.headers.set("x-amz-security-token", credentials.session_token.reveal());
    auto const field = std::string(algorithm) + " Credential=" + credentials.access_key_id + "/" + scope_of(date, region) +
                       ",SignedHeaders=" + signed_headers(request) +
                       ",Signature=" + signature(request, credentials.secret_access_key, region, now);
    request.headers.set("Authorization", field);
}

std::string presigned_query(signable_request const& request, s3_credentials const& credentials, std::string_view region,
                            wall_time now, std::chrono::seconds lifetime) {
    auto copy = request;
    auto const date = amz_date(now);
    copy.query.emplace_back("X-Amz-Algorithm", algorithm);
    copy.query.emplace_back("X-Amz-Credential", credentials.access_key_id + "/" + scope_of(date, region));
    copy.query.emplace_back("X-Amz-Date", date);
    copy.query.emplace_back("X-Amz-Expires", std::to_string(lifetime.count()));
    copy.query.emplace_back("X-Amz-SignedHeaders", signed_headers(copy));
    if (!credentials.session_token.empty()) copy.query.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
    copy.content_sha256 = std::string(unsigned_payload);
    auto const mark = signature(copy, credentials.secret_access_key, region, now);
    return s3_query(copy.query) + "&X-Amz-Signature=" + mark;
}

}  // namespace fjord::storage
