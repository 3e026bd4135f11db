#include "catalog/plan.hpp"

#include "base/digest.hpp"

namespace fjord::catalog {
namespace {

std::string etag_of(std::string_view document) { return sha256_of(document).hex(); }

}  // namespace

// Each step keeps its record: a commit that meets a concurrent one is planned again.
void change_set::add(std::function<result<void>(batch_builder&)> plan) {
    steps_.push_back(std::make_shared<step>(step{std::move(plan)}));
}

void change_set::put_collection(collection_record c, expectation e) {
    c.etag = etag_of(c.document);
    add([c = std::move(c), e = std::move(e)](batch_builder& b) { return plan::put_collection(b, c, e); });
}

void change_set::delete_collection(collection_id id, expectation e, std::optional<boost::json::object> seen_as) {
    add([id = std::move(id), e = std::move(e), seen_as = std::move(seen_as)](batch_builder& b) {
        return plan::delete_collection(b, id, e, seen_as);
    });
}

void change_set::put_item(item_record i, expectation e) {
    i.etag = etag_of(i.document);
    add([i = std::move(i), e = std::move(e)](batch_builder& b) -> result<void> {
        auto done = plan::put_item(b, i, e);
        return done ? result<void>() : result<void>(done.error());
    });
}

void change_set::delete_item(collection_id c, item_id i, expectation e, std::optional<boost::json::object> seen_as) {
    add([c = std::move(c), i = std::move(i), e = std::move(e), seen_as = std::move(seen_as)](batch_builder& b) {
        return plan::delete_item(b, c, i, e, seen_as);
    });
}

void change_set::register_version(asset_ref a, asset_version v) {
    add([a = std::move(a), v = std::move(v)](batch_builder& b) { return plan::register_version(b, a, v); });
}

void change_set::put_tree_member(asset_ref a, digest version, tree_member m) {
    add([a = std::move(a), version, m = std::move(m)](batch_builder& b) { return plan::put_tree_member(b, a, version, m); });
}

void change_set::delete_tree_members(asset_ref a, digest version) {
    add([a = std::move(a), version](batch_builder& b) { return plan::delete_tree_members(b, a, version); });
}

void change_set::put_replica(replica_record r) {
    add([r = std::move(r)](batch_builder& b) { return plan::put_replica(b, r); });
}

void change_set::delete_replica(asset_ref a, digest version, site_id s) {
    add([a = std::move(a), version, s = std::move(s)](batch_builder& b) { return plan::delete_replica(b, a, version, s); });
}

void change_set::put_site(site_record s) {
    add([s = std::move(s)](batch_builder& b) { return plan::put_site(b, s); });
}

void change_set::delete_site(site_id id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_site(b, id); });
}

void change_set::put_probe(probe_record p, std::map<std::string, std::string> honours) {
    add([p = std::move(p), h = std::move(honours)](batch_builder& b) { return plan::put_probe(b, p, h); });
}

void change_set::put_rule(rule_record r) {
    add([r = std::move(r)](batch_builder& b) { return plan::put_rule(b, r); });
}

void change_set::delete_rule(rule_id id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_rule(b, id); });
}

void change_set::put_lock(lock_record l) {
    add([l = std::move(l)](batch_builder& b) { return plan::put_lock(b, l); });
}

void change_set::delete_lock(lock_record l) {
    add([l = std::move(l)](batch_builder& b) { return plan::delete_lock(b, l); });
}

void change_set::put_transfer(transfer_record t) {
    add([t = std::move(t)](batch_builder& b) { return plan::put_transfer(b, t); });
}

void change_set::delete_transfer(transfer_id id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_transfer(b, id); });
}

void change_set::put_policy(policy_record p) {
    add([p = std::move(p)](batch_builder& b) { return plan::put_policy(b, p); });
}

void change_set::delete_policy(std::string id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_policy(b, id); });
}

void change_set::put_revocation(revocation_record r) {
    add([r = std::move(r)](batch_builder& b) { return plan::put_revocation(b, r); });
}

void change_set::delete_revocation(std::string id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_revocation(b, id, false); });
}

void change_set::forget_revocation(std::string id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_revocation(b, id, true); });
}

void change_set::put_upload(upload_record u) {
    add([u = std::move(u)](batch_builder& b) { return plan::put_upload(b, u); });
}

void change_set::delete_upload(std::string id) {
    add([id = std::move(id)](batch_builder& b) { return plan::delete_upload(b, id); });
}

void change_set::append_event(std::string type, std::string subject, boost::json::object data) {
    add([type = std::move(type), subject = std::move(subject), data = std::move(data)](batch_builder& b) {
        return plan::append_event(b, type, subject, data);
    });
}

bool change_set::empty() const noexcept { return steps_.empty(); }

}  // namespace fjord::catalog
