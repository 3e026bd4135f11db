// The scope parser: whatever it takes must be made of plain names.
#include "auth/scope.hpp"
#include "base/dataset_uri.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    std::string_view text(reinterpret_cast<char const*>(data), size);
    for (auto d : {auth::dialect::wlcg, auth::dialect::scitokens, auth::dialect::oidc}) {
        auto scopes = auth::parse_scopes(text, d);
        if (!scopes) continue;
        for (auto const& capability : *scopes)
            for (auto const& segment : capability.segments)
                if (!check_name("segment", segment)) std::abort();
    }
    return 0;
}
