#pragma once
// One private key of an issuer: made, read from PEM, named, published, used. EC P-256 signs ES256; RSA of 2048 bits or more signs
// RS256, for storage servers that verify nothing else (StoRM WebDAV up to 1.9). Immutable; any thread.
#include "auth/signature.hpp"
#include "base/secret.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fjord::auth {

class signing_key {
public:
    // By OpenSSL's generator: a P-256 key in microseconds, a 2048 bit RSA key in tenths of a second. errc::internal.
    static result<std::shared_ptr<signing_key const>> generate(algorithm a);
    // An unencrypted PEM private key. errc::invalid_argument with the reason; `where` names its origin in it.
    static result<std::shared_ptr<signing_key const>> from_pem(std::string_view pem, std::string const& where);

    algorithm alg() const noexcept { return alg_; }
    std::string const& kid() const noexcept { return kid_; }             // its RFC 7638 thumbprint
    boost::json::object const& jwk() const noexcept { return public_; }  // public members only
    result<secret> pem() const;                                          // PKCS #8, for the owner's file. errc::internal
    // A JWS in compact form with header {alg, kid, typ: JWT}; `payload` as it is to stand in it. Empty when OpenSSL fails.
    // `typ` is not at+jwt: Spring's default verifier, which StoRM WebDAV uses, refuses that.
    secret sign(std::string_view payload) const;

private:
    signing_key() = default;
    static result<std::shared_ptr<signing_key const>> describe(evp_key key, algorithm a, std::string const& where);

    evp_key key_;
    std::optional<signer> signer_;
    algorithm alg_ = algorithm::es256;
    std::string kid_, header_;  // header_: encoded once
    boost::json::object public_;
};

}  // namespace fjord::auth
