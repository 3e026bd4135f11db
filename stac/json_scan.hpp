#pragma once
// Looks into JSON text that was already validated (base parse_json), without building a tree and without reprinting: every
// result is a slice of the text given, so numbers keep their spelling. Not a validator: on text that is not JSON the answers
// are meaningless but never out of bounds.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fjord::stac {

// One member of an object: the key between its quotes, still escaped, and the value without surrounding space.
struct json_member {
    std::string_view raw_key;
    std::string_view value;
    std::string_view whole;  // from the opening quote of the key to the end of the value
    bool is(std::string_view key) const;
    std::string key() const;
};

// Walks the members of an object in order.
//   member_walk walk(object);
//   while (auto m = walk.next()) ...
class member_walk {
public:
    explicit member_walk(std::string_view object);
    std::optional<json_member> next();

private:
    std::string_view text_;
    std::size_t at_;
};

// Walks the elements of an array in order.
class element_walk {
public:
    explicit element_walk(std::string_view array);
    std::optional<std::string_view> next();

private:
    std::string_view text_;
    std::size_t at_;
};

enum class json_kind { null, boolean, number, string, array, object };
json_kind kind_of(std::string_view value) noexcept;

// The value of a member of `object`; nullopt when absent or when `object` is not an object.
std::optional<std::string_view> find_member(std::string_view object, std::string_view key);

// The text of a string slice (with its quotes); lone surrogates become U+FFFD.
std::string decode_string(std::string_view quoted);
std::string decode_raw_string(std::string_view between_quotes);
std::optional<double> decode_number(std::string_view value);

std::string_view trimmed(std::string_view text) noexcept;

// RFC 7386 JSON Merge Patch on text: what the patch does not name keeps its bytes, order included.
std::string merge_patch(std::string_view target, std::string_view patch);

}  // namespace fjord::stac
