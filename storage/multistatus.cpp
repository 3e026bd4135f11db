#include "storage/multistatus.hpp"

#include <expat.h>

#include <charconv>
#include <cstdio>
#include <memory>

namespace fjord::storage {

namespace {

constexpr char separator = '\n';  // between namespace and local name; neither can hold it

std::optional<std::uint64_t> unsigned_number(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// "HTTP/1.1 404 Not Found"
unsigned status_line_code(std::string_view text) {
    auto const blank = text.find(' ');
    if (blank == std::string_view::npos) return 0;
    unsigned code = 0;
    auto const digits = text.substr(blank + 1, 3);
    auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
    return ec == std::errc{} && end == digits.data() + digits.size() ? code : 0;
}

class reader {
public:
    explicit reader(multistatus_limits limits)
        : limits_(limits), parser_(XML_ParserCreateNS(nullptr, separator), &XML_ParserFree) {}

    result<std::vector<dav_resource>> run(std::string_view xml) {
        if (!parser_) return fail(errc::internal, "no memory for an XML parser");
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), &reader::on_start, &reader::on_end);
        XML_SetCharacterDataHandler(parser_.get(), &reader::on_text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), &reader::on_doctype);
        auto const status = XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
        if (failure_) return *failure_;
        if (status != XML_STATUS_OK) {
            return fail(errc::corrupt, std::string("the listing is not well-formed XML: ") +
                                           XML_ErrorString(XML_GetErrorCode(parser_.get())) + " in line " +
                                           std::to_string(XML_GetCurrentLineNumber(parser_.get())));
        }
        return std::move(found_);
    }

private:
    static void on_doctype(void* self, XML_Char const*, XML_Char const*, XML_Char const*, int) {
        static_cast<reader*>(self)->stop(fail(errc::corrupt, "the listing has a document type declaration, which is refused"));
    }
    static void on_start(void* self, XML_Char const* name, XML_Char const**) { static_cast<reader*>(self)->start(name); }
    static void on_end(void* self, XML_Char const* name) { static_cast<reader*>(self)->end(name); }
    static void on_text(void* self, XML_Char const* text, int length) {
        static_cast<reader*>(self)->characters({text, static_cast<std::size_t>(length)});
    }

    void stop(error why) {
        if (!failure_) failure_ = std::move(why);
        XML_StopParser(parser_.get(), XML_FALSE);
    }

    // The local name when it is of the DAV: namespace, else "".
    static std::string_view dav_name(std::string_view full) {
        constexpr std::string_view space = "DAV:\n";
        return full.starts_with(space) ? full.substr(space.size()) : std::string_view{};
    }

    void start(std::string_view full) {
        if (failure_) return;
        text_.clear();
        if (++depth_ > limits_.max_depth) return stop(fail(errc::limit_exceeded, "the listing is nested too deeply"));
        auto const name = dav_name(full);
        if (depth_ == 1 && name != "multistatus")
            return stop(fail(errc::corrupt, "the answer is not a WebDAV multistatus document"));
        if (name == "response") {
            if (found_.size() >= limits_.max_entries) return stop(fail(errc::limit_exceeded, "the listing has too many entries"));
            response_ = {};
        }
        if (name == "propstat") {
            properties_ = {};
            propstat_status_ = 200;
            in_propstat_ = true;
        }
        if (name == "collection") properties_.directory = true;
    }

    void end(std::string_view full) {
        if (failure_) return;
        --depth_;
        auto const name = dav_name(full);
        auto const text = trimmed(text_);
        if (name == "href" && !in_propstat_ && response_.href.empty()) response_.href = std::string(text);
        if (name == "status") (in_propstat_ ? propstat_status_ : response_.status) = status_line_code(text);
        if (name == "getcontentlength") properties_.size = unsigned_number(text);
        if (name == "getlastmodified") properties_.modified = parse_dav_date(text);
        if (name == "getetag") properties_.etag = std::string(text);
        if (name == "quota-used-bytes") properties_.quota_used = unsigned_number(text);
        if (name == "quota-available-bytes") properties_.quota_available = unsigned_number(text);
        if (name == "propstat") end_propstat();
        if (name == "response") found_.push_back(std::move(response_));
        text_.clear();
    }

    void end_propstat() {
        in_propstat_ = false;
        if (propstat_status_ < 200 || propstat_status_ > 299) return;
        // Two good propstats in one response are odd but legal: the later one adds.
        if (properties_.size) response_.size = properties_.size;
        if (properties_.modified) response_.modified = properties_.modified;
        if (!properties_.etag.empty()) response_.etag = std::move(properties_.etag);
        if (properties_.quota_used) response_.quota_used = properties_.quota_used;
        if (properties_.quota_available) response_.quota_available = properties_.quota_available;
        response_.directory = response_.directory || properties_.directory;
    }

    void characters(std::string_view bytes) {
        if (failure_) return;
        if (text_.size() + bytes.size() > limits_.max_text)
            return stop(fail(errc::limit_exceeded, "a text of the listing is too long"));
        text_.append(bytes);
    }

    multistatus_limits limits_;
    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
    std::optional<error> failure_;
    std::vector<dav_resource> found_;
    dav_resource response_;
    dav_resource properties_;
    unsigned propstat_status_ = 200;
    bool in_propstat_ = false;
    std::size_t depth_ = 0;
    std::string text_;
};

}  // namespace

result<std::vector<dav_resource>> parse_multistatus(std::string_view xml, multistatus_limits limits) {
    if (xml.size() > static_cast<std::size_t>(1) << 30) return fail(errc::limit_exceeded, "the listing is over 1 GiB");
    return reader(limits).run(xml);
}

std::optional<wall_time> parse_dav_date(std::string_view text) {
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = {};
    int day = 0, year = 0, hour = 0, minute = 0, second = 0, used = 0;
    std::string const line(text.substr(0, 64));
    if (std::sscanf(line.c_str(), "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT%n", &day, month, &year, &hour, &minute, &second,
                    &used) == 6 &&
        used > 0) {
        auto const at = months.find(month);
        std::chrono::year_month_day const date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(at / 3 + 1)},
                                               std::chrono::day{static_cast<unsigned>(day)}};
        if (at == std::string_view::npos || at % 3 != 0 || !date.ok() || hour > 23 || minute > 59 || second > 60 || hour < 0)
            return {};
        return wall_time{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} + seconds{second};
    }
    if (auto parsed = parse_rfc3339(text)) return *parsed;
    return std::nullopt;
}

}  // namespace fjord::storage
