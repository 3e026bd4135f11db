#include "stac/index.hpp"

#include "base/log.hpp"
#include "catalog/catalog.hpp"
#include "stac/code_scan.hpp"
#include "stac/document.hpp"
#include "stac/index_feed.hpp"
#include "stac/index_search.hpp"
#include "stac/item_scan.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <map>
#include <shared_mutex>

namespace fjord::stac {
namespace {

logger const log("stac");

// Documents of an index that follows no catalog, and of one that does: then the catalog's.
class either_source final : public item_source {
public:
    void use(catalog::catalog const& cat) { catalog_.emplace(cat); }
    void put(catalog::item_record const& r) {
        std::unique_lock const lock(mutex_);
        own_[{r.collection, r.id}] = r;
    }
    void remove(collection_id const& c, item_id const& i) {
        std::unique_lock const lock(mutex_);
        own_.erase({c, i});
    }
    result<std::vector<std::optional<catalog::item_record>>> read(collection_id const& c,
                                                                  std::span<std::string const> ids) const override {
        if (catalog_) return catalog_->read(c, ids);
        std::vector<std::optional<catalog::item_record>> out;
        std::shared_lock const lock(mutex_);
        for (auto const& id : ids) {
            auto const found = own_.find({c, item_id(id)});
            out.push_back(found == own_.end() ? std::nullopt : std::optional(found->second));
        }
        return out;
    }

private:
    std::optional<catalog_items> catalog_;  // set before the first read
    mutable std::shared_mutex mutex_;       // guards own_
    std::map<std::pair<collection_id, item_id>, catalog::item_record> own_;
};

void count(property_summary& to, property_kind kind, std::uint64_t n) {
    switch (kind) {
        case property_kind::number:
            to.numbers += n;
            break;
        case property_kind::text:
            to.texts += n;
            break;
        case property_kind::boolean:
            to.booleans += n;
            break;
        case property_kind::array:
            to.arrays += n;
            break;
        case property_kind::object:
            to.objects += n;
            break;
    }
}

std::optional<property_kind> kind_of_property(std::string_view json) {
    switch (kind_of(json)) {
        case json_kind::number:
            return property_kind::number;
        case json_kind::string:
            return property_kind::text;
        case json_kind::boolean:
            return property_kind::boolean;
        case json_kind::array:
            return property_kind::array;
        case json_kind::object:
            return property_kind::object;
        default:
            return std::nullopt;
    }
}

using summaries = std::map<std::string, property_summary, std::less<>>;

property_summary& named(summaries& all, std::string_view name) {
    auto found = all.find(name);
    if (found == all.end()) found = all.emplace(std::string(name), property_summary{}).first;
    return found->second;
}

void summarise(summaries& all, index_state const& state, collection_state const& c, visibility& v) {
    for (auto const& s : c.segments) {
        auto rows = visible_rows(s, state, v);
        std::vector<std::uint64_t> items(s.data->schemas().size());
        each_code(s.data->schema_codes(), rows, [&](std::size_t, std::uint64_t code) { ++items[code]; });
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (items[i] == 0) continue;
            for (auto const& p : s.data->schemas()[i]) count(named(all, p.name), p.kind, items[i]);
        }
    }
    for (auto const& t : c.tail) {
        if (!v.sees_item(t.visible_as, *(*state.classes)[t.visible_as], t.item->id.str())) continue;
        member_walk walk(t.item->properties());
        while (auto m = walk.next())
            if (auto const kind = kind_of_property(m->value)) count(named(all, m->key()), *kind, 1);
    }
}

}  // namespace

struct index::impl {
    explicit impl(index_options o)
        : options(std::move(o)),
          reader(source, options.cache_bytes),
          writer(std::make_shared<index_writer>(options.limits, options.pool)),
          feed(writer, options.limits.segments) {
        if (!options.directory.empty()) folder = std::make_unique<checkpoint_folder>(options.directory);
    }

    result<void> apply(index_change change) {
        result<void> done;
        std::vector<index_change> changes;
        changes.push_back(std::move(change));
        writer->apply(std::move(changes), 0, [&](index_change const&, error const& e) { done = e; });
        return done;
    }

    void go_live(catalog::catalog const& cat) {
        feed.begin_live(cat);
        ready.store(true, std::memory_order_release);
    }

    result<void> checkpoint() {
        if (!folder || !following || !ready || feed.missed()) return {};
        std::lock_guard const lock(saving);
        auto const state = writer->state();
        if (state->at == saved_at && saved_at != 0) return {};
        auto const mark = index_feed::mark_of(*following, state->at);
        if (!mark) return mark.error();
        if (auto ok = folder->save(*state, *mark); !ok) return ok;
        saved_at = state->at;
        return {};
    }

    // After enough changes, on the pool.
    void checkpoint_when_due(std::shared_ptr<impl> const& self) {
        if (!folder || !options.pool || !ready) return;
        auto const applied = feed.applied();
        auto last = applied_at_save.load();
        if (applied - last < options.checkpoint_after || !applied_at_save.compare_exchange_strong(last, applied)) return;
        if (!options.pool->admit()) return;
        asio::post(options.pool->native(), [self, pool = options.pool] {
            if (auto ok = self->checkpoint(); !ok) log.error("no checkpoint of the index", {{"reason", ok.error().message()}});
            pool->leave();
        });
    }

    index_options options;
    catalog::catalog const* following = nullptr;
    std::unique_ptr<checkpoint_folder> folder;
    std::atomic<bool> ready{false};
    std::mutex saving;               // guards saved_at
    catalog::sequence saved_at = 0;  // of the newest checkpoint
    std::atomic<std::uint64_t> applied_at_save{0};
    either_source source;
    mutable item_reader reader;
    std::shared_ptr<index_writer> writer;
    index_feed feed;
};

index::index(index_options options) : impl_(std::make_shared<impl>(std::move(options))) {}
index::~index() = default;

result<bool> index::begin(catalog::catalog& cat) {
    impl_->following = &cat;
    impl_->source.use(cat);
    std::weak_ptr<impl> const weak = impl_;
    cat.on_commit([weak, &cat](std::vector<catalog::log_entry> const& entries) {
        auto const self = weak.lock();
        if (!self) return;
        self->feed.observe(cat, entries);
        self->checkpoint_when_due(self);
    });
    if (!impl_->folder) return false;
    auto loaded = impl_->folder->load();
    auto ok = loaded ? impl_->feed.restore(cat, std::move(*loaded)) : result<void>(loaded.error());
    if (!ok) {
        bool const none = !loaded && loaded.error().code == make_error_code(errc::not_found);
        if (!none)
            log.warn("the index is read from the catalog, its checkpoint cannot be used", {{"reason", ok.error().message()}});
        return false;
    }
    impl_->saved_at = impl_->writer->state()->at;
    impl_->go_live(cat);
    return true;
}

result<void> index::read_all(catalog::catalog& cat) {
    if (auto ok = impl_->feed.load(cat); !ok) return ok;
    impl_->go_live(cat);
    if (auto ok = impl_->checkpoint(); !ok) log.error("no checkpoint of the index", {{"reason", ok.error().message()}});
    return {};
}

result<void> index::follow(catalog::catalog& cat) {
    auto const there = begin(cat);
    if (!there) return there.error();
    return *there ? result<void>() : read_all(cat);
}

void index::cancel() noexcept { impl_->feed.cancel(); }

bool index::ready() const noexcept { return impl_->ready.load(std::memory_order_acquire); }

result<void> index::checkpoint() { return impl_->checkpoint(); }

std::uint64_t index::loaded() const noexcept { return impl_->feed.loaded(); }

result<void> index::put(catalog::collection_record const& r) { return impl_->apply(r); }

result<void> index::put(catalog::item_record const& r) {
    if (auto facts = read_item(r.document); !facts) return facts.error();
    impl_->source.put(r);
    return impl_->apply(r);
}

void index::remove(collection_id const& c) { (void)impl_->apply(removed_collection{c}); }

void index::remove(collection_id const& c, item_id const& i) {
    impl_->source.remove(c, i);
    (void)impl_->apply(removed_item{c, i});
}

void index::settle() { impl_->writer->settle(); }

collection_ptr index::find_collection(collection_id const& id, visibility& v) const {
    auto const state = impl_->writer->state();
    auto const* c = state->find(id);
    if (!c || !v.sees(c->collection->visible_as, *(*state->classes)[c->collection->visible_as])) return nullptr;
    return c->collection;
}

item_ptr index::find_item(collection_id const& c, item_id const& i, visibility& v) const {
    auto const state = impl_->writer->state();
    auto const* in = state->find(c);
    if (!in) return nullptr;
    auto const place = locate(*in, i.str());
    if (!place) return nullptr;
    auto const sees = [&](class_id k) { return v.sees_item(k, *(*state->classes)[k], i.str()); };
    if (place.tail) return sees(place.tail->visible_as) ? place.tail->item : nullptr;
    if (!sees(place.segment->classes[place.segment->data->class_of(place.row)])) return nullptr;
    wanted_item const wanted{&in->collection->id, i.str(), place.segment->data->stamp(place.row)};
    auto const read = impl_->reader.read({&wanted, 1}, true);
    if (!read || !(*read)[0]) return nullptr;
    auto const& item = (*read)[0];
    if (stamp_of(item->etag) == wanted.stamp) return item;
    // Changed since: who may see it is judged by what it says now.
    auto const now = resource_of_item(*in->collection, i.str(), policy_attributes(item->properties()));
    return v.permits_now(now) ? item : nullptr;
}

std::vector<collection_ptr> index::collections(visibility& v) const {
    auto const state = impl_->writer->state();
    std::vector<collection_ptr> out;
    for (auto const& c : state->collections) {
        auto const k = c->collection->visible_as;
        if (v.sees(k, *(*state->classes)[k])) out.push_back(c->collection);
    }
    return out;
}

result<search_page> index::search(search_query const& query, visibility& v) const {
    return index_search(impl_->writer->state(), query, v, impl_->reader).page();
}

result<void> index::each(search_query const& query, visibility& v, std::function<bool(indexed_item const&)> const& visit) const {
    return index_search(impl_->writer->state(), query, v, impl_->reader).each(visit);
}

result<void> index::count(search_query const& query, visibility& v, std::span<tally* const> tallies) const {
    return index_search(impl_->writer->state(), query, v, impl_->reader).count(tallies);
}

std::vector<property_summary> index::properties(std::vector<collection_id> const& of, visibility& v) const {
    auto const state = impl_->writer->state();
    summaries all;
    if (of.empty()) {
        for (auto const& c : state->collections) summarise(all, *state, *c, v);
    } else {
        for (auto const& id : of)
            if (auto const* c = state->find(id)) summarise(all, *state, *c, v);
    }
    std::vector<property_summary> out;
    for (auto& [name, p] : all) {
        p.name = name;
        out.push_back(std::move(p));
    }
    return out;
}

std::uint64_t index::size() const { return impl_->writer->state()->items(); }

index_memory index::memory() const {
    auto const state = impl_->writer->state();
    index_memory m;
    m.items = state->items();
    for (auto const& c : state->collections) {
        for (auto const& s : c->segments) {
            ++m.segments;
            auto const ids = s.data->ids().bytes(), columns = s.data->bytes_of_columns(), shapes = s.data->bytes_of_shapes();
            m.ids += ids;
            m.columns += columns;
            m.shapes += shapes;
            m.other += s.data->bytes().size() - ids - columns - shapes + (s.dead ? s.data->rows() / 8 : 0) + sizeof(segment);
        }
        for (auto const& t : c->tail) m.tails += t.item->document.size();
    }
    m.cache = impl_->reader.bytes();
    return m;
}

}  // namespace fjord::stac
