#pragma once
// Tokens that are wrong on purpose, for the site-honesty probe (http-tpc reference, section 10): does a storage site refuse what
// it should refuse? Nothing else may ask for them, and they are of no use to whoever finds one:
//   - every scope path lies in one probe run's canary folder (".fjord-probe/<run>"), which is removed when the run ends;
//   - they live two minutes at most, but for the one that tests how long a life the site accepts, which reads one canary;
//   - the one scope that names no path ("storage.read") lives thirty seconds at most.
// What breaks these bounds is not signed. Any thread.
#include "auth/auth.hpp"

namespace fjord::auth {

enum class token_flaw {
    none,
    expired,         // exp ten seconds ago, issued a minute before that
    long_lived,      // ten years
    wrong_audience,  // another service's
    no_audience,
    minor_version,  // wlcg.ver 1.3: no flaw, but some servers take it for one
};

struct probe_token_request {
    std::string audience;  // the site's
    std::string run;       // the folder of this run below ".fjord-probe"
    std::string scope;     // "storage.read:/data/.fjord-probe/<run>/x storage.create:..." or "storage.read"
    seconds lifetime{60};
    token_flaw flaw = token_flaw::none;
    algorithm signature = algorithm::es256;
};

class probe_minter {
public:
    probe_minter(minter const& keys, clock& time) : keys_(keys), time_(time) {}  // both outlive it
    // errc::denied when the request is out of bounds (logged), errc::internal when signing fails.
    result<secret> mint(probe_token_request const& request) const;

private:
    minter const& keys_;
    clock& time_;
};

// The folder below a site's url that holds canaries, one folder per run in it. Starts with a dot: no collection's data lies
// there.
inline constexpr std::string_view probe_folder = ".fjord-probe";

}  // namespace fjord::auth
