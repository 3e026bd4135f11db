#include "storage/probe/rows.hpp"

#include <algorithm>
#include <array>

namespace fjord::storage::probe {

namespace {

enum class outcome { granted, refused, unclear };

outcome outcome_of(answer const& a) {
    if (a.status >= 200 && a.status < 300) return outcome::granted;
    bool const later = a.status == 408 || a.status == 425 || a.status == 429;
    return a.status >= 400 && a.status < 500 && !later ? outcome::refused : outcome::unclear;
}

bool granted(answer const& a) { return outcome_of(a) == outcome::granted; }
bool refused(answer const& a) { return outcome_of(a) == outcome::refused; }
bool succeeded(answer const& a) { return granted(a) && a.copy == copy_verdict::success; }

std::string shown(answer const& a) {
    if (a.status == 0) return a.failure.empty() ? "not asked" : a.failure;
    auto text = std::to_string(a.status);
    if (a.copy == copy_verdict::success) text += " + success";
    if (a.copy && *a.copy != copy_verdict::success) text += " + failure";
    return text;
}

using named = std::pair<std::string_view, std::string_view>;  // words for people, step

std::string evidence(answers const& a, std::initializer_list<named> list) {
    std::string out;
    for (auto const& [words, step] : list)
        out += (out.empty() ? "" : "; ") + std::string(words) + (words.empty() ? "" : " ") + shown(a.at(step));
    return out;
}

finding unclear(std::string why) { return {std::nullopt, std::move(why)}; }

// Reading a canary says something only where a good token opens it and none does not.
std::optional<std::string> cannot_read_canaries(answers const& a) {
    if (!granted(a.at("control"))) return "a good token was answered " + shown(a.at("control"));
    if (granted(a.at("anonymous"))) return "the canaries can be read without a token";
    return std::nullopt;
}

// "true" when all were refused, "false" when one was granted.
finding refuses(answers const& a, std::initializer_list<named> list) {
    if (auto why = cannot_read_canaries(a)) return unclear(*why);
    finding out{std::nullopt, evidence(a, list)};
    if (std::any_of(list.begin(), list.end(), [&](named const& n) { return granted(a.at(n.second)); }))
        out.value = "false";
    else if (std::all_of(list.begin(), list.end(), [&](named const& n) { return refused(a.at(n.second)); }))
        out.value = "true";
    return out;
}

// The opposite: "true" when one was granted.
finding takes(answers const& a, std::initializer_list<named> list) {
    auto out = refuses(a, list);
    if (out.value) out.value = *out.value == "true" ? "false" : "true";
    return out;
}

finding path_boundary(answers const& a) { return refuses(a, {{"/canary", "sibling"}, {"/canary/", "sibling slash"}}); }
finding requires_path(answers const& a) { return refuses(a, {{"", "pathless"}}); }
finding rejects_dotdot(answers const& a) { return refuses(a, {{"", "dotdot"}}); }

finding expiry_strict(answers const& a) {
    auto out = refuses(a, {{"10 s past exp", "expired"}, {"used before", "used after exp"}});
    // A token that never worked tells nothing by not working later.
    if (out.value == "true" && !granted(a.at("used before exp")))
        return unclear(out.found + "; the token that was to expire was answered " + shown(a.at("used before exp")));
    return out;
}

finding lifetime_cap(answers const& a) { return refuses(a, {{"ten years", "long lived"}}); }
finding checks_audience(answers const& a) { return refuses(a, {{"another aud", "wrong audience"}, {"no aud", "no audience"}}); }
finding wlcg_minor(answers const& a) { return takes(a, {{"", "minor version"}}); }
finding stage_reads(answers const& a) { return takes(a, {{"", "stage"}}); }

finding create_stat(answers const& a) {
    auto const &head = a.at("create head"), &propfind = a.at("create propfind");
    finding out{std::nullopt, evidence(a, {{"HEAD", "create head"}, {"PROPFIND", "create propfind"}})};
    bool const no_such_verb = propfind.status == 405 || propfind.status == 501;
    if (granted(head) && (granted(propfind) || no_such_verb)) out.value = "true";
    if (refused(head) || (refused(propfind) && !no_such_verb)) out.value = "false";
    return out;
}

finding yes_when_granted(answers const& a, std::string_view step) {
    finding out{std::nullopt, shown(a.at(step))};
    if (granted(a.at(step))) out.value = "true";
    if (refused(a.at(step))) out.value = "false";
    return out;
}

finding modify_delete(answers const& a) { return yes_when_granted(a, "modify delete"); }

finding move_mkpath(answers const& a) {
    auto out = yes_when_granted(a, "move deep");
    // XRootD and others tell of a missing folder by a 5xx.
    if (a.at("move deep").status >= 500) out.value = "false";
    return out;
}

finding create_is_not_overwrite(answers const& a) {
    finding out{std::nullopt, shown(a.at("create over"))};
    if (granted(a.at("create over"))) out.value = "false";
    if (refused(a.at("create over"))) out.value = "true";
    return out;
}

finding url_token(answers const& a) { return takes(a, {{"authz=", "authz in url"}, {"access_token=", "access_token in url"}}); }

finding cleartext_token(answers const& a) {
    if (auto why = cannot_read_canaries(a)) return unclear(*why);
    auto const& plain = a.at("cleartext");
    finding out{std::nullopt, shown(plain)};
    if (granted(plain)) out.value = "true";
    // No answer at all, or a redirect elsewhere, is a way to refuse.
    if (plain.asked && !granted(plain)) out.value = "false";
    return out;
}

finding challenge(answers const& a) {
    auto const& denied = a.at("anonymous");
    if (!refused(denied)) return unclear("without a token: " + shown(denied));
    return {denied.challenged ? "true" : "false",
            shown(denied) + (denied.challenged ? " with" : " without") + " WWW-Authenticate"};
}

finding digests(answers const& a) {
    constexpr std::array<std::pair<digest_algorithm, std::string_view>, 4> asked{{{digest_algorithm::adler32, "want adler32"},
                                                                                  {digest_algorithm::crc32c, "want crc32c"},
                                                                                  {digest_algorithm::md5, "want md5"},
                                                                                  {digest_algorithm::sha256, "want sha-256"}}};
    std::string known, wrong;
    bool answered = false;
    for (auto const& [algorithm, step] : asked) {
        auto const& reply = a.at(step);
        answered = answered || granted(reply);
        auto const& told = reply.digests.get(algorithm);
        if (!granted(reply) || !told) continue;
        auto& list = *told == *a.canary.get(algorithm) ? known : wrong;
        list += (list.empty() ? "" : ",") + std::string(name_of(algorithm));
    }
    if (!answered) return unclear(shown(a.at("want adler32")));
    bool const repr = granted(a.at("want repr")) && a.at("want repr").digests.sha256.has_value();
    auto found = "Digest: " + (known.empty() ? std::string("none") : known) + "; Repr-Digest: " + (repr ? "yes" : "no");
    if (!wrong.empty()) found += "; WRONG: " + wrong;
    return {known.empty() ? "none" : known, std::move(found)};
}

// --- third-party copies -----------------------------------------------------------------------------------------------------

// Nothing can be said of copies where the plainest one does not work.
std::optional<std::string> cannot_copy(answers const& a) {
    auto const& plain = a.at("copy");
    if (succeeded(plain)) return std::nullopt;
    return "a copy of the site from itself was answered " + shown(plain) + (plain.text.empty() ? "" : ": " + plain.text);
}

finding tpc_status(answers const& a) {
    if (auto why = cannot_copy(a)) return unclear(*why);
    return {std::to_string(a.at("copy").status), shown(a.at("copy"))};
}

finding tpc_scheme_filter(answers const& a) {
    if (auto why = cannot_copy(a)) return unclear(*why);
    auto const &file = a.at("copy from file"), &http = a.at("copy from http");
    finding out{std::nullopt, evidence(a, {{"file:", "copy from file"}, {"http:", "copy from http"}})};
    if (granted(file) || granted(http))
        out.value = "false";
    else if (refused(file) && refused(http))
        out.value = "true";
    return out;
}

finding tpc_strict(answers const& a) {
    if (auto why = cannot_copy(a)) return unclear(*why);
    finding out{std::nullopt, evidence(a, {{"both", "copy both ways"}, {"oidc", "copy oidc"}})};
    if (granted(a.at("copy both ways"))) out.value = "false";
    if (refused(a.at("copy both ways"))) out.value = "true";
    return out;
}

finding tpc_leaves_zero_byte(answers const& a) {
    if (auto why = cannot_copy(a)) return unclear(*why);
    auto const& left = a.at("head failed");
    finding out{std::nullopt, evidence(a, {{"COPY", "copy missing"}, {"then HEAD", "head failed"}})};
    if (succeeded(a.at("copy missing"))) return unclear(out.found + ": it calls the copy of an absent file a success");
    if (a.at("copy missing").status == 0) return out;
    if (granted(left)) {
        out.value = "true";
        out.found += " with length " + std::to_string(left.length);
    }
    if (left.status == 404 || left.status == 410) out.value = "false";
    return out;
}

finding tpc_mkpath(answers const& a) {
    if (auto why = cannot_copy(a)) return unclear(*why);
    auto const& deep = a.at("copy deep");
    if (deep.status == 0) return unclear(shown(deep));
    return {succeeded(deep) ? "true" : "false", shown(deep)};
}

finding kept_when_asked(answer const& reply) {
    finding out{std::nullopt, shown(reply)};
    if (granted(reply)) out.value = "false";
    if (reply.status == 412 || reply.status == 409) out.value = "true";
    return out;
}

finding overwrite_copy(answers const& a) {
    if (auto why = cannot_copy(a)) return unclear(*why);
    return kept_when_asked(a.at("copy over"));
}
finding overwrite_move(answers const& a) { return kept_when_asked(a.at("move over")); }

constexpr row table[] = {
    {"path_boundary", "read /canaryX with the scopes /canary and /canary/", "403", "true", &path_boundary,
     "new objects get hashed names of one length, so that a token for one opens no other"},
    {"requires_path", "read with the scope storage.read, without a path", "401/403", "true", &requires_path,
     "no token of ours lacks a path; be careful with other issuers this site trusts"},
    {"rejects_dotdot", "read with the scope /canary/../other", "401/403", "true", &rejects_dotdot,
     "no path of ours has dot segments; be careful with other issuers this site trusts"},
    {"expiry_strict", "a token 10 s past exp; one that expired after it was used", "401/403", "true", &expiry_strict,
     "tokens that people get for this site end 60 s earlier"},
    {"lifetime_cap", "a token that lives ten years", "401/403", "true", &lifetime_cap,
     "ours live minutes; be careful with other issuers this site trusts"},
    {"checks_audience", "a token for another audience; one without", "401/403", "true", &checks_audience,
     "tokens for other sites open the same paths here"},
    {"wlcg_minor", "a token of WLCG profile 1.3", "200", "true", &wlcg_minor, "tokens say wlcg.ver 1.0"},
    {"stage_reads", "read with storage.stage only", "403", "false", &stage_reads, "storage.stage is never minted"},
    {"create_stat", "HEAD and PROPFIND with storage.create only", "200, 207", "true", &create_stat,
     "uploads and copies are looked at with a read token"},
    {"modify_delete", "DELETE with storage.modify only", "200/204", "true", &modify_delete, "tokens that delete carry read too"},
    {"create_is_not_overwrite", "PUT over a file with storage.create only", "403", "true", &create_is_not_overwrite,
     "nobody is sent here to upload: whoever uploaded a file could replace it later"},
    {"url_token", "a token in the URL", "401/403/400", "false", &url_token,
     "redirects carry their one-object token in the URL; without it they cannot work here"},
    {"cleartext_token", "a token over http://", "refused", "false", &cleartext_token, "Fjord speaks https only"},
    {"challenge", "a refusal carries WWW-Authenticate", "yes", "true", &challenge, "none: tokens are sent unasked"},
    {"digests", "Want-Digest adler32, crc32c, md5, sha-256", "listed", "", &digests, ""},
    {"tpc_status", "the status of an accepted COPY", "202", "202", &tpc_status, "none: only the line at the end counts"},
    {"tpc_scheme_filter", "COPY with Source: file:// and http://", "400", "true", &tpc_scheme_filter,
     "uploads must announce their sha-256, or this server's own files could be brought in; upgrade it"},
    {"tpc_strict", "COPY with Source and Destination; Credential: oidc", "400", "true", &tpc_strict,
     "one of them is sent, and Credential: none"},
    {"tpc_leaves_zero_byte", "a failed pull, then HEAD", "404", "false", &tpc_leaves_zero_byte,
     "what a failed copy leaves is deleted before the next attempt"},
    {"tpc_mkpath", "pull into a missing folder", "success", "true", &tpc_mkpath, "MKCOL comes first"},
    {"overwrite_copy", "COPY with Overwrite: F onto a file", "412", "true", &overwrite_copy,
     "the target of a copy is removed first"},
    {"overwrite_move", "MOVE with Overwrite: F onto a file", "412", "true", &overwrite_move,
     "renaming is done with create instead of modify, which cannot replace"},
    {"move_mkpath", "MOVE into a missing folder", "any", "", &move_mkpath, ""},
};

verdict verdict_of(row const& about, finding const& what) {
    if (!what.value) return verdict::unknown;
    if (about.honest.empty()) return verdict::noted;
    return *what.value == about.honest ? verdict::honest : verdict::dishonest;
}

}  // namespace

answer const& answers::at(std::string_view step) const {
    static answer const none;
    auto const found = all_.find(step);
    return found == all_.end() ? none : found->second;
}

std::span<row const> rows() { return table; }

std::string_view name_of(verdict v) noexcept {
    switch (v) {
        case verdict::honest:
            return "honest";
        case verdict::dishonest:
            return "dishonest";
        case verdict::unknown:
            return "unknown";
        case verdict::noted:
            break;
    }
    return "noted";
}

std::vector<judged> judge(answers const& a) {
    std::vector<judged> out;
    for (auto const& about : table) {
        auto what = about.judge(a);
        auto const is = verdict_of(about, what);
        out.push_back({&about, std::move(what), is});
    }
    return out;
}

std::map<std::string, std::string> merge(std::map<std::string, std::string> const& before, std::vector<judged> const& now) {
    std::map<std::string, std::string> out;
    for (auto const& j : now) {
        std::string const name(j.about->attribute);
        if (j.what.value) {
            out[name] = *j.what.value;
        } else if (auto last = before.find(name); last != before.end()) {
            bool const good = !j.about->honest.empty() && last->second == j.about->honest;
            if (!good) out.insert(*last);
        }
    }
    return out;
}

}  // namespace fjord::storage::probe
