#include "base/dataset_uri.hpp"
#include "catalog/events.hpp"
#include "catalog/keys.hpp"
#include "catalog/plan.hpp"

namespace fjord::catalog::plan {
namespace {

std::string named(collection_id const& c) { return "collection " + events::subject_of(c); }
std::string named(collection_id const& c, item_id const& i) { return "item " + events::subject_of(c, i); }

boost::json::object tombstone(boost::json::object data, std::optional<boost::json::object> const& seen_as) {
    if (seen_as) data["seen_as"] = *seen_as;
    return data;
}

// When a thing came to be does not change with its updates; when it was updated is now.
template <class Record>
void set_times(Record& next, Record const* previous, wall_time now) {
    if (previous)
        next.created = previous->created;
    else if (next.created == wall_time{})
        next.created = now;
    next.updated = now;
}

}  // namespace

result<void> put_collection(batch_builder& b, collection_record c, expectation const& e) {
    if (auto ok = check_name("collection", c.id.str()); !ok) return ok.error();
    auto key = keys::collection(c.id);
    collection_record previous{.id = c.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (auto ok = check_expectation(e, *exists ? &previous.etag : nullptr, named(c.id)); !ok) return ok.error();
    if (*exists && previous.etag == c.etag && previous.owner == c.owner) return {};
    set_times(c, *exists ? &previous : nullptr, b.now());
    b.put(key, encode(c));
    b.log(*exists ? "collection.updated" : "collection.created", events::subject_of(c.id), events::data_of(c));
    return {};
}

result<void> delete_collection(batch_builder& b, collection_id const& id, expectation const& e,
                               std::optional<boost::json::object> const& seen_as) {
    auto key = keys::collection(id);
    collection_record previous{.id = id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (auto ok = check_expectation(e, *exists ? &previous.etag : nullptr, named(id)); !ok) return ok.error();
    if (!*exists) return {};

    bool has_items = false;
    auto note = [&has_items](std::string_view, std::string_view) {
        has_items = true;
        return false;
    };
    if (auto ok = b.scan(keys::items_of(id), note); !ok) return ok.error();
    if (has_items) return fail(errc::conflict, named(id) + " still has items; delete them first");
    b.require_empty(keys::items_of(id));
    b.erase(key);
    b.log("collection.deleted", events::subject_of(id), tombstone(events::data_of(collection_record{.id = id}), seen_as));
    return {};
}

result<item_change> put_item(batch_builder& b, item_record i, expectation const& e) {
    if (auto ok = check_name("item", i.id.str()); !ok) return ok.error();
    auto home = b.get(keys::collection(i.collection));
    if (!home) return home.error();
    if (!*home) return fail(errc::not_found, "there is no " + named(i.collection) + "; create it before its items");
    auto key = keys::item(i.collection, i.id);
    item_record previous{.collection = i.collection, .id = i.id};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (auto ok = check_expectation(e, *exists ? &previous.etag : nullptr, named(i.collection, i.id)); !ok) return ok.error();
    if (*exists && previous.etag == i.etag) return item_change::unchanged;
    set_times(i, *exists ? &previous : nullptr, b.now());
    b.put(key, encode(i));
    b.log(*exists ? "item.updated" : "item.created", events::subject_of(i.collection, i.id), events::data_of(i));
    return *exists ? item_change::updated : item_change::created;
}

result<void> delete_item(batch_builder& b, collection_id const& c, item_id const& i, expectation const& e,
                         std::optional<boost::json::object> const& seen_as) {
    auto key = keys::item(c, i);
    item_record previous{.collection = c, .id = i};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (auto ok = check_expectation(e, *exists ? &previous.etag : nullptr, named(c, i)); !ok) return ok.error();
    if (!*exists) return {};
    b.erase(key);
    // Its assets are no longer found by name. Versions and replicas stay until the bytes are removed from the sites.
    b.erase_range(keys::assets_of(c, i));
    b.log("item.deleted", events::subject_of(c, i), tombstone(events::data_of(item_record{.collection = c, .id = i}), seen_as));
    return {};
}

}  // namespace fjord::catalog::plan
