#pragma once
// The site-honesty probe (http-tpc reference, section 10) as data: which requests are sent to a storage site, in order, with
// which token, on which canary. rows.hpp says what their answers mean, run.hpp sends them. Pure.
//
// Everything happens in one folder per run, "<site url>/.fjord-probe/<run>/", on small files ("canaries") made for it; object and
// scope paths below are relative to that folder.
#include "base/clock.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fjord::storage::probe {

// Below the site's url. The leading dot keeps it apart from every collection's data.
inline constexpr std::string_view folder = ".fjord-probe";

enum class token_flaw { none, expired, long_lived, wrong_audience, no_audience, minor_version };

struct grant {
    std::string_view verb;  // "storage.read"
    std::string_view path;  // relative to the run's folder; "" is the folder
};

// What is asked of the caller's minter. Without grants: no token at all.
struct token_spec {
    std::vector<grant> grants;
    token_flaw flaw = token_flaw::none;
    seconds lifetime{60};
    bool pathless = false;  // the verbs of `grants` alone, without their paths
};

// How the token travels.
enum class carrier {
    header,            // Authorization: Bearer
    url_authz,         // ?authz=Bearer%20TOKEN, as XRootD has it
    url_access_token,  // ?access_token=TOKEN (RFC 6750 section 2.3)
    cleartext,         // Authorization over http:// at the same host and port
};

struct step {
    std::string_view name;
    std::string_view method;
    std::string_view object;
    token_spec token;
    carrier how = carrier::header;
    // Values may hold {base}, {http} and {file}: the run's folder as https://, http:// and file:// URL.
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    token_spec remote_token;  // COPY: for the other side, in TransferHeaderAuthorization
    bool required = false;    // makes a canary: without it the probe cannot go on
    std::string_view reuse;   // the very token of this earlier step, once that has expired
    // Nothing is sent for so long afterwards. XRootD 5.5.3 answers a digest that it has to compute from a second thread, and a
    // request (or a close) that meets the connection's own thread still at work can crash the server.
    milliseconds rest{0};
    bool opens_server_files = false;  // names a file:// URL; an operator may switch it off
};

std::vector<step> const& steps();

// The bytes of the canaries, the same for all but in their last line.
std::string canary_bytes(std::string_view run, std::string_view object);

}  // namespace fjord::storage::probe
