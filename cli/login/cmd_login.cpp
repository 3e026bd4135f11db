// fjord login, logout: a person's tokens for one broker, by oidc-agent or by the device flow (RFC 8628).
#include "cli/exit_code.hpp"
#include "cli/login/choose.hpp"
#include "cli/login/commands.hpp"
#include "cli/login/device_poll.hpp"
#include "cli/login/oidc_agent.hpp"
#include "cli/login/oidc_client.hpp"
#include "cli/login/token_source.hpp"
#include "cli/output.hpp"

#include <thread>

namespace fjord::cli {
namespace {

result<void> need_broker(global_options const& g) {
    if (g.broker.empty())
        return fail(
            errc::invalid_argument,
            "a login is for one broker: give --broker https://HOST:PORT, set FJORD_BROKER, or write broker = \"...\" into "
            "the configuration file");
    return {};
}

// Where the person goes and what they type there. On standard error, at once, because the program waits from now on.
void show(device_code const& code, std::string const& issuer) {
    auto const minutes = std::chrono::ceil<std::chrono::minutes>(code.lifetime).count();
    std::fprintf(stderr, "To log in at %s, open this page in a browser, on any device:\n\n    %s\n\n", issuer.c_str(),
                 (code.uri_complete.empty() ? code.uri : code.uri_complete).c_str());
    if (code.uri_complete.empty())
        std::fprintf(stderr, "and enter the code  %s\n", code.user_code.c_str());
    else
        std::fprintf(stderr, "and check that it shows the code  %s  (else open %s and enter it)\n", code.user_code.c_str(),
                     code.uri.c_str());
    std::fprintf(stderr, "\nWaiting for you, at most %lld minute%s; Ctrl-C gives up.\n", static_cast<long long>(minutes),
                 minutes == 1 ? "" : "s");
    std::fflush(stderr);
}

result<token_answer> wait_for_person(oidc_client& provider, std::string const& token_endpoint, client_identity const& as,
                                     device_code const& code) {
    auto& time = system_clock();
    device_poll poll(code, time.steady());
    for (;;) {
        std::this_thread::sleep_for(poll.pause());
        auto answer = provider.poll(token_endpoint, as, code);
        switch (answer ? poll.on_answer(*answer, time.steady()) : poll.on_silence(time.steady())) {
            case device_poll::verdict::wait:
                continue;
            case device_poll::verdict::done:
                return std::move(*answer->tokens);
            case device_poll::verdict::denied:
                return fail(errc::denied, "the login was refused in the browser");
            case device_poll::verdict::expired:
                if (!answer)
                    return error(errc::timed_out,
                                 "the code ran out, and the issuer could not be asked: " + answer.error().message());
                return fail(errc::timed_out, "the code ran out before it was confirmed; run fjord login again");
            case device_poll::verdict::rejected:
                return fail(errc::denied, "the issuer refused: " + poll.reason());
        }
    }
}

result<login_record> by_device(login_options const& o) {
    if (o.client_id.empty())
        return fail(errc::invalid_argument,
                    "no client id is known for " + o.issuer +
                        ": register a public client for the device flow there and give --client-id ID, or ask "
                        "the broker's operator to set login_client_id");
    oidc_client provider(o.ca);
    auto at = provider.discover(o.issuer);
    if (!at) return at.error();
    auto key = read_client_secret(o.client_secret_file);
    if (!key) return key.error();
    client_identity const as{o.client_id, *key};
    login_record r;
    r.issuer = o.issuer;
    r.scope = o.scope.empty() ? usual_scope(*at) : o.scope;
    auto code = provider.begin(*at, as, r.scope, o.audience);
    if (!code) return code.error();
    show(*code, o.issuer);
    auto tokens = wait_for_person(provider, at->token_endpoint, as, *code);
    if (!tokens) return tokens.error();
    r.client_id = o.client_id;
    r.client_secret_file = o.client_secret_file;
    r.audience = o.audience;
    r.ca = o.ca;
    r.token_endpoint = at->token_endpoint;
    r.revocation_endpoint = at->revocation_endpoint;
    r.access = std::move(tokens->access);
    r.refresh = std::move(tokens->refresh);
    if (!tokens->scope.empty()) r.scope = tokens->scope;
    auto const now = system_clock().now();
    r.issued = now;
    r.expires = now + tokens->lifetime.value_or(seconds{300});
    if (tokens->refresh_lifetime) r.refresh_expires = now + *tokens->refresh_lifetime;
    return r;
}

// nullopt: there is no agent, or it knows no account for the issuer, which is said.
result<std::optional<login_record>> by_agent(login_options const& o, login_args const& a) {
    if (a.no_agent || !agent_is_there()) {
        if (!o.account.empty() && !a.no_agent)
            return fail(errc::unavailable,
                        "no oidc-agent is running here (OIDC_SOCK is not set); start it, or leave --account away");
        return std::optional<login_record>();
    }
    auto token = ask_agent({o.account, o.issuer, o.scope, o.audience});
    if (!token && !o.account.empty()) return token.error();
    if (!token) {
        std::fprintf(stderr, "%s\nLogging in without the agent.\n", token.error().message().c_str());
        return std::optional<login_record>();
    }
    if (!token->issuer.empty() && token->issuer != o.issuer && token->issuer != o.issuer + "/" && token->issuer + "/" != o.issuer)
        return fail(errc::invalid_argument, "the agent's account is of " + token->issuer + ", not of " + o.issuer);
    login_record r;
    r.issuer = o.issuer;
    r.by_agent = true;
    r.account = o.account;
    r.scope = o.scope;
    r.audience = o.audience;
    r.access = std::move(token->token);
    return std::optional<login_record>(std::move(r));
}

std::string comma_separated(json::value const& list) {
    std::string out;
    if (list.is_array())
        for (auto const& v : list.get_array()) out += (out.empty() ? "" : ", ") + text_of(v);
    return out.empty() ? "none" : out;
}

result<login_options> find_way(global_options const& g, login_args const& a) {
    client_context open(g, secret());
    auto body = open.call("GET", "/api/v1/logins");
    if (!body) return body.error();
    auto offers = read_offers(*body);
    if (!offers) return offers.error();
    auto chosen = choose_login(g.broker, a.options, g.login, *offers);
    if (chosen && chosen->ca.empty()) chosen->ca = g.ca;
    return chosen;
}

void tell(global_options const& g, login_record const& r, json::value const& who, std::string const& file) {
    if (g.json) {
        json::object o{{"broker", r.broker}, {"issuer", r.issuer}, {"by_agent", r.by_agent}, {"file", file}};
        o["whoami"] = who;
        if (!r.by_agent) o["expires"] = format_rfc3339(r.expires);
        print_json(o);
        return;
    }
    auto const* groups = who.as_object().if_contains("groups");
    std::printf("Logged in at %s as %s; groups: %s\n", r.broker.c_str(), member_text(who, "subject").c_str(),
                groups ? comma_separated(*groups).c_str() : "none");
    if (r.by_agent)
        std::printf("Tokens come from oidc-agent each time.\n");
    else
        std::printf("The login is kept in %s and renewed %s.\n", file.c_str(),
                    r.refresh.empty() ? "never: it came without a refresh token" : "when needed");
}

}  // namespace

int login(global_options const& g, login_args const& a) {
    if (auto ok = need_broker(g); !ok) return report(ok.error());
    login_store store(g.broker);
    if (store.file().empty()) return report(fail(errc::invalid_argument, "no place to keep a login: set HOME or XDG_STATE_HOME"));
    auto way = find_way(g, a);
    if (!way) return report(way.error());
    auto agent = by_agent(*way, a);
    if (!agent) return report(agent.error());
    auto made = *agent ? result<login_record>(std::move(**agent)) : by_device(*way);
    if (!made) return report(made.error());
    made->broker = g.broker;
    made->since = system_clock().now();
    // Worth keeping only when the broker takes it.
    client_context context(g, made->access);
    auto who = context.call("GET", "/api/v1/whoami");
    if (!who)
        return report(error(
            who.error().code,
            "the login went well, but " + g.broker + " refuses its token: " + who.error().message() +
                ". Nothing was kept. The issuer's client, or login_scope and login_audience at the broker, may need a change"));
    if (auto kept = store.write(*made); !kept) return report(kept.error());
    tell(g, *made, *who, store.file());
    return exit_done;
}

int logout(global_options const& g, logout_args const& a) {
    if (auto ok = need_broker(g); !ok) return report(ok.error());
    login_store store(g.broker);
    auto kept = store.read();
    // A file that is damaged or that others may have read is what one wants to be rid of, too.
    if (!kept && !a.local)
        return report(error(kept.error().code, kept.error().message() + " (fjord logout --local deletes it unread)"));
    if (kept && !*kept) {
        if (!g.quiet) std::printf("Not logged in at %s.\n", g.broker.c_str());
        return exit_done;
    }
    if (kept && !(*kept)->by_agent && !a.local) {
        auto const& r = **kept;
        auto key = read_client_secret(r.client_secret_file);
        if (!key) return report(key.error());
        oidc_client provider(r.ca);
        client_identity const as{r.client_id, *key};
        for (auto const& [token, hint] : {std::pair{r.refresh, "refresh_token"}, std::pair{r.access, "access_token"}}) {
            if (token.empty() || r.revocation_endpoint.empty()) continue;
            auto done = provider.revoke(r.revocation_endpoint, as, token, hint);
            if (!done)
                return report(
                    error(done.error().code, "you are still logged in: the issuer could not be told to revoke the login: " +
                                                 done.error().message() + ". Try again, or delete it here only with --local"));
        }
        if (r.revocation_endpoint.empty())
            std::fprintf(stderr, "%s has no revocation endpoint: its tokens stay good until they expire.\n", r.issuer.c_str());
    }
    if (auto gone = store.remove(); !gone) return report(gone.error());
    if (!g.quiet) std::printf("Logged out of %s.\n", g.broker.c_str());
    return exit_done;
}

}  // namespace fjord::cli
