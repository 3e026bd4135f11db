#pragma once
// Signs the tokens of our own issuer: one object, one audience, minutes. What is always written, and why: nbf 60 s back and
// wlcg.ver 1.0 because XRootD 5.5.3 and older relying parties refuse tokens without them; never the wildcard audience.
#include "auth/signature.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fjord::auth {

class signing_keys;

struct mint_request {
    std::string subject;
    std::vector<std::string> audience;
    std::string scope;  // "storage.read:/path"
    std::chrono::seconds lifetime{600};
    std::string upload_id;                   // claim fjord.upload
    std::vector<std::string> groups;         // wlcg.groups (development issuer)
    std::string org;                         // claim fjord.org (development issuer)
    std::string kind;                        // claim fjord.kind: "human", "service", "twin_run"; empty: none
    std::string act;                         // claim act (RFC 8693 section 4.1), a JSON object; empty: none
    std::string key_thumbprint;              // claim cnf.jkt (RFC 9449 section 6.1); empty: a bearer token
    algorithm signature = algorithm::es256;  // rs256 where the receiver verifies nothing else
};

// Any thread.
class minter {
public:
    // With one key in a PEM file, made with mode 0600 when the file is absent; it is never rotated. errc::invalid_argument.
    static result<minter> open(std::string issuer_url, std::string const& key_file, clock& time);
    // With keys that rotate; `time` outlives it.
    minter(std::string issuer_url, std::shared_ptr<signing_keys> keys, clock& time);
    minter(minter&&) noexcept;
    minter& operator=(minter&&) noexcept;
    ~minter();

    // A lifetime over the keys' longest is cut to it. Empty when OpenSSL fails (logged), and for an audience that is no audience:
    // none, an empty one, or a wildcard (a fault of the caller; logged).
    secret mint(mint_request const& request) const;
    std::string jwks() const;  // public keys, JSON
    std::string const& issuer() const noexcept;
    signing_keys& keys() const noexcept;

private:
    friend class probe_minter;  // the only other one that may choose claims; auth/probe_minter.hpp says within which bounds
    secret sign(std::string const& claims, algorithm a = algorithm::es256) const;  // a JSON object; empty when OpenSSL fails
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::auth
