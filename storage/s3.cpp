#include "storage/s3.hpp"

#include "base/dataset_uri.hpp"
#include "base/text.hpp"
#include "storage/http_body.hpp"
#include "storage/multistatus.hpp"
#include "storage/s3_driver.hpp"

namespace fjord::storage {

namespace {

constexpr std::size_t max_entries = 1'000'000;

stat_info to_stat(net::header_list const& headers) {
    stat_info info;
    info.size = parse_unsigned<std::uint64_t>(headers.get("Content-Length")).value_or(0);
    info.modified = parse_dav_date(headers.get("Last-Modified"));
    info.etag = std::string(headers.get("ETag"));
    return info;
}

// The md5 that a plain ETag is; nothing for those of multipart uploads ("...-3") and of objects encrypted with keys.
std::optional<digest> md5_of(net::header_list const& headers) {
    auto etag = headers.get("ETag");
    if (etag.starts_with('"')) etag = etag.substr(1, etag.size() - 2);
    auto const sse = headers.get("x-amz-server-side-encryption");
    if (etag.size() != 32 || sse.starts_with("aws:kms") ||
        headers.find("x-amz-server-side-encryption-customer-algorithm").has_value())
        return std::nullopt;
    auto d = digest::from_hex(digest_algorithm::md5, etag);
    return d ? std::optional<digest>(*d) : std::nullopt;
}

// Composite checksums of multipart uploads ("BASE64-3") are over checksums, not over the content.
std::optional<digest> whole_checksum(net::header_list const& headers, digest_algorithm a) {
    if (iequals(headers.get("x-amz-checksum-type"), "COMPOSITE")) return std::nullopt;
    auto const name = a == digest_algorithm::sha256   ? std::string_view("x-amz-checksum-sha256")
                      : a == digest_algorithm::crc32c ? std::string_view("x-amz-checksum-crc32c")
                                                      : std::string_view();
    if (name.empty()) return std::nullopt;
    auto d = digest::from_base64(a, headers.get(name));
    return d ? std::optional<digest>(*d) : std::nullopt;
}

}  // namespace

std::unique_ptr<driver> make_s3_driver(s3_options options, net::http_client& client, clock& time) {
    return std::make_unique<s3_driver>(std::move(options), client, time);
}

asio::awaitable<result<net::header_list>> s3_driver::head(call c, std::string key, bool with_checksums) {
    s3_request request{.method = "HEAD", .key = std::move(key)};
    if (with_checksums) request.headers.set("x-amz-checksum-mode", "ENABLED");
    auto answer = co_await session_.exchange(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    co_return std::move(answer->headers);
}

// HEAD has no body to say why it is refused, and some servers answer 404 to keys they do not know: a listing tells.
asio::awaitable<error> s3_driver::why_absent(call c, std::string key, error said) {
    if (said.code != errc::not_found) co_return said;
    auto page = co_await list_page(std::move(c), std::move(key), "", 1);
    if (!page) co_return page.error();
    co_return said;
}

asio::awaitable<result<stat_info>> s3_driver::stat(call c, std::string path) {
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    bool const folder = key->empty() || key->ends_with('/');
    if (!folder) {
        auto found = co_await head(c, *key, false);
        if (found) co_return to_stat(*found);
        if (found.error().code != errc::not_found) co_return found.error();
    }
    auto const prefix = folder ? *key : *key + "/";
    auto page = co_await list_page(std::move(c), prefix, "", 1);
    if (!page) co_return page.error();
    if (page->objects.empty() && page->prefixes.empty() && !key->empty())
        co_return fail(errc::not_found, "nothing at " + session_.address().bucket + "/" + *key);
    stat_info info;
    info.directory = true;
    co_return info;
}

asio::awaitable<result<void>> s3_driver::read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) {
    if (span && span->empty()) co_return result<void>{};
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    s3_request request{.method = "GET", .key = std::move(*key)};
    if (span) request.headers.set("Range", range_field(*span));
    auto const what = session_.name_of(request);
    auto stream = co_await session_.open(c, std::move(request));
    if (!stream) co_return stream.error();
    co_return co_await pour_body(**stream, what, span, std::move(sink), c.deadline);
}

asio::awaitable<result<s3_page>> s3_driver::list_page(call c, std::string prefix, std::string after, std::size_t limit) {
    s3_request request{.method = "GET", .key = ""};
    request.query.emplace_back("list-type", "2");
    request.query.emplace_back("encoding-type", "url");
    request.query.emplace_back("delimiter", "/");
    request.query.emplace_back("prefix", std::move(prefix));
    request.query.emplace_back("max-keys", std::to_string(limit));
    if (!after.empty()) request.query.emplace_back("continuation-token", std::move(after));
    auto answer = co_await session_.exchange(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    co_return parse_s3_page(answer->body);
}

asio::awaitable<result<std::vector<entry>>> s3_driver::list(call c, std::string path) {
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    auto const prefix = key->empty() || key->ends_with('/') ? *key : *key + "/";
    std::vector<entry> entries;
    std::string after;
    bool something = prefix.empty();
    do {
        auto page = co_await list_page(c, prefix, after, 1000);
        if (!page) co_return page.error();
        if (!page->next.empty() && page->next == after) co_return fail(errc::corrupt, "the listing repeats itself");
        after = std::move(page->next);
        something = something || !page->objects.empty() || !page->prefixes.empty();
        if (entries.size() > max_entries) co_return fail(errc::limit_exceeded, "the listing has too many entries");
        for (auto& o : page->objects) {
            if (!o.key.starts_with(prefix)) continue;
            auto name = o.key.substr(prefix.size());
            // An object named like its folder is what some tools make to show an empty one.
            if (!check_name("entry", name)) continue;
            entries.push_back({std::move(name), {o.size, false, o.modified, std::move(o.etag)}});
        }
        for (auto const& p : page->prefixes) {
            if (!p.starts_with(prefix)) continue;
            auto name = p.substr(prefix.size());
            while (name.ends_with('/')) name.pop_back();
            if (!check_name("entry", name)) continue;
            entries.push_back({std::move(name), {0, true, std::nullopt, {}}});
        }
    } while (!after.empty());
    if (!something) co_return fail(errc::not_found, "nothing below " + session_.address().bucket + "/" + prefix);
    co_return entries;
}

asio::awaitable<result<void>> s3_driver::make_directory(call, std::string) { co_return result<void>{}; }

asio::awaitable<result<void>> s3_driver::remove(call c, std::string path) {
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    // S3 calls the removal of nothing a success.
    if (auto there = co_await head(c, *key, false); !there) co_return co_await why_absent(c, *key, there.error());
    s3_request request{.method = "DELETE", .key = std::move(*key)};
    auto answer = co_await session_.exchange(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    co_return result<void>{};
}

asio::awaitable<result<digest>> s3_driver::checksum(call c, std::string path, std::vector<digest_algorithm> wanted) {
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    auto const where = session_.address().bucket + "/" + *key;
    auto found = co_await head(c, *key, true);
    if (!found) co_return co_await why_absent(c, *key, found.error());
    for (auto const a : wanted)
        if (auto d = whole_checksum(*found, a)) co_return *d;
    for (auto const a : wanted)
        if (a == digest_algorithm::md5 && session_.options().etag_is_md5)
            if (auto d = md5_of(*found)) co_return *d;
    co_return fail(errc::unsupported, where + ": the bucket keeps none of the digests asked for");
}

asio::awaitable<result<void>> s3_driver::third_party_copy(call, third_party_request) {
    co_return fail(errc::unsupported, "an S3 bucket cannot carry out a third-party copy; the other site can pull from it");
}

asio::awaitable<result<void>> s3_driver::require_free(call c, std::string path) {
    auto key = session_.key_of(path);
    if (!key) co_return key.error();
    auto const where = session_.address().bucket + "/" + *key;
    auto there = co_await head(std::move(c), std::move(*key), false);
    if (there) co_return fail(errc::already_exists, where + " exists");
    if (there.error().code == errc::not_found) co_return result<void>{};
    co_return error(there.error().code, "cannot make sure that " + where + " is free: " + there.error().message());
}

result<secret> presigned_url(s3_options const& options, std::string method, std::string_view path, wall_time now,
                             std::chrono::seconds lifetime, net::header_list must_send) {
    auto address = s3_address::parse(options.url, options.virtual_host);
    if (!address) return address.error();
    auto decoded = percent_decode(path);
    if (!decoded) return decoded.error();
    auto keys = options.credentials();
    if (!keys) return keys.error();
    auto const signable =
        to_signable(*address, {std::move(method), address->key_prefix + *decoded, {}, std::move(must_send), {}});
    return secret(address->origin + signable.path + "?" + presigned_query(signable, *keys, options.region, now, lifetime));
}

}  // namespace fjord::storage
