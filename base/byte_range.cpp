#include "base/byte_range.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace fjord {

namespace {

// A position larger than any file is still well-formed: it saturates, and then nothing of the file can be there.
std::optional<std::uint64_t> parse_position(std::string_view digits) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    return parse_unsigned<std::uint64_t>(digits).value_or(std::numeric_limits<std::uint64_t>::max());
}

// int-range or suffix-range of RFC 9110 section 14.1.1; nullopt when it is neither.
std::optional<http_range> parse_spec(std::string_view spec) {
    auto const dash = spec.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    auto const left = spec.substr(0, dash);
    auto const right = spec.substr(dash + 1);
    http_range range;
    if (!left.empty() && !(range.first = parse_position(left))) return std::nullopt;
    if (!right.empty() && !(range.last = parse_position(right))) return std::nullopt;
    if (!range.first && !range.last) return std::nullopt;
    if (range.first && range.last && *range.last < *range.first) return std::nullopt;
    return range;
}

// The ranges of a field; empty when any part of it is malformed or there are too many.
std::vector<http_range> parse_field(std::string_view field) {
    if (!iequals(trim(take_until(field, '=')), "bytes")) return {};
    std::vector<http_range> ranges;
    while (!field.empty()) {
        auto const spec = trim(take_until(field, ','));
        if (spec.empty()) continue;  // empty list elements are allowed (RFC 9110 section 5.6.1.2)
        auto const range = parse_spec(spec);
        if (!range || ranges.size() == max_ranges) return {};
        ranges.push_back(*range);
    }
    return ranges;
}

// What of the representation a range names; empty when it cannot be satisfied.
byte_span clip(http_range const& range, std::uint64_t size) {
    if (!range.first) return {size - std::min(*range.last, size), size};
    if (*range.first >= size) return {size, size};
    if (!range.last || *range.last >= size) return {*range.first, size};
    return {*range.first, *range.last + 1};
}

// Adds a span. Those that overlap it melt into it, in the place of the earliest of them. The spans there never overlap each
// other, so the merged one meets nobody new.
void add_coalesced(std::vector<byte_span>& spans, byte_span next) {
    auto const overlaps = [asked = next](byte_span const& s) { return s.begin < asked.end && asked.begin < s.end; };
    auto const earliest = std::find_if(spans.begin(), spans.end(), overlaps) - spans.begin();
    for (auto const& s : spans) {
        if (overlaps(s)) next = {std::min(s.begin, next.begin), std::max(s.end, next.end)};
    }
    std::erase_if(spans, overlaps);
    spans.insert(spans.begin() + earliest, next);
}

}  // namespace

range_answer resolve_ranges(std::string_view range_field, std::uint64_t size) {
    auto const ranges = parse_field(range_field);
    if (ranges.empty()) return {};
    range_answer answer{range_verdict::unsatisfiable, {}};
    for (auto const& range : ranges) {
        // A suffix of an empty representation is all of it (RFC 9110 section 14.1.3), which no Content-Range can say.
        if (size == 0 && !range.first && *range.last > 0) return {};
        auto const span = clip(range, size);
        if (!span.empty()) add_coalesced(answer.spans, span);
    }
    if (!answer.spans.empty()) answer.verdict = range_verdict::partial;
    return answer;
}

std::string content_range(byte_span span, std::uint64_t size) {
    return "bytes " + std::to_string(span.begin) + "-" + std::to_string(span.end - 1) + "/" + std::to_string(size);
}

std::string range_field(byte_span span) { return "bytes=" + std::to_string(span.begin) + "-" + std::to_string(span.end - 1); }

}  // namespace fjord
