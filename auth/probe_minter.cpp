#include "auth/probe_minter.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr seconds longest{120};
constexpr seconds longest_without_path{30};
constexpr seconds ten_years{10L * 365 * 86400};
constexpr seconds backdate{60};

bool is_run_name(std::string_view run) {
    auto good = [](char c) { return is_digit(c) || is_alpha(c); };
    return run.size() >= 16 && run.size() <= 64 && std::all_of(run.begin(), run.end(), good);
}

// Does the path lie in the run's folder however it is read: as it stands, and with dot segments followed?
bool is_canary_path(std::string_view path, std::string_view run) {
    auto const folder = "/" + std::string(probe_folder) + "/" + std::string(run);
    auto const at = path.find(folder);
    if (at == std::string_view::npos) return false;
    auto rest = path.substr(at + folder.size());
    if (!rest.empty() && rest.front() != '/') return false;
    if (rest.find_first_of("%\\") != std::string_view::npos) return false;  // nothing that could be read in two ways
    int depth = 0;
    while (!rest.empty()) {
        auto const segment = take_until(rest, '/');
        if (segment.empty() || segment == ".") continue;
        depth += segment == ".." ? -1 : 1;
        if (depth < 0) return false;
    }
    return true;
}

// Why this scope must not be signed; empty when it may.
std::string_view refusal(std::string_view scope, std::string_view run, seconds lifetime) {
    if (scope.empty()) return "it has no scope";
    if (scope == "storage.read")
        return lifetime > longest_without_path ? "without a path it may live thirty seconds" : std::string_view{};
    while (!scope.empty()) {
        auto entry = take_until(scope, ' ');
        auto const verb = take_until(entry, ':');
        if (!verb.starts_with("storage.")) return "its scope is not about storage";
        if (!is_canary_path(entry, run)) return "its scope leaves the canary folder of the run";
    }
    return {};
}

std::int64_t unix_seconds(wall_time t) { return std::chrono::duration_cast<seconds>(t.time_since_epoch()).count(); }

}  // namespace

result<secret> probe_minter::mint(probe_token_request const& request) const {
    auto refused = refusal(request.scope, request.run, request.lifetime);
    if (!is_run_name(request.run)) refused = "its run has no proper name";
    if (request.lifetime < seconds{1} || request.lifetime > longest) refused = "it would live too long or not at all";
    bool const narrow = request.scope.find(' ') == std::string::npos && request.scope.starts_with("storage.read:");
    if (request.flaw == token_flaw::long_lived && !narrow) refused = "a long life is for reading one canary only";
    if (!refused.empty()) {
        log.error("a probe token was refused", {{"reason", refused}, {"scope", request.scope}});
        return fail(fjord::errc::denied, "no probe token: " + std::string(refused));
    }
    auto const now = unix_seconds(time_.now());
    auto exp = now + request.lifetime.count();
    auto iat = now;
    if (request.flaw == token_flaw::expired) exp = now - 10, iat = exp - backdate.count();
    if (request.flaw == token_flaw::long_lived) exp = now + ten_years.count();
    boost::json::object claims{{"iss", keys_.issuer()}, {"sub", "site-probe"}, {"scope", request.scope}};
    claims["iat"] = iat;
    claims["nbf"] = iat - backdate.count();
    claims["exp"] = exp;
    claims["jti"] = new_ulid();
    claims["wlcg.ver"] = request.flaw == token_flaw::minor_version ? "1.3" : "1.0";
    if (request.flaw == token_flaw::wrong_audience)
        claims["aud"] = "https://another-service.invalid";
    else if (request.flaw != token_flaw::no_audience)
        claims["aud"] = request.audience;
    auto token = keys_.sign(boost::json::serialize(claims), request.signature);
    if (token.empty()) return fail(fjord::errc::internal, "no probe token: signing failed");
    return token;
}

}  // namespace fjord::auth
