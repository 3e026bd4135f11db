#include "stac/index.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "catalog/catalog.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"
#include "stac/shard.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace fjord::stac {
namespace {

logger const log("stac");

// A matched row on its way to a page.
struct candidate {
    item_ptr item;
    sort_key key;
};

// The heap's top is the candidate to give up first.
struct candidate_order {
    search_query const& query;
    bool operator()(candidate const& a, candidate const& b) const {
        auto const o = order_of(a.key, b.key, query.sort);
        return query.backwards ? o > 0 : o < 0;
    }
};

// Keeps the `room` candidates that come first; with `backwards`, those that come last.
class page_builder {
public:
    explicit page_builder(search_query const& q) : query_(q), room_(q.limit + 1) {}

    bool full_of_sorted(std::size_t taken) const { return taken >= room_; }

    // False when the row lies on the other side of the cursor.
    bool offer(item_ptr const& item) {
        candidate c{item, {sort_values(*item, query_.sort), item->collection, item->id}};
        if (query_.from) {
            auto const o = order_of(c.key, *query_.from, query_.sort);
            if (query_.backwards ? o >= 0 : o <= 0) {
                beyond_ = true;
                return false;
            }
        }
        heap_.push_back(std::move(c));
        std::push_heap(heap_.begin(), heap_.end(), candidate_order{query_});
        if (heap_.size() > room_) {
            std::pop_heap(heap_.begin(), heap_.end(), candidate_order{query_});
            heap_.pop_back();
        }
        return true;
    }
    void note_beyond() { beyond_ = true; }

    search_page finish() {
        std::sort_heap(heap_.begin(), heap_.end(), candidate_order{query_});
        bool const more = heap_.size() > query_.limit;
        if (more) heap_.pop_back();
        if (query_.backwards) std::reverse(heap_.begin(), heap_.end());
        search_page page;
        for (auto& c : heap_) page.items.push_back(c.item);
        if (heap_.empty()) return page;
        if (query_.backwards ? beyond_ : more) page.next = heap_.back().key;
        if (query_.backwards ? more : beyond_) page.previous = heap_.front().key;
        return page;
    }

private:
    search_query const& query_;
    std::size_t room_;
    std::vector<candidate> heap_;
    bool beyond_ = false;
};

}  // namespace

std::shared_ptr<indexed_item> describe_item(catalog::item_record const& r, item_facts facts) {
    auto item = std::make_shared<indexed_item>();
    item->collection = r.collection;
    item->id = r.id;
    item->document = r.document;
    item->etag = r.etag.empty() ? sha256_of(r.document).hex() : r.etag;
    item->datetime = facts.datetime;
    item->time = facts.time;
    item->sort_time = facts.datetime.value_or(facts.time.start);
    item->shape = std::move(facts.shape);
    item->boxes = std::move(facts.boxes);
    item->z = facts.z;
    for (auto const& m : facts.members) {
        if (m.name != "properties") continue;
        item->properties_begin = static_cast<std::uint32_t>(m.value_begin);
        item->properties_end = static_cast<std::uint32_t>(m.value_end);
    }
    return item;
}

struct index::impl {
    mutable std::shared_mutex mutex;  // guards everything below
    std::map<collection_id, shard> shards;
    std::unordered_map<std::string, class_id> class_ids;
    std::vector<std::shared_ptr<policies::resource const>> classes;

    // Under the exclusive lock.
    class_id class_of(policies::resource const& r) {
        auto const [at, added] = class_ids.try_emplace(r.key(), static_cast<class_id>(classes.size()));
        if (added) classes.push_back(std::make_shared<policies::resource const>(r));
        return at->second;
    }
    bool sees(visibility& v, class_id c) const { return v.sees(c, *classes[c]); }
    bool sees(visibility& v, indexed_item const& item) const { return v.sees(item, *classes[item.visible_as]); }

    result<void> put(catalog::collection_record const& r);
    result<void> put(catalog::item_record const& r);
    result<void> reclassify(collection_id const& id);
    void sync(catalog::catalog const& cat, catalog::log_entry const& e);

    template <class Visit>
    void each_shard(std::vector<collection_id> const& wanted, Visit visit) const;
    std::uint64_t visible_items(shard const& s, visibility& v) const;
    void scan(shard const& s, search_query const& q, visibility& v, row_test& test, page_builder& page,
              std::uint64_t& matched) const;
    void look_up(shard const& s, search_query const& q, visibility& v, row_test& test, page_builder& page,
                 std::uint64_t& matched) const;
    void skip_to_page(shard const& s, search_query const& q, visibility& v, page_builder& page) const;
};

bool visibility::sees(class_id c, policies::resource const& r) {
    if (c >= known_.size()) known_.resize(c + 1, -1);
    if (known_[c] < 0) known_[c] = permits_(r) ? 1 : 0;
    return known_[c] == 1;
}

bool visibility::sees(indexed_item const& item, policies::resource const& r) {
    if (!per_item_) return sees(item.visible_as, r);
    auto one = r;
    one.dataset = item.id.str();
    return permits_(one);
}

cql2::value indexed_item_view::property(std::string_view name) const {
    using cql2::value;
    if (name == "id") return value::of(item_.id.str());
    if (name == "collection") return value::of(item_.collection.str());
    if (name == "geometry") return item_.shape ? value::of(&*item_.shape) : value{};
    if (name.starts_with("properties.")) name.remove_prefix(std::string_view("properties.").size());
    if (name == "datetime") {
        // An item that has only a range is that range for temporal predicates, and unknown to comparisons.
        return item_.datetime ? value::at(*item_.datetime) : value::over(item_.time);
    }
    auto object = item_.properties();
    while (true) {
        if (auto const slice = find_member(object, name)) return cql2::value_of_json(*slice);
        auto const dot = name.find('.');
        if (dot == std::string_view::npos) return {};
        auto const inner = find_member(object, name.substr(0, dot));
        if (!inner) return {};
        object = *inner;
        name.remove_prefix(dot + 1);
    }
}

index::index() : impl_(std::make_shared<impl>()) {}
index::~index() = default;

result<void> index::impl::put(catalog::collection_record const& r) {
    auto facts = read_collection(r.document);
    if (!facts) return facts.error();
    auto entry = std::make_shared<indexed_collection>();
    entry->id = r.id;
    entry->document = r.document;
    entry->etag = r.etag.empty() ? sha256_of(r.document).hex() : r.etag;
    entry->boxes = std::move(facts->boxes);
    entry->intervals = std::move(facts->intervals);
    entry->resource = policies::resource_of(r.id.str(), facts->document);
    {
        std::unique_lock const lock(mutex);
        entry->visible_as = class_of(entry->resource);
        auto& s = shards[r.id];
        bool const same_class = !s.collection || s.collection->document == entry->document;
        s.collection = std::move(entry);
        if (same_class) return {};
    }
    // Items inherit policy attributes from the document of their collection.
    return reclassify(r.id);
}

result<void> index::impl::reclassify(collection_id const& id) {
    std::vector<item_ptr> items;
    {
        std::shared_lock const lock(mutex);
        auto const found = shards.find(id);
        if (found != shards.end()) items.assign(found->second.items().begin(), found->second.items().end());
    }
    for (auto const& i : items) {
        catalog::item_record record{.collection = i->collection, .id = i->id, .document = i->document, .etag = i->etag};
        if (auto ok = put(record); !ok) return ok;
    }
    return {};
}

result<void> index::impl::put(catalog::item_record const& r) {
    auto facts = read_item(r.document);
    if (!facts) return facts.error();
    collection_ptr owner;
    {
        std::shared_lock const lock(mutex);
        auto const found = shards.find(r.collection);
        if (found != shards.end()) owner = found->second.collection;
    }
    if (!owner) return fail(errc::not_found, "item " + r.id.str() + " belongs to no known collection");
    auto const collection_document = parse_json(owner->document);
    if (!collection_document || !collection_document->is_object())
        return fail(errc::internal, "a collection document is unreadable");
    auto const resource =
        policies::resource_of(r.collection.str(), collection_document->get_object(), r.id.str(), facts->document);
    auto item = describe_item(r, std::move(*facts));
    std::unique_lock const lock(mutex);
    auto const found = shards.find(r.collection);
    if (found == shards.end()) return fail(errc::not_found, "the collection is gone");
    auto class_resource = resource;
    class_resource.dataset.clear();
    item->visible_as = class_of(class_resource);
    found->second.put(std::move(item));
    return {};
}

// Brings one thing to the state the catalog has now, which may already be newer than the entry: later entries repeat that.
void index::impl::sync(catalog::catalog const& cat, catalog::log_entry const& e) {
    bool const of_item = e.type.starts_with("item."), of_collection = e.type.starts_with("collection.");
    if (!of_item && !of_collection) return;
    auto const data = parse_json(e.data);
    auto const* object = data ? data->if_object() : nullptr;
    auto text = [object](std::string_view key) {
        auto const* v = object ? object->if_contains(key) : nullptr;
        return v && v->is_string() ? std::string(v->get_string()) : std::string();
    };
    collection_id const c(text("collection"));
    item_id const i(text("item"));
    result<void> done;
    if (of_item) {
        auto record = cat.find_item(c, i);
        if (record) {
            done = put(*record);
        } else if (record.error().code == make_error_code(errc::not_found)) {
            std::unique_lock const lock(mutex);
            if (auto const found = shards.find(c); found != shards.end()) found->second.remove(i);
        } else {
            done = record.error();
        }
    } else {
        auto record = cat.find_collection(c);
        if (record) {
            done = put(*record);
        } else if (record.error().code == make_error_code(errc::not_found)) {
            std::unique_lock const lock(mutex);
            shards.erase(c);
        } else {
            done = record.error();
        }
    }
    if (!done) log.error("not indexed", {{"subject", e.subject}, {"reason", done.error().message()}});
}

result<void> index::follow(catalog::catalog& cat) {
    std::weak_ptr<impl> const weak = impl_;
    cat.on_commit([weak, &cat](std::vector<catalog::log_entry> const& entries) {
        auto const self = weak.lock();
        if (!self) return;
        for (auto const& e : entries) self->sync(cat, e);
    });
    auto const collections = cat.list_collections();
    if (!collections) return collections.error();
    for (auto const& c : *collections) {
        if (auto ok = put(c); !ok) {
            log.error("not indexed", {{"subject", c.id.str()}, {"reason", ok.error().message()}});
            continue;
        }
        auto scanned = cat.scan_items(c.id, {}, [this](catalog::item_record const& r) {
            if (auto ok = put(r); !ok) log.error("not indexed", {{"subject", r.id.str()}, {"reason", ok.error().message()}});
            return true;
        });
        if (!scanned) return scanned;
    }
    return {};
}

result<void> index::put(catalog::collection_record const& r) { return impl_->put(r); }
result<void> index::put(catalog::item_record const& r) { return impl_->put(r); }

void index::remove(collection_id const& c) {
    std::unique_lock const lock(impl_->mutex);
    impl_->shards.erase(c);
}

void index::remove(collection_id const& c, item_id const& i) {
    std::unique_lock const lock(impl_->mutex);
    if (auto const found = impl_->shards.find(c); found != impl_->shards.end()) found->second.remove(i);
}

collection_ptr index::find_collection(collection_id const& id, visibility& v) const {
    std::shared_lock const lock(impl_->mutex);
    auto const found = impl_->shards.find(id);
    if (found == impl_->shards.end() || !impl_->sees(v, found->second.collection->visible_as)) return nullptr;
    return found->second.collection;
}

item_ptr index::find_item(collection_id const& c, item_id const& i, visibility& v) const {
    std::shared_lock const lock(impl_->mutex);
    auto const found = impl_->shards.find(c);
    if (found == impl_->shards.end()) return nullptr;
    auto item = found->second.find(i);
    if (!item || !impl_->sees(v, *item)) return nullptr;
    return item;
}

std::vector<collection_ptr> index::collections(visibility& v) const {
    std::shared_lock const lock(impl_->mutex);
    std::vector<collection_ptr> out;
    for (auto const& [id, s] : impl_->shards)
        if (impl_->sees(v, s.collection->visible_as)) out.push_back(s.collection);
    return out;
}

template <class Visit>
void index::impl::each_shard(std::vector<collection_id> const& wanted, Visit visit) const {
    for (auto const& [id, s] : shards)
        if (wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end()) visit(s);
}

std::uint64_t index::impl::visible_items(shard const& s, visibility& v) const {
    std::uint64_t n = 0;
    for (auto const& [c, contents] : s.classes())
        if (sees(v, c)) n += contents.items;
    return n;
}

// Tests every row: the count is exact. In default order the rows after a full page are counted only.
void index::impl::scan(shard const& s, search_query const& q, visibility& v, row_test& test, page_builder& page,
                       std::uint64_t& matched) const {
    bool const in_order = q.sort.empty() && !q.backwards;
    std::size_t taken = 0;
    for (auto const& item : s.items()) {
        if (!sees(v, *item) || !test.matches(*item)) continue;
        ++matched;
        if (in_order && page.full_of_sorted(taken)) continue;
        if (page.offer(item)) ++taken;
    }
}

void index::impl::look_up(shard const& s, search_query const& q, visibility& v, row_test& test, page_builder& page,
                          std::uint64_t& matched) const {
    for (auto const& id : q.ids) {
        auto const item = s.find(id);
        if (!item || !sees(v, *item) || !test.matches(*item)) continue;
        ++matched;
        page.offer(item);
    }
}

// Without conditions on rows the counts are known, and the page begins where the cursor says.
void index::impl::skip_to_page(shard const& s, search_query const& q, visibility& v, page_builder& page) const {
    auto const& items = s.items();
    auto begin = q.backwards ? items.end() : items.begin();
    if (q.from && !q.from->values.empty()) {
        auto const* time = std::get_if<instant>(&q.from->values[0]);
        auto const by_collection = s.collection->id <=> q.from->collection;
        shard_position at{time ? *time : 0, by_collection < 0 ? 1 : by_collection > 0 ? -1 : 0, q.from->id.str()};
        begin = q.backwards ? items.lower_bound(at) : items.upper_bound(at);
        auto const seen = [&](item_ptr const& i) { return sees(v, *i); };
        bool const beyond = q.backwards ? std::any_of(begin, items.end(), seen)
                                        : std::any_of(std::make_reverse_iterator(begin), items.rend(), seen);
        if (beyond) page.note_beyond();
    }
    std::size_t taken = 0;
    if (!q.backwards) {
        for (auto i = begin; i != items.end() && !page.full_of_sorted(taken); ++i)
            if (sees(v, **i) && page.offer(*i)) ++taken;
    } else {
        while (begin != items.begin() && !page.full_of_sorted(taken)) {
            --begin;
            if (sees(v, **begin) && page.offer(*begin)) ++taken;
        }
    }
}

search_page index::search(search_query const& query, visibility& v) const {
    row_test test(query);
    page_builder page(query);
    std::uint64_t matched = 0;
    std::shared_lock const lock(impl_->mutex);
    impl_->each_shard(query.collections, [&](shard const& s) {
        if (!query.ids.empty()) {
            impl_->look_up(s, query, v, test, page, matched);
        } else if (query.has_row_conditions() || !query.sort.empty() || v.per_item()) {
            impl_->scan(s, query, v, test, page, matched);
        } else {
            matched += impl_->visible_items(s, v);
            impl_->skip_to_page(s, query, v, page);
        }
    });
    auto out = page.finish();
    out.matched = matched;
    return out;
}

std::vector<property_summary> index::properties(std::vector<collection_id> const& of, visibility& v) const {
    std::map<std::string, property_summary, std::less<>> all;
    std::shared_lock const lock(impl_->mutex);
    impl_->each_shard(of, [&](shard const& s) {
        auto const add = [&all](class_contents const& contents) {
            for (auto const& [name, p] : contents.properties) {
                auto& sum = all[name];
                sum.numbers += p.numbers, sum.texts += p.texts, sum.booleans += p.booleans;
                sum.arrays += p.arrays, sum.objects += p.objects;
            }
        };
        if (v.per_item()) {
            class_contents seen;
            for (auto const& item : s.items())
                if (impl_->sees(v, *item)) seen.count(*item, 1);
            return add(seen);
        }
        for (auto const& [c, contents] : s.classes())
            if (impl_->sees(v, c)) add(contents);
    });
    std::vector<property_summary> out;
    for (auto& [name, p] : all) {
        p.name = name;
        if (p.numbers + p.texts + p.booleans + p.arrays + p.objects == 0) continue;
        out.push_back(std::move(p));
    }
    return out;
}

std::uint64_t index::size() const {
    std::shared_lock const lock(impl_->mutex);
    std::uint64_t n = 0;
    for (auto const& [id, s] : impl_->shards) n += s.items().size();
    return n;
}

}  // namespace fjord::stac
