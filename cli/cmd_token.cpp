// fjord token mint|inspect: development tokens from an issuer's key, and what a token says. Nothing is sent anywhere.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/login/token_source.hpp"
#include "cli/output.hpp"

#include "auth/auth.hpp"
#include "base/digest.hpp"

namespace fjord::cli {

int mint_token(mint_args const& a) {
    auto minter = auth::minter::open(a.issuer, a.key, system_clock());
    if (!minter) return report(minter.error());
    auth::mint_request m;
    m.subject = a.subject;
    m.audience = a.audience;
    m.scope = a.scope;
    m.groups = a.groups;
    m.org = a.org;
    m.lifetime = std::chrono::seconds(a.lifetime);
    std::printf("%s\n", minter->mint(m).reveal().c_str());
    return exit_done;
}

int inspect_token(global_options const& g) {
    auto source = token_source::find(g);
    if (!source) return report(source.error());
    auto token = source->current();
    if (!token) return report(token.error());
    if (token->empty())
        return report(
            fail(errc::not_found, "no token found: run fjord login, or give --token-file, BEARER_TOKEN or BEARER_TOKEN_FILE"));
    auto const& text = token->reveal();
    auto const first = text.find('.');
    auto const second = first == std::string::npos ? first : text.find('.', first + 1);
    if (second == std::string::npos) return report(fail(errc::invalid_argument, "this token is opaque: it is no JWT"));
    json::object o;
    for (auto const& [name, part] : {std::pair<char const*, std::string>{"header", text.substr(0, first)},
                                     {"claims", text.substr(first + 1, second - first - 1)}}) {
        auto decoded = base64url_decode(part);
        if (!decoded) return report(decoded.error());
        auto value = parse_json(*decoded, {8u << 10, 16});
        if (!value) return report(value.error());
        o[name] = *value;
    }
    o["from"] = source->origin();
    o["note"] = "shown as sent; nothing was verified";
    print_json(o);
    return exit_done;
}

}  // namespace fjord::cli
