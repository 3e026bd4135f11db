#include "stac/index_batch.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/item_scan.hpp"

#include <algorithm>
#include <unordered_set>

namespace fjord::stac {

index_writer::index_writer(index_limits limits, blocking_pool* pool) : limits_(limits), pool_(pool) {
    auto empty = std::make_shared<index_state>();
    empty->classes = std::make_shared<std::vector<std::shared_ptr<policies::resource const>> const>();
    state_ = std::move(empty);
}

state_ptr index_writer::state() const {
    std::lock_guard const lock(reading_);
    return state_;
}

void index_writer::publish(batch& b, catalog::sequence at) {
    b.next.at = std::max(b.next.at, at);
    auto fresh = std::make_shared<index_state const>(std::move(b.next));
    std::lock_guard const lock(reading_);
    state_.swap(fresh);
    // The old state goes when this returns, after the lock.
}

void index_writer::apply(std::vector<index_change> changes, catalog::sequence at, failure const& failed) {
    std::unique_lock lock(writing_);
    batch b(*state());
    new_classes_ = b.next.classes;
    for (auto& change : changes) {
        if (auto* item = std::get_if<catalog::item_record>(&change)) {
            auto& w = b.items[item->collection];
            auto const [place, fresh] = w.place.try_emplace(item->id.str(), w.puts.size());
            if (fresh)
                w.puts.emplace_back(std::move(*item));
            else
                w.puts[place->second] = std::move(*item);
        } else if (auto* gone = std::get_if<removed_item>(&change)) {
            auto& w = b.items[gone->collection];
            if (auto const found = w.place.find(gone->id.str()); found != w.place.end()) w.puts[found->second].reset();
            w.gone.insert(gone->id.str());
        } else if (auto* collection = std::get_if<catalog::collection_record>(&change)) {
            flush(b, collection->id, failed);
            if (auto ok = put_collection(b, *collection); !ok) failed(change, ok.error());
        } else {
            b.erase(std::get<removed_collection>(change).id);
        }
    }
    std::vector<collection_id> waiting;
    for (auto const& [id, w] : b.items) waiting.push_back(id);
    for (auto const& id : waiting) flush(b, id, failed);
    seal_tails(b);
    b.next.classes = new_classes_;
    publish(b, at);
    schedule_merges(lock);
}

class_id index_writer::class_of(policies::resource const& r) {
    auto const [at, added] = class_ids_.try_emplace(r.key(), static_cast<class_id>(new_classes_->size()));
    if (added) {
        auto more = std::make_shared<std::vector<std::shared_ptr<policies::resource const>>>(*new_classes_);
        more->push_back(std::make_shared<policies::resource const>(r));
        new_classes_ = std::move(more);
    }
    return at->second;
}

segment_ref index_writer::ref_of(collection_state const& c, std::shared_ptr<segment const> data,
                                 std::shared_ptr<row_set const> dead) {
    segment_ref ref;
    ref.live = data->rows() - (dead ? dead->count() : 0);
    for (auto const attributes : data->classes())
        ref.classes.push_back(class_of(resource_of_item(*c.collection, {}, attributes)));
    ref.data = std::move(data);
    ref.dead = std::move(dead);
    return ref;
}

result<void> index_writer::check(catalog::collection_record const& r) const {
    if (auto facts = read_collection(r.document); !facts) return facts.error();
    return {};
}

result<void> index_writer::put_collection(batch& b, catalog::collection_record const& r) {
    auto facts = read_collection(r.document);
    if (!facts) return facts.error();
    auto entry = std::make_shared<indexed_collection>();
    entry->id = r.id;
    entry->document = r.document;
    entry->etag = r.etag.empty() ? sha256_of(r.document).hex() : r.etag;
    entry->boxes = std::move(facts->boxes);
    entry->intervals = std::move(facts->intervals);
    for (auto const& m : facts->document)
        if (is_policy_attribute(m.key())) entry->attributes[m.key()] = m.value();
    entry->resource = policies::resource_of(r.id.str(), entry->attributes);
    entry->visible_as = class_of(entry->resource);
    auto* c = b.edit(r.id);
    if (!c) {
        b.add(std::move(entry));
        return {};
    }
    bool const reclassified = c->collection->attributes != entry->attributes;
    c->collection = std::move(entry);
    if (!reclassified) return {};
    // Items inherit policy attributes from the document of their collection.
    for (auto& s : c->segments) s = ref_of(*c, s.data, s.dead);
    for (auto& t : c->tail) t.visible_as = class_of(resource_of_item(*c->collection, {}, t.attributes));
    return {};
}

void index_writer::flush(batch& b, collection_id const& id, failure const& failed) {
    auto const found = b.items.find(id);
    if (found == b.items.end()) return;
    auto w = std::move(found->second);
    b.items.erase(found);
    auto* c = b.edit(id);
    if (!c) {
        for (auto& r : w.puts)
            if (r) failed(*r, fail(errc::not_found, "item " + r->id.str() + " belongs to no known collection"));
        return;
    }
    std::vector<std::string_view> ids(w.gone.begin(), w.gone.end());
    for (auto const& [name, place] : w.place)
        if (!w.gone.contains(name)) ids.push_back(name);
    kill(*c, ids);
    if (c->tail.size() + w.puts.size() <= limits_.tail_rows) {
        for (auto& r : w.puts)
            if (r) add_to_tail(*c, std::move(*r), failed);
        return;
    }
    segment_builder builder(limits_.segments);
    auto const seal = [&] {
        if (builder.rows() == 0) return;
        c->segments.push_back(ref_of(*c, builder.build(), nullptr));
        builder = segment_builder(limits_.segments);
    };
    auto const add = [&](std::string const& item, std::string_view document, std::string_view etag) -> result<void> {
        auto const scan = scan_item(document);
        if (!scan) return scan.error();
        builder.add(item, stamp_of(etag), *scan);
        if (builder.rows() == segment::max_rows) seal();
        return {};
    };
    for (auto const& t : c->tail) (void)add(t.item->id.str(), t.item->document, t.item->etag);
    c->tail.clear();
    for (auto const& r : w.puts) {
        if (!r) continue;
        auto const etag = r->etag.empty() ? sha256_of(r->document).hex() : r->etag;
        if (auto ok = add(r->id.str(), r->document, etag); !ok) failed(*r, ok.error());
    }
    seal();
}

// Takes the live rows of these ids out.
void index_writer::kill(collection_state& c, std::vector<std::string_view> const& ids) {
    if (ids.empty()) return;
    if (!c.tail.empty()) {
        std::unordered_set<std::string_view> const wanted(ids.begin(), ids.end());
        std::erase_if(c.tail, [&](tail_row const& t) { return wanted.contains(t.item->id.str()); });
    }
    std::vector<std::uint64_t> hashes;
    for (auto const id : ids) hashes.push_back(id_list::hash(id));
    for (auto& s : c.segments) {
        std::shared_ptr<row_set> dead;
        auto const& list = s.data->ids();
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (!list.may_hold(hashes[i])) continue;
            auto const row = list.find(ids[i]);
            if (!row || (s.dead && s.dead->has(*row))) continue;
            if (!dead) dead = s.dead ? std::make_shared<row_set>(*s.dead) : std::make_shared<row_set>(s.data->rows());
            dead->add(*row);
            --s.live;
        }
        if (dead) s.dead = std::move(dead);
    }
    std::erase_if(c.segments, [](segment_ref const& s) { return s.live == 0; });
}

void index_writer::add_to_tail(collection_state& c, catalog::item_record record, failure const& failed) {
    auto attempted = record;
    auto item = describe_item(std::move(record));
    if (!item) return failed(std::move(attempted), item.error());
    tail_row row{.item = std::move(*item)};
    row.attributes = policy_attributes(row.item->properties());
    row.visible_as = class_of(resource_of_item(*c.collection, {}, row.attributes));
    c.tail.push_back(std::move(row));
}

void index_writer::seal_tail(collection_state& c) {
    segment_builder builder(limits_.segments);
    for (auto const& t : c.tail)
        if (auto const scan = scan_item(t.item->document)) builder.add(t.item->id.str(), stamp_of(t.item->etag), *scan);
    c.tail.clear();
    if (builder.rows() != 0) c.segments.push_back(ref_of(c, builder.build(), nullptr));
}

// Many collections with a few items each must not keep them all whole: the longest tails go first.
void index_writer::seal_tails(batch& b) {
    std::size_t all = 0;
    for (auto const& c : b.next.collections) all += c->tail.size();
    while (all > limits_.all_tails) {
        auto const longest = std::max_element(b.next.collections.begin(), b.next.collections.end(),
                                              [](auto const& x, auto const& y) { return x->tail.size() < y->tail.size(); });
        all -= (*longest)->tail.size();
        auto const id = (*longest)->collection->id;
        seal_tail(*b.edit(id));
    }
}

result<void> index_writer::add_segments(collection_id const& id, std::vector<std::shared_ptr<segment const>> segments) {
    std::unique_lock const lock(writing_);
    batch b(*state());
    new_classes_ = b.next.classes;
    auto* c = b.edit(id);
    if (!c) return fail(errc::not_found, "there is no collection " + id.str() + " in the index");
    for (auto& s : segments) c->segments.push_back(ref_of(*c, std::move(s), nullptr));
    b.next.classes = new_classes_;
    publish(b, 0);
    return {};
}

result<void> index_writer::restore(std::vector<restored_collection> collections, catalog::sequence at) {
    std::unique_lock lock(writing_);
    index_state empty;
    empty.classes = std::make_shared<std::vector<std::shared_ptr<policies::resource const>> const>();
    batch b(empty);
    class_ids_.clear();
    new_classes_ = b.next.classes;
    std::optional<error> broken;
    auto const failed = [&](index_change const&, error const& e) { broken = e; };
    for (auto& r : collections) {
        if (auto ok = put_collection(b, r.record); !ok) return ok.error();
        auto* c = b.edit(r.record.id);
        for (auto& s : r.segments) c->segments.push_back(ref_of(*c, std::move(s.data), std::move(s.dead)));
        for (auto& t : r.tail) add_to_tail(*c, std::move(t), failed);
    }
    if (broken) return *broken;
    b.next.classes = new_classes_;
    publish(b, at);
    schedule_merges(lock);
    return {};
}

}  // namespace fjord::stac
