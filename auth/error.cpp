#include "auth/error.hpp"

#include <boost/system/error_category.hpp>

namespace fjord::auth {
namespace {

char const* text_of(errc e) noexcept {
    switch (e) {
        case errc::malformed:
            return "the token is not a well-formed JWT within limits";
        case errc::unknown_issuer:
            return "the token's issuer is not trusted here";
        case errc::bad_algorithm:
            return "the token's signature algorithm is not accepted";
        case errc::unknown_key:
            return "the token's key is not one of its issuer's keys";
        case errc::bad_signature:
            return "the token's signature does not hold";
        case errc::expired:
            return "the token has expired";
        case errc::not_yet_valid:
            return "the token is not valid yet";
        case errc::lifetime_too_long:
            return "the token lives longer than allowed for its issuer";
        case errc::bad_audience:
            return "the token is meant for another service";
        case errc::bad_profile:
            return "the token is not an access token of a known profile";
        case errc::bad_scope:
            return "the token holds a malformed scope";
        case errc::revoked:
            return "the token has been revoked";
        case errc::proof_required:
            return "the token needs a proof of possession and was sent as plain bearer";
        case errc::bad_proof:
            return "the DPoP proof does not fit the token and the request";
        case errc::keys_unavailable:
            return "the issuer's keys cannot be had now";
        case errc::invalid_request:
            return "the request's credentials are malformed";
    }
    return "unknown auth error";
}

class auth_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "fjord.auth"; }
    std::string message(int value) const override { return text_of(static_cast<errc>(value)); }
};

}  // namespace

error_code make_error_code(errc e) noexcept {
    static auth_category const category;
    return {static_cast<int>(e), category};
}

}  // namespace fjord::auth
