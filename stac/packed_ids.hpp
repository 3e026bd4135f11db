#pragma once
// Ids as bit strings: of every position only what tells the ids of this segment apart is kept. Scene ids of one product have the
// same shape, so five to ten bytes do for fifty characters; order by memcmp is order by text. Private to id_list.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

// The characters that occur at each position; an id that has ended counts as one, before all others.
class id_alphabet {
public:
    // Of these ids; nullopt when one is too long (255 bytes).
    static std::optional<id_alphabet> of(std::span<std::string_view const> ids);
    // As it lies in a segment: one count byte per position and the characters, ascending. nullopt when it is damaged.
    static std::optional<id_alphabet> read(std::string_view stored);
    std::string const& stored() const noexcept { return stored_; }

    std::size_t width() const noexcept { return width_; }       // bytes of one id
    void encode(std::string_view id, unsigned char* to) const;  // an id that `of` has seen
    // False when a code stands for no id; then `to` is not to be used.
    bool decode(unsigned char const* code, std::string& to) const;
    // Where `id` stands among codes: at its own; or before the first code that is not less than `to`; or after the last one that
    // is not greater.
    enum class side { exact, before, after };
    side place(std::string_view id, unsigned char* to) const;

private:
    struct position {
        std::uint8_t bits;
        std::uint16_t count;  // of symbols; symbol 0 may be the end
        bool ends;            // some id ends before this position
        std::uint32_t begin;  // of its characters in stored_
    };
    void add(std::string_view characters, bool ends);
    void finish();

    std::string stored_;
    std::vector<position> positions_;
    std::size_t width_ = 0;
};

}  // namespace fjord::stac
