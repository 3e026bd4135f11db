// Free text from strangers: read or refused, and what is read evaluates.
#include "stac/cql2/evaluate.hpp"
#include "stac/free_text.hpp"

#include <cstdint>

namespace {

class some_text final : public fjord::stac::cql2::item_view {
public:
    fjord::stac::cql2::value property(std::string_view name) const override {
        return fjord::stac::cql2::value::of("Some text, with words: " + std::string(name));
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const made =
        fjord::stac::read_free_text({reinterpret_cast<char const*>(data), size}, fjord::stac::text_fields_of_collections());
    if (!made) return 0;
    fjord::stac::cql2::evaluator(*made).test(some_text());
    // What is made prints as CQL2 text that means the same.
    if (size < 1000) {
        auto const again = fjord::stac::cql2::parse_text(fjord::stac::cql2::to_text(*made));
        if (again &&
            fjord::stac::cql2::evaluator(*again).test(some_text()) != fjord::stac::cql2::evaluator(*made).test(some_text()))
            __builtin_trap();
    }
    return 0;
}
