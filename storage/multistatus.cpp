#include "storage/multistatus.hpp"

#include "base/text.hpp"
#include "storage/xml_reader.hpp"

#include <charconv>
#include <cstdio>

namespace fjord::storage {

namespace {

// "HTTP/1.1 404 Not Found"
unsigned status_line_code(std::string_view text) {
    auto const blank = text.find(' ');
    if (blank == std::string_view::npos) return 0;
    unsigned code = 0;
    auto const digits = text.substr(blank + 1, 3);
    auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
    return ec == std::errc{} && end == digits.data() + digits.size() ? code : 0;
}

// Collects <response>s; of a <propstat> only the properties under a 2xx status are taken.
class collector final : public xml_events {
public:
    explicit collector(std::size_t max_entries) : max_entries_(max_entries) {}

    result<void> start(std::string_view name, std::string_view space, std::size_t depth) override {
        if (space != "DAV:") name = {};
        if (depth == 1 && name != "multistatus") return fail(errc::corrupt, "the answer is not a WebDAV multistatus document");
        if (name == "response") {
            if (found_.size() >= max_entries_) return fail(errc::limit_exceeded, "the listing has too many entries");
            response_ = {};
        }
        if (name == "propstat") {
            properties_ = {};
            propstat_status_ = 200;
            in_propstat_ = true;
        }
        if (name == "collection") properties_.directory = true;
        return {};
    }

    result<void> end(std::string_view name, std::string_view space, std::size_t, std::string_view text) override {
        if (space != "DAV:") return {};
        if (name == "href" && !in_propstat_ && response_.href.empty()) response_.href = std::string(text);
        if (name == "status") (in_propstat_ ? propstat_status_ : response_.status) = status_line_code(text);
        if (name == "getcontentlength") properties_.size = parse_unsigned<std::uint64_t>(text);
        if (name == "getlastmodified") properties_.modified = parse_dav_date(text);
        if (name == "getetag") properties_.etag = std::string(text);
        if (name == "quota-used-bytes") properties_.quota_used = parse_unsigned<std::uint64_t>(text);
        if (name == "quota-available-bytes") properties_.quota_available = parse_unsigned<std::uint64_t>(text);
        if (name == "propstat") end_propstat();
        if (name == "response") found_.push_back(std::move(response_));
        return {};
    }

    std::vector<dav_resource> take() { return std::move(found_); }

private:
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

    std::size_t max_entries_;
    std::vector<dav_resource> found_;
    dav_resource response_;
    dav_resource properties_;
    unsigned propstat_status_ = 200;
    bool in_propstat_ = false;
};

}  // namespace

result<std::vector<dav_resource>> parse_multistatus(std::string_view xml, multistatus_limits limits) {
    collector found(limits.max_entries);
    xml_limits const bounds{.max_depth = limits.max_depth, .max_text = limits.max_text};
    if (auto read = read_xml("the listing", xml, bounds, found); !read) return read.error();
    return found.take();
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
