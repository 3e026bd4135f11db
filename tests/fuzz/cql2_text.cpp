// CQL2 text: nothing crashes, and what parses prints to text and JSON that parse to the same filter.
#include "stac/cql2/evaluate.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace fjord::stac::cql2;

class empty_item final : public item_view {
public:
    value property(std::string_view) const override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const parsed = parse_text(text);
    if (!parsed) return 0;
    evaluator(*parsed).test(empty_item());
    // A backslash before a quote has no spelling in CQL2 text, so such strings need not come back.
    if (text.find('\\') != std::string_view::npos) return 0;
    auto const printed = to_text(*parsed);
    limits deep;
    deep.max_depth = 256;  // parentheses that printing adds
    deep.max_text = 16u << 20;
    auto const again = parse_text(printed, false, deep);
    if (!again || to_text(*again) != printed) std::abort();
    auto const from_json = parse_json(to_json(*parsed), false, deep);
    if (!from_json || to_text(*from_json) != printed) std::abort();
    return 0;
}
