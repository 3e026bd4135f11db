// The form of the token endpoint: what is taken has a subject token, one audience and a token type we issue; what is not has a
// code.
#include "broker/oauth_form.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto form = broker::read_exchange_form(text);
    if (!form) {
        if (form.error().code.empty() || form.error().status < 400) std::abort();
        return 0;
    }
    if (form->subject_token.empty()) std::abort();
    if (!form->issued_token_type.starts_with("urn:ietf:params:oauth:token-type:")) std::abort();
    return 0;
}
