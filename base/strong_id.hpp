#pragma once
// Names that must not be mixed up: a strong_id is a std::string with a type. Compare, hash and print work; nothing converts.
#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace fjord {

template <class Tag>
class strong_id {
public:
    strong_id() = default;
    explicit strong_id(std::string value) : value_(std::move(value)) {}
    explicit strong_id(std::string_view value) : value_(value) {}
    explicit strong_id(char const* value) : value_(value) {}

    std::string const& str() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }

    friend auto operator<=>(strong_id const&, strong_id const&) = default;
    friend std::ostream& operator<<(std::ostream& os, strong_id const& id) { return os << id.value_; }

private:
    std::string value_;
};

using collection_id = strong_id<struct collection_id_tag>;
using item_id = strong_id<struct item_id_tag>;      // unique inside its collection
using asset_key = strong_id<struct asset_key_tag>;  // unique inside its item
using site_id = strong_id<struct site_id_tag>;
using rule_id = strong_id<struct rule_id_tag>;
using transfer_id = strong_id<struct transfer_id_tag>;

}  // namespace fjord

template <class Tag>
struct std::hash<fjord::strong_id<Tag>> {
    std::size_t operator()(fjord::strong_id<Tag> const& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
