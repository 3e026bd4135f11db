// Paging tokens from strangers: nothing crashes, and no text passes that was not sealed.
#include "base/digest.hpp"
#include "stac/cursor.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord::stac;
    static cursor_signer const signer(fjord::secret("a key that only the server has"));
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (signer.open(text, "query", "caller")) std::abort();
    if (signer.open(fjord::base64url_encode(text), "query", "caller")) std::abort();
    return 0;
}
