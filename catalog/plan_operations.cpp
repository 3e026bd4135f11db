#include "base/dataset_uri.hpp"
#include "catalog/events.hpp"
#include "catalog/keys.hpp"
#include "catalog/plan.hpp"

namespace fjord::catalog::plan {
namespace {

bool is_open(transfer_state s) {
    return s == transfer_state::queued || s == transfer_state::active || s == transfer_state::verifying;
}

// What the world hears of a state; waiting and checking are silent.
std::string_view event_of(transfer_state s) {
    switch (s) {
        case transfer_state::active:
            return "transfer.started";
        case transfer_state::done:
            return "transfer.done";
        case transfer_state::failed:
            return "transfer.failed";
        case transfer_state::cancelled:
            return "transfer.cancelled";
        case transfer_state::queued:
        case transfer_state::verifying:
            return {};
    }
    return {};
}

}  // namespace

result<void> put_site(batch_builder& b, site_record s) {
    if (auto ok = check_name("site", s.id.str()); !ok) return ok.error();
    auto key = keys::site(s.id);
    site_record previous{.id = s.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (*exists) {
        s.created = previous.created;
        s.updated = previous.updated;
        s.honours = previous.honours;
        if (encode(s) == encode(previous)) return {};
    } else {
        s.honours.clear();
        if (s.created == wall_time{}) s.created = b.now();
    }
    s.updated = b.now();
    b.put(key, encode(s));
    b.log("site.changed", s.id.str(), events::data_of(s));
    return {};
}

result<void> delete_site(batch_builder& b, site_id const& id) {
    auto key = keys::site(id);
    auto stored = b.get(key);
    if (!stored) return stored.error();
    if (!*stored) return {};
    b.erase(key);
    b.erase(keys::probe(id));
    b.log("site.changed", id.str(), {{"site", id.str()}, {"deleted", true}});
    return {};
}

result<void> put_probe(batch_builder& b, probe_record const& p, std::map<std::string, std::string> const& honours) {
    auto key = keys::site(p.site);
    site_record site{.id = p.site};
    auto exists = find_row(b, key, site);
    if (!exists) return exists.error();
    if (!*exists) return fail(errc::not_found, "there is no site " + p.site.str() + " any more");
    b.put(keys::probe(p.site), encode(p));
    if (site.honours == honours) return {};
    site.honours = honours;
    site.updated = b.now();
    b.put(key, encode(site));
    b.log("site.changed", p.site.str(), events::data_of(site));
    return {};
}

result<void> put_rule(batch_builder& b, rule_record r) {
    if (auto ok = check_name("rule", r.id.str()); !ok) return ok.error();
    if (r.lifetime && r.lifetime->count() < 0) return fail(errc::invalid_argument, "the lifetime of a rule is not negative");
    auto key = keys::rule(r.id);
    rule_record previous{.id = r.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (*exists)
        r.created = previous.created;
    else if (r.created == wall_time{})
        r.created = b.now();
    auto next = encode(r);
    if (*exists && next == encode(previous)) return {};
    b.put(key, std::move(next));
    b.log(*exists ? "rule.updated" : "rule.created", r.id.str(), events::data_of(r));
    return {};
}

result<void> delete_rule(batch_builder& b, rule_id const& id) {
    auto key = keys::rule(id);
    rule_record previous{.id = id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (!*exists) return {};
    b.erase(key);
    b.log("rule.deleted", id.str(), events::data_of(previous));
    return {};
}

result<void> put_transfer(batch_builder& b, transfer_record t) {
    if (auto ok = check_name("transfer", t.id.str()); !ok) return ok.error();
    auto key = keys::transfer(t.id);
    transfer_record previous{.id = t.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (t.created == wall_time{}) t.created = *exists ? previous.created : b.now();
    if (t.updated == wall_time{}) t.updated = b.now();
    b.put(key, encode(t));
    if (is_open(t.state))
        b.put(keys::open_transfer(t.id), {});
    else
        b.erase(keys::open_transfer(t.id));
    auto event = event_of(t.state);
    bool news = !*exists || previous.state != t.state || previous.attempt != t.attempt;
    if (news && !event.empty()) b.log(std::string(event), t.id.str(), events::data_of(t));
    return {};
}

result<void> delete_transfer(batch_builder& b, transfer_id const& id) {
    b.erase(keys::transfer(id));
    b.erase(keys::open_transfer(id));
    return {};
}

result<void> put_policy(batch_builder& b, policy_record p) {
    if (auto ok = check_name("policy", p.id); !ok) return ok.error();
    auto key = keys::policy(p.id);
    policy_record previous{.id = p.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (*exists && previous.document == p.document) return {};
    if (*exists) p.version = std::max(p.version, previous.version + 1);
    p.updated = b.now();
    b.put(key, encode(p));
    b.log("policy.changed", p.id, events::data_of(p));
    return {};
}

result<void> delete_policy(batch_builder& b, std::string const& id) {
    auto key = keys::policy(id);
    auto stored = b.get(key);
    if (!stored) return stored.error();
    if (!*stored) return {};
    b.erase(key);
    b.log("policy.changed", id, {{"policy", id}, {"deleted", true}});
    return {};
}

result<void> put_revocation(batch_builder& b, revocation_record r) {
    if (auto ok = check_name("revocation", r.id); !ok) return ok.error();
    auto key = keys::revocation(r.id);
    revocation_record previous{.id = r.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    // Never moves back: who revokes an earlier moment once more does not let later tokens in again.
    if (*exists && r.whole_issuer && previous.issued_before >= r.issued_before) return {};
    if (*exists && !r.whole_issuer) return {};
    if (r.created == wall_time{}) r.created = b.now();
    b.put(key, encode(r));
    b.log("token.revoked", r.id, events::data_of(r));
    return {};
}

result<void> delete_revocation(batch_builder& b, std::string const& id, bool forget) {
    auto key = keys::revocation(id);
    revocation_record previous{.id = id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (!*exists) return {};
    b.erase(key);
    previous.whole_issuer = false;
    if (!forget) b.log("token.restored", id, events::data_of(previous));
    return {};
}

result<void> put_upload(batch_builder& b, upload_record const& u) {
    if (auto ok = check_name("upload", u.id); !ok) return ok.error();
    b.put(keys::upload(u.id), encode(u));
    return {};
}

result<void> delete_upload(batch_builder& b, std::string const& id) {
    b.erase(keys::upload(id));
    return {};
}

result<void> append_event(batch_builder& b, std::string const& type, std::string const& subject,
                          boost::json::object const& data) {
    if (type.empty()) return fail(errc::invalid_argument, "an event needs a type, such as rule.fulfilled");
    b.log(type, subject, data);
    return {};
}

}  // namespace fjord::catalog::plan
