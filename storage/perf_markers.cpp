#include "storage/perf_markers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace fjord::storage {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
    return text.size() >= word.size() &&
           std::equal(word.begin(), word.end(), text.begin(), [](char w, char t) { return w == lower(t); });
}

bool contains_word(std::string_view text, std::string_view word) noexcept {
    for (std::size_t i = 0; i + word.size() <= text.size(); ++i)
        if (starts_with_word(text.substr(i), word)) return true;
    return false;
}

std::string_view trim(std::string_view text) noexcept {
    auto const blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

template <class Number>
std::optional<Number> number(std::string_view text) noexcept {
    Number value{};
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end == text.data()) return std::nullopt;
    return value;  // dCache writes "1795222942.0" for time stamps: what follows the digits is dropped
}

// The first three-digit HTTP status after one of the phrases servers use before it.
std::optional<int> status_in(std::string_view reason) noexcept {
    for (std::string_view phrase :
         {"status code", "http status", "rejected get:", "rejected put:", "rejected head:", "status:"}) {
        for (std::size_t i = 0; i + phrase.size() <= reason.size(); ++i) {
            if (!starts_with_word(reason.substr(i), phrase)) continue;
            auto rest = reason.substr(i + phrase.size());
            while (!rest.empty() && (rest.front() == ' ' || rest.front() == ':')) rest.remove_prefix(1);
            if (auto status = number<int>(rest.substr(0, 3)); status && *status >= 100 && *status <= 599) return status;
        }
    }
    return std::nullopt;
}

}  // namespace

result<void> perf_marker_parser::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const newline = bytes.find('\n');
        auto const piece = bytes.substr(0, newline);
        if (pending_.size() + piece.size() > max_line)
            return fail(errc::limit_exceeded, "a line of the copy's progress report is too long");
        pending_.append(piece);
        if (newline == std::string_view::npos) return {};
        bytes.remove_prefix(newline + 1);
        auto const line = std::exchange(pending_, {});
        if (auto ok = take_line(line); !ok) return ok;
    }
    return {};
}

result<void> perf_marker_parser::finish() {
    if (pending_.empty()) return {};
    auto const line = std::exchange(pending_, {});
    return take_line(line);
}

std::vector<perf_marker> perf_marker_parser::take_markers() { return std::exchange(markers_, {}); }

result<void> perf_marker_parser::take_line(std::string_view raw) {
    auto const line = trim(raw);
    if (line.empty() || take_result(line)) return {};
    if (starts_with_word(line, "perf marker")) {
        in_marker_ = true;
        current_ = {};
        current_bytes_.reset();
        return {};
    }
    if (!in_marker_) return {};  // chatter between markers carries no promise
    if (line.size() == 3 && starts_with_word(line, "end")) {
        end_marker();
        return {};
    }
    return take_field(line);
}

bool perf_marker_parser::take_result(std::string_view line) {
    static constexpr std::array<std::pair<std::string_view, copy_verdict>, 4> words{{{"success", copy_verdict::success},
                                                                                     {"failure", copy_verdict::failure},
                                                                                     {"failed", copy_verdict::failure},
                                                                                     {"aborted", copy_verdict::aborted}}};
    for (auto const& [word, verdict] : words) {
        if (!starts_with_word(line, word)) continue;
        auto rest = line.substr(word.size());
        if (!rest.empty() && rest.front() != ':' && rest.front() != ' ' && rest.front() != '\t') continue;  // "successor"
        if (verdict == copy_verdict::success) {
            // A marker that never ended means the server broke off; its success is not believed. Nor one after a failure.
            if (in_marker_ || verdict_ != copy_verdict::undecided) return true;
        }
        if (!rest.empty() && rest.front() == ':') rest.remove_prefix(1);
        verdict_ = verdict;
        reason_ = std::string(trim(rest).substr(0, max_reason));
        return true;
    }
    return false;
}

result<void> perf_marker_parser::take_field(std::string_view line) {
    auto const colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    auto const key = trim(line.substr(0, colon));
    auto const value = trim(line.substr(colon + 1));
    auto const is = [key](std::string_view name) { return key.size() == name.size() && starts_with_word(key, name); };
    if (is("timestamp")) current_.timestamp = number<std::int64_t>(value);
    if (is("stripe bytes transferred")) current_bytes_ = number<std::uint64_t>(value);
    if (is("total stripe count")) current_.stripes = number<unsigned>(value).value_or(1);
    if (is("remoteconnections")) current_.remote = std::string(value);
    if (is("stripe index")) {
        current_.stripe = number<unsigned>(value).value_or(0);
        if (current_.stripe >= max_stripes)
            return fail(errc::limit_exceeded, "the copy's progress report names too many stripes");
    }
    return {};
}

void perf_marker_parser::end_marker() {
    in_marker_ = false;
    // A marker without a byte count still says that the transfer lives.
    if (current_bytes_) stripe_bytes_[current_.stripe] = *current_bytes_;
    for (auto const& [stripe, bytes] : stripe_bytes_) current_.bytes += bytes;
    markers_.push_back(std::exchange(current_, {}));
}

errc classify_copy_failure(std::string_view reason) noexcept {
    if (contains_word(reason, "checksum") || contains_word(reason, "digest mismatch")) return errc::corrupt;
    if (auto const status = status_in(reason)) {
        switch (*status) {
            case 401:
            case 403:
                return errc::denied;
            case 404:
                return errc::not_found;
            case 412:
                return errc::already_exists;
            case 507:
                return errc::no_space;
            default:
                return errc::unavailable;
        }
    }
    if (contains_word(reason, "no space") || contains_word(reason, "quota")) return errc::no_space;
    if (contains_word(reason, "permission denied")) return errc::denied;
    return errc::unavailable;
}

}  // namespace fjord::storage
