#include "base/json.hpp"

#include "base/utf8.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <unordered_set>

namespace fjord {

namespace {

enum class refusal { none, duplicate_key, number_range };

// Builds the value. Boost.JSON keeps the last of two equal keys in silence, so the handler counts the members it announces;
// fewer in the finished value means that a key came twice. Only then a second run with `track_keys` finds the place.
class strict_handler {
public:
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_key_size = -1;
    static constexpr std::size_t max_string_size = -1;

    strict_handler(bool track_keys, json::storage_ptr memory) : track_keys_(track_keys), memory_(std::move(memory)) {}

    bool on_document_begin(error_code&) {
        stack_.reset(memory_);
        return true;
    }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code&) {
        if (track_keys_) keys_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t n, error_code&) {
        if (track_keys_) keys_.pop_back();
        members_ += n;
        stack_.push_object(n);
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t n, error_code&) {
        stack_.push_array(n);
        return true;
    }

    bool on_key_part(json::string_view s, std::size_t, error_code&) {
        stack_.push_chars(s);
        key_ += track_keys_ ? s : json::string_view{};
        return true;
    }
    bool on_key(json::string_view s, std::size_t, error_code& ec) {
        stack_.push_key(s);
        if (!track_keys_) return true;
        key_ += s;
        if (!keys_.back().insert(key_).second) return refuse(refusal::duplicate_key, ec);
        key_.clear();
        return true;
    }

    bool on_string_part(json::string_view s, std::size_t, error_code&) {
        stack_.push_chars(s);
        return true;
    }
    bool on_string(json::string_view s, std::size_t, error_code&) {
        stack_.push_string(s);
        return true;
    }

    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t i, json::string_view, error_code&) {
        stack_.push_int64(i);
        return true;
    }
    bool on_uint64(std::uint64_t u, json::string_view, error_code&) {
        stack_.push_uint64(u);
        return true;
    }
    // The parser's own conversion may be off in the last bit; the text, whole because the input is, gives the nearest double.
    bool on_double(double d, json::string_view s, error_code& ec) {
        auto const [end, outcome] = std::from_chars(s.data(), s.data() + s.size(), d);
        bool const underflow = outcome == std::errc::result_out_of_range && std::abs(d) < 1;
        if (!std::isfinite(d) || (outcome != std::errc{} && !underflow)) return refuse(refusal::number_range, ec);
        stack_.push_double(d);
        return true;
    }

    bool on_bool(bool b, error_code&) {
        stack_.push_bool(b);
        return true;
    }
    bool on_null(error_code&) {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

    json::value release() { return stack_.release(); }
    std::size_t members() const noexcept { return members_; }
    refusal why() const noexcept { return why_; }
    std::string const& key() const noexcept { return key_; }

private:
    bool refuse(refusal why, error_code& ec) {
        why_ = why;
        ec = make_error_code(errc::invalid_argument);
        return false;
    }

    json::value_stack stack_;
    std::size_t members_ = 0;
    refusal why_ = refusal::none;
    bool track_keys_;
    json::storage_ptr memory_;
    std::string key_;
    std::vector<std::unordered_set<std::string>> keys_;
};

using strict_parser = json::basic_parser<strict_handler>;

json::parse_options options_of(json_limits limits) {
    json::parse_options options;
    options.max_depth = limits.max_depth;
    return options;
}

std::string place_of(std::string_view text, std::size_t offset) {
    auto const before = text.substr(0, std::min(offset, text.size()));
    auto const line = std::count(before.begin(), before.end(), '\n') + 1;
    auto const line_start = before.rfind('\n');
    auto const column = before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
    return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

error explain(strict_handler const& handler, error_code const& ec, std::string_view text, std::size_t offset,
              json_limits limits) {
    auto const place = place_of(text, offset);
    if (handler.why() == refusal::duplicate_key) {
        return fail(errc::invalid_argument, place + "the key " + json_quote(handler.key()) + " appears twice in one object");
    }
    if (handler.why() == refusal::number_range) return fail(errc::invalid_argument, place + "the number is too large");
    if (ec == json::error::too_deep) {
        return fail(errc::limit_exceeded, place + "nested deeper than the limit of " + std::to_string(limits.max_depth));
    }
    if (ec == json::error::incomplete) return fail(errc::invalid_argument, place + "the JSON text ends too early");
    if (ec == json::error::extra_data)
        return fail(errc::invalid_argument, place + "there is more after the end of the JSON value");
    return fail(errc::invalid_argument, place + ec.message());
}

std::size_t count_members(json::value const& value) {
    std::size_t n = 0;
    if (auto const* object = value.if_object()) {
        n = object->size();
        for (auto const& member : *object) n += count_members(member.value());
    } else if (auto const* array = value.if_array()) {
        for (auto const& element : *array) n += count_members(element);
    }
    return n;
}

result<json::value> run(std::string_view text, json_limits limits, bool track_keys, json::storage_ptr const& memory) {
    strict_parser parser(options_of(limits), track_keys, memory);
    error_code ec;
    auto const used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = json::error::extra_data;
    if (ec) return explain(parser.handler(), ec, text, used, limits);
    auto value = parser.handler().release();
    if (!track_keys && count_members(value) != parser.handler().members()) return run(text, limits, true, memory);
    return value;
}

}  // namespace

result<json::value> parse_json(std::string_view text, json_limits limits, json::storage_ptr memory) {
    if (text.size() > limits.max_bytes) {
        return fail(errc::limit_exceeded, "the JSON text has " + std::to_string(text.size()) + " bytes, more than the limit of " +
                                              std::to_string(limits.max_bytes));
    }
    return run(text, limits, false, memory);
}

std::string json_quote(std::string_view text) {
    auto const valid = to_valid_utf8(text);
    std::string out = "\"";
    for (char c : valid) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    char escape[8];
                    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                    out += escape;
                } else {
                    out += c;
                }
        }
    }
    return out + "\"";
}

}  // namespace fjord
