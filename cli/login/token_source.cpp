#include "cli/login/token_source.hpp"

#include "cli/login/oidc_agent.hpp"
#include "cli/login/oidc_client.hpp"

#include <cctype>

namespace fjord::cli {
namespace {

error ended(login_record const& r, std::string const& why) {
    return fail(errc::unauthenticated, "your login at " + r.issuer + " has ended: " + why + ". Run: fjord login");
}

}  // namespace

result<secret> read_client_secret(std::string const& file) {
    if (file.empty()) return secret();
    auto text = read_file(file, 4096);
    if (!text) return text.error();
    while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back()))) text->pop_back();
    return secret(std::move(*text));
}

result<token_source> token_source::find(global_options const& o) {
    token_source out{login_store(o.broker)};
    auto found = discover_token_and_origin(o.token_file);
    if (!found) return found.error();
    if (!found->token.empty()) {
        out.token_ = std::move(found->token);
        out.origin_ = std::move(found->from);
        return out;
    }
    auto login = out.store_.read();
    if (!login) return login.error();
    if (!*login) return out;
    out.login_ = std::move(*login);
    auto const& l = *out.login_;
    out.origin_ = (l.by_agent ? "oidc-agent, for " : "login at ") + l.issuer + " since " + format_rfc3339(l.since);
    if (auto ready = out.current(); !ready) return ready.error();
    return out;
}

result<secret> token_source::current() {
    if (!login_) return token_;
    auto const now = system_clock().now();
    if (!login_->by_agent) {
        if (wants_renewal(*login_, now))
            if (auto ok = renew(); !ok) return ok.error();
        return login_->access;
    }
    if (!token_.empty() && !wants_renewal(*login_, now)) return token_;
    auto fresh = ask_agent({login_->account, login_->issuer, login_->scope, login_->audience});
    if (!fresh) return fresh.error();
    token_ = std::move(fresh->token);
    login_->issued = now;
    login_->expires = fresh->expires.value_or(now);
    return token_;
}

// Under the lock the file is read again: another command may have renewed it while we waited. What fails for want of a network is
// no reason to give up a token that is still good.
result<void> token_source::renew() {
    auto lock = store_.lock();
    if (!lock) return lock.error();
    auto kept = store_.read();
    if (!kept) return kept.error();
    if (!*kept) return ended(*login_, "it was logged out");
    login_ = std::move(*kept);
    auto& l = *login_;
    auto const now = system_clock().now();
    if (!wants_renewal(l, now)) return {};
    bool const still_good = l.expires > now + seconds{2};
    if (l.refresh.empty())
        return still_good ? result<void>() : ended(l, "its token has expired and came without a refresh token");
    auto key = read_client_secret(l.client_secret_file);
    if (!key) return key.error();
    oidc_client provider(l.ca);
    auto answer = provider.refresh(l.token_endpoint, {l.client_id, *key}, l.refresh);
    if (!answer)
        return still_good ? result<void>() : error(answer.error().code, "renewing your login: " + answer.error().message());
    if (answer->refused) {
        if (still_good) return {};
        return ended(l, text_of(*answer->refused));
    }
    auto& fresh = *answer->tokens;
    l.access = std::move(fresh.access);
    if (!fresh.refresh.empty()) l.refresh = std::move(fresh.refresh);  // rotated
    l.issued = now;
    l.expires = now + fresh.lifetime.value_or(seconds{300});
    if (fresh.refresh_lifetime) l.refresh_expires = now + *fresh.refresh_lifetime;
    return store_.write(l);
}

}  // namespace fjord::cli
