#pragma once
// Tokens in, principals out; and narrow tokens minted. WLCG common JWT profile 1.x, SciTokens 2, plain OIDC access tokens.
// Nothing here logs or returns token text. Rules and the attack table: WLCG profile v1.3, RFC 7519, RFC 8725, RFC 9068.
#include "auth/error.hpp"
#include "auth/minter.hpp"
#include "auth/revocation.hpp"
#include "base/clock.hpp"
#include "base/identity.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord {
class blocking_pool;
}

namespace fjord::auth {

namespace asio = boost::asio;

// One [[issuer]] block: whom we trust, and what its tokens mean here.
struct issuer_options {
    std::string url;                                        // `iss`, byte-exact
    std::vector<std::string> audience;                      // accepted `aud`; empty: the role's own origins
    bool allow_any_audience = false;                        // accept https://wlcg.cern.ch/jwt/v1/any
    std::string ca;                                         // PEM bundle for its metadata and keys
    std::string jwks_file;                                  // read keys from here instead of the network (offline start)
    std::vector<std::string> algorithms{"ES256", "RS256"};  // allow-list; ES384, EdDSA, PS256 by configuration
    std::chrono::seconds max_lifetime{6 * 3600};
    bool require_at_jwt = false;               // header typ must be at+jwt (RFC 9068); many research issuers still send JWT
    std::string groups_claim = "wlcg.groups";  // dotted or plain claim name
    std::string account_claim;                 // claim that names the local account of its people (mapped sites); empty: none
    std::string org;                           // organisation of its people
    std::string base_path = "/";               // where its scope paths are rooted here
    std::vector<std::string> admin_groups;     // members get role "admin"
    std::vector<std::string> admin_subjects;
    std::string login_client_id;  // how people log in with it (fjord login); empty: they need a client id of their own
    std::string login_scope, login_audience;
};

// Gets the JWKS of an issuer. Implementations: HTTP with discovery (oidc_key_source), a fixed document (files, tests).
class key_source {
public:
    virtual ~key_source() = default;
    // The raw JWKS JSON and how long it may be used. errc::unavailable, errc::invalid_argument.
    struct keys {
        std::string jwks;
        std::chrono::seconds max_age{3600};            // fresh for so long; clamped to 1..6 h unless second-hand
        std::chrono::seconds lifetime{2 * 24 * 3600};  // usable for so long when no newer ones can be had; at most 4 days
        bool second_hand = false;                      // out of a file: there may be newer ones, ask for an unknown kid at once
    };
    virtual asio::awaitable<result<keys>> fetch(issuer_options const& issuer) = 0;
};

// The DPoP field of a request and what it must fit (RFC 9449). `path`: raw path of the request, without query.
struct presented_proof {
    std::string proof, method, path;
};

using caller = std::shared_ptr<principal const>;

// Verifies tokens of configured issuers. Any thread; one refresh per issuer at a time, decision cache bounded by `exp`.
// admit() and verify() run on a context that one thread runs. A token with any capability scope yields a principal without groups
// and roles (capability beats group).
class verifier {
public:
    verifier(std::vector<issuer_options> issuers, std::vector<std::string> own_audiences, std::shared_ptr<key_source> keys,
             clock& time);
    ~verifier();
    // auth errc values say which rule broke; the detail is fit for error_description ("expired 12 s ago").
    // A token bound to a key (`cnf.jkt`) needs a fresh proof by that key, any other token must come without one.
    asio::awaitable<result<caller>> admit(secret token, std::optional<presented_proof> proof = {});
    // The same without waiting, for a token that was verified before and still counts; nullopt: admit() must say.
    std::optional<result<caller>> recall(secret const& token, std::optional<presented_proof> const& proof = {});
    // For a token endpoint (RFC 9449 section 5), where tokens come in a form and the proof with the request: the thumbprint of
    // the proof's key; then tokens that are bound to no key or to that one (empty: no proof came).
    result<std::string> take_proof(presented_proof const& proof);
    asio::awaitable<result<caller>> verify_held(secret token, std::string key_thumbprint);
    // A bearer token, as a value of the caller's own.
    asio::awaitable<result<principal>> verify(secret token);
    // What is refused before its time, as a whole: it replaces what was set before, from the next request on.
    void replace_revocations(std::vector<revocation> list);
    void replace_issuers(std::vector<issuer_options> issuers);  // SIGHUP
    std::vector<std::string> issuers() const;                   // whom we trust now
    // Its keys are fetched anew and nothing verified with the old ones counts any more, from the next request on.
    void forget_keys(std::string const& issuer);

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

// Reads the credentials of a request (RFC 6750 section 2.1, RFC 9449 section 7.1; scheme in any case), verifies, sets req.caller.
// Engaged: the 400/401 answer (503 while the issuer's keys cannot be had). `ticket_parameter`: query parameter that may carry a
// broker-minted single-object token after a redirect (doors and caches); empty: no such thing.
asio::awaitable<std::optional<net::response>> authenticate(net::request& req, verifier& v, std::string_view realm,
                                                           std::string_view ticket_parameter = {});

// RFC 6750 section 3 and RFC 9449 section 7.1 answers with problem+json bodies, whose decision_id is also in the log. `scope`:
// what would be enough, may be empty.
net::response unauthorized(net::request const& req, std::string_view realm, std::string_view scope, error const* why = nullptr);
// `extra`: further members of the body; a policy's own decision_id among them is kept.
net::response insufficient_scope(net::request const& req, std::string_view realm, std::string_view scope, std::string_view detail,
                                 boost::json::object extra = {});

// WLCG v1.3 sections on scopes and paths, component by component. `segments`: the object's decoded path at this service (the
// verifier has put the issuer's base path in front of every capability).
// verb: "storage.read", "storage.create", "storage.modify", "storage.stat" (granted by read, create, modify, stage).
// `is_directory`: the object is (or will be) a directory; mkdir of a leading directory of a create scope is allowed.
bool allows(principal const& who, std::string_view verb, std::vector<std::string> const& segments, bool is_directory = false);

// Discovery and JWKS over https, per-issuer CA, no redirects; or the issuer's jwks_file, read on the pool. The pool outlives it.
std::shared_ptr<key_source> make_oidc_key_source(blocking_pool& pool);
// The same with the WLCG system JWKS cache around it (jwks_cache.hpp): read always, written in `directory` unless that is empty.
std::shared_ptr<key_source> make_cached_key_source(std::shared_ptr<key_source> network, std::string directory,
                                                   blocking_pool& pool, clock& time);
std::shared_ptr<key_source> make_fixed_key_source(std::string issuer, std::string jwks, std::shared_ptr<key_source> others);
// Our own issuer's keys as they are now, without the network. After a change call verifier::forget_keys(issuer).
std::shared_ptr<key_source> make_own_key_source(std::string issuer, std::shared_ptr<signing_keys const> keys,
                                                std::shared_ptr<key_source> others);

}  // namespace fjord::auth
