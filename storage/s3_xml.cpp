#include "storage/s3_xml.hpp"

#include "base/dataset_uri.hpp"
#include "base/text.hpp"
#include "storage/webdav_status.hpp"

#include <algorithm>
#include <array>

namespace fjord::storage {

namespace {

// What encoding-type=url asks for: form encoding, where '+' is a blank.
result<std::string> url_decoded(std::string text) {
    std::replace(text.begin(), text.end(), '+', ' ');
    return percent_decode(text);
}

class page_reader final : public xml_events {
public:
    result<void> start(std::string_view name, std::string_view, std::size_t depth) override {
        if (depth == 1 && name != "ListBucketResult") return fail(errc::corrupt, "the answer is not an S3 listing");
        if (depth != 2) return {};
        in_object_ = name == "Contents";
        in_prefix_ = name == "CommonPrefixes";
        if (in_object_) object_ = {};
        if (page_.objects.size() + page_.prefixes.size() > max_page_entries)
            return fail(errc::limit_exceeded, "one page of the listing has too many entries");
        return {};
    }

    result<void> end(std::string_view name, std::string_view, std::size_t depth, std::string_view text) override {
        if (depth == 3 && in_object_) return take_field(name, text);
        if (depth == 3 && in_prefix_ && name == "Prefix") page_.prefixes.emplace_back(text);
        if (depth != 2) return {};
        if (name == "Contents") page_.objects.push_back(std::move(object_));
        if (name == "IsTruncated") truncated_ = text == "true";
        if (name == "NextContinuationToken") page_.next = std::string(text);
        if (name == "EncodingType") url_encoded_ = text == "url";
        in_object_ = in_prefix_ = false;
        return {};
    }

    result<s3_page> take() {
        if (truncated_ && page_.next.empty())
            return fail(errc::corrupt, "the listing says that there is more, but not how to ask for it");
        if (!truncated_) page_.next.clear();
        if (!url_encoded_) return std::move(page_);
        for (auto& o : page_.objects) {
            auto key = url_decoded(std::move(o.key));
            if (!key) return error(errc::corrupt, "a key of the listing: " + key.error().message());
            o.key = std::move(*key);
        }
        for (auto& p : page_.prefixes) {
            auto prefix = url_decoded(std::move(p));
            if (!prefix) return error(errc::corrupt, "a prefix of the listing: " + prefix.error().message());
            p = std::move(*prefix);
        }
        return std::move(page_);
    }

private:
    result<void> take_field(std::string_view name, std::string_view text) {
        if (name == "Key") object_.key = std::string(text);
        if (name == "ETag") object_.etag = std::string(text);
        if (name == "LastModified") {
            if (auto when = parse_rfc3339(text)) object_.modified = *when;
        }
        if (name == "Size") {
            auto const size = parse_unsigned<std::uint64_t>(text);
            if (!size) return fail(errc::corrupt, "a size of the listing is no number");
            object_.size = *size;
        }
        return {};
    }

    s3_page page_;
    s3_object object_;
    bool in_object_ = false, in_prefix_ = false, truncated_ = false, url_encoded_ = false;
};

// Texts of the elements directly below the document element.
class flat_reader final : public xml_events {
public:
    result<void> start(std::string_view name, std::string_view, std::size_t depth) override {
        if (depth == 1) root = std::string(name);
        return {};
    }
    result<void> end(std::string_view name, std::string_view, std::size_t depth, std::string_view text) override {
        if (depth == 2 && members.size() < 64) members.emplace_back(name, text);
        return {};
    }
    std::string const* find(std::string_view name) const {
        auto at = std::find_if(members.begin(), members.end(), [name](auto const& m) { return m.first == name; });
        return at == members.end() ? nullptr : &at->second;
    }

    std::string root;
    std::vector<std::pair<std::string, std::string>> members;
};

struct code_meaning {
    std::string_view code;
    errc kind;
};

constexpr std::array<code_meaning, 28> meanings{{
    {"NoSuchKey", errc::not_found},
    {"NoSuchBucket", errc::not_found},
    {"NoSuchUpload", errc::not_found},
    {"NoSuchVersion", errc::not_found},
    {"AccessDenied", errc::denied},
    {"AllAccessDisabled", errc::denied},
    {"InvalidAccessKeyId", errc::unauthenticated},
    {"XAdminUserNotFound", errc::unauthenticated},  // Versity's word for the one above
    {"SignatureDoesNotMatch", errc::unauthenticated},
    {"ExpiredToken", errc::unauthenticated},
    {"InvalidToken", errc::unauthenticated},
    {"InvalidSecurity", errc::unauthenticated},
    {"RequestTimeTooSkewed", errc::unauthenticated},
    {"PreconditionFailed", errc::already_exists},
    {"ConditionalRequestConflict", errc::unavailable},
    {"BadDigest", errc::corrupt},
    {"InvalidDigest", errc::corrupt},
    {"XAmzContentSHA256Mismatch", errc::corrupt},
    {"XAmzContentChecksumMismatch", errc::corrupt},
    {"QuotaExceeded", errc::no_space},
    {"EntityTooLarge", errc::no_space},
    {"InsufficientStorage", errc::no_space},
    {"InvalidRange", errc::invalid_argument},
    {"SlowDown", errc::unavailable},
    {"ServiceUnavailable", errc::unavailable},
    {"RequestTimeout", errc::unavailable},
    {"InternalError", errc::unavailable},
    {"NotImplemented", errc::unsupported},
}};

}  // namespace

result<s3_page> parse_s3_page(std::string_view xml, xml_limits limits) {
    page_reader page;
    if (auto read = read_xml("the S3 listing", xml, limits, page); !read) return read.error();
    return page.take();
}

std::optional<s3_error> parse_s3_error(std::string_view xml) {
    flat_reader flat;
    auto const read = read_xml("the S3 error", xml, {.max_depth = 8, .max_size = 256u << 10}, flat);
    if (!read || flat.root != "Error") return std::nullopt;
    auto const* code = flat.find("Code");
    auto const* message = flat.find("Message");
    return s3_error{code ? *code : std::string(), message ? *message : std::string()};
}

result<std::string> s3_member(std::string_view xml, std::string_view name) {
    flat_reader flat;
    if (auto read = read_xml("the S3 answer", xml, {.max_depth = 8, .max_size = 256u << 10}, flat); !read) return read.error();
    auto const* text = flat.find(name);
    if (!text || text->empty()) return fail(errc::corrupt, "the S3 answer has no " + std::string(name));
    return *text;
}

error error_from_s3(std::string_view what, unsigned status, std::string_view body) {
    auto const told = parse_s3_error(body);
    if (!told || told->code.empty()) return error_from_status(what, status, body);
    auto const known = std::find_if(meanings.begin(), meanings.end(), [&](auto const& m) { return m.code == told->code; });
    auto const kind = known != meanings.end() ? make_error_code(known->kind) : error_from_status(what, status, "").code;
    auto detail = std::string(what) + ": the site answered " + std::to_string(status) + " " + tidy_reason(told->code, 80);
    if (!told->message.empty()) detail += ": " + tidy_reason(told->message);
    return error(kind, std::move(detail));
}

}  // namespace fjord::storage
