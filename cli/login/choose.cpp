#include "cli/login/choose.hpp"

#include "cli/output.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace fjord::cli {
namespace {

std::string listed(std::vector<login_offer> const& offers) {
    std::string out;
    for (auto const& o : offers) out += (out.empty() ? "" : ", ") + o.issuer;
    return out.empty() ? "none" : out;
}

void fill(std::string& to, std::string const& from) {
    if (to.empty()) to = from;
}

}  // namespace

result<std::vector<login_offer>> read_offers(json::value const& body) {
    auto const* o = body.if_object();
    auto const* rows = o ? o->if_contains("logins") : nullptr;
    if (!rows || !rows->is_array()) return fail(errc::invalid_argument, "the broker's /api/v1/logins is not a list of logins");
    std::vector<login_offer> out;
    for (auto const& row : rows->get_array()) {
        login_offer one{member_text(row, "issuer"), member_text(row, "client_id"), member_text(row, "scope"),
                        member_text(row, "audience")};
        if (!one.issuer.empty()) out.push_back(std::move(one));
    }
    return out;
}

result<login_options> choose_login(std::string const& broker, login_options said, login_options const& configured,
                                   std::vector<login_offer> const& offers) {
    fill(said.issuer, configured.issuer);
    if (said.issuer.empty()) {
        std::vector<login_offer> ready;
        for (auto const& o : offers)
            if (!o.client_id.empty()) ready.push_back(o);
        if (ready.size() > 1)
            return fail(errc::invalid_argument,
                        broker + " takes logins of several issuers: " + listed(ready) + "; say which: fjord login ISSUER");
        if (ready.empty() && offers.size() != 1)
            return fail(errc::invalid_argument, broker + " names no issuer for people to log in with (it trusts: " +
                                                    listed(offers) + "); say which: fjord login ISSUER --client-id ID");
        said.issuer = ready.empty() ? offers.front().issuer : ready.front().issuer;
    }
    auto const offer = std::find_if(offers.begin(), offers.end(), [&](auto const& o) { return o.issuer == said.issuer; });
    if (offer == offers.end())
        return fail(errc::invalid_argument, broker + " does not trust " + said.issuer + "; it trusts: " + listed(offers) +
                                                " (addresses compare byte by byte)");
    if (configured.issuer.empty() || configured.issuer == said.issuer) {
        fill(said.client_id, configured.client_id);
        fill(said.scope, configured.scope);
        fill(said.audience, configured.audience);
        fill(said.client_secret_file, configured.client_secret_file);
        fill(said.account, configured.account);
    }
    fill(said.ca, configured.ca);
    fill(said.client_id, offer->client_id);
    fill(said.scope, offer->scope);
    fill(said.audience, offer->audience);
    return said;
}

}  // namespace fjord::cli
