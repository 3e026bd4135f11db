#include "cache/block_store.hpp"

#include "cache/block_store_impl.hpp"
#include "cache/paths.hpp"

#include <filesystem>

namespace fjord::cache {

object_lease::object_lease(std::shared_ptr<block_store::impl> store, file_id id, object_meta meta)
    : store_(std::move(store)), id_(id), meta_(std::move(meta)) {}

object_lease::~object_lease() { store_->release(id_); }

block_store::impl::impl(store_options o, clock& t, std::unique_ptr<index_db> d)
    : options(std::move(o)), time(t), files(options.path, options.max_open_files), db(std::move(d)), policy(options.capacity) {}

block_store::block_store(std::shared_ptr<impl> i) : impl_(std::move(i)) {}

block_store::~block_store() { impl_->stop_committing(); }

result<std::unique_ptr<block_store>> block_store::open(store_options options, clock& time) {
    std::error_code failure;
    std::filesystem::create_directories(options.path + "/data", failure);
    if (failure) return error_from_errno(failure.value(), "cannot make the cache's folder", options.path);
    auto db = index_db::open(options.path + "/index");
    if (!db) return db.error();
    auto i = std::make_shared<impl>(std::move(options), time, std::move(*db));
    if (auto loaded = i->load(); !loaded) return loaded.error();
    i->start_committing();
    return std::unique_ptr<block_store>(new block_store(std::move(i)));
}

stored_object* block_store::impl::find_locked(file_id id) {
    auto it = objects.find(id);
    return it == objects.end() ? nullptr : &it->second;
}

stored_object const* block_store::impl::find_locked(file_id id) const {
    auto it = objects.find(id);
    return it == objects.end() ? nullptr : &it->second;
}

object_handle block_store::impl::lease_locked(stored_object& object) {
    ++object.leases;
    return std::make_shared<object_lease const>(shared_from_this(), object.id, object.meta);
}

void block_store::impl::release(file_id id) noexcept {
    std::lock_guard lock(mutex);
    auto* object = find_locked(id);
    if (!object || --object->leases > 0) return;
    // Nothing stored, or hidden meanwhile: the last user closes the door.
    if (!object->meta.hidden && !object->extents.empty()) return;
    if (!object->meta.hidden) hide_locked(*object);
    reclaimable.insert(id);
    wake.notify_one();
}

void block_store::impl::hide_locked(stored_object& object) {
    if (object.meta.hidden) return;
    object.meta.hidden = true;
    auto it = by_path.find(object.meta.path);
    if (it != by_path.end()) {
        std::erase(it->second, object.id);
        if (it->second.empty()) by_path.erase(it);
    }
    dirty_objects.insert(object.id);
    for (auto const& [e, extent] : object.extents) dirty_extents.insert(key_of(object.id, e));
    if (object.leases == 0) reclaimable.insert(object.id);
    wake.notify_one();
}

// A block is no longer present: corrupt, or its write failed.
void block_store::impl::clear_block_locked(stored_object& object, block_no b) {
    auto it = object.extents.find(extent_no_of(b));
    if (it == object.extents.end() || !it->second.record.present[slot_of(b)]) return;
    it->second.record.present.reset(slot_of(b));
    it->second.verified.reset(slot_of(b));
    --object.present;
    auto key = key_of(object.id, it->first);
    policy.shrink(key, disk_bytes(b, object.meta.size));
    dirty_extents.insert(key);
    wake.notify_one();
}

// The policy dropped this extent: out of the index; what must be given back on disk.
std::optional<victim> block_store::impl::take_out_locked(extent_key key) {
    auto* object = find_locked(file_of(key));
    if (!object) return std::nullopt;
    auto it = object->extents.find(extent_of(key));
    if (it == object->extents.end()) return std::nullopt;
    for (block_no s = 0; s < it->second.record.crc.size(); ++s) {
        if (!it->second.record.present[s]) continue;
        counted.evicted_bytes += disk_bytes(it->first * blocks_per_extent + s, object->meta.size);
        --object->present;
    }
    ++counted.evicted_extents;
    object->extents.erase(it);
    dirty_extents.insert(key);
    // The file itself goes later, before its record does: a crash in between leaves no file without a record.
    if (object->extents.empty() && object->leases == 0) hide_locked(*object);
    wake.notify_one();
    auto begin = extent_of(key) * extent_size;
    return victim{object->id, {begin, begin + extent_size}};
}

// Takes over a pin that was set before.
std::shared_ptr<void> block_store::impl::pin_holder(extent_key key) {
    auto let_go = [store = shared_from_this(), key](void*) { store->unpin(key); };
    return {static_cast<void*>(this), std::move(let_go)};
}

void block_store::impl::unpin(extent_key key) noexcept {
    std::lock_guard lock(mutex);
    policy.unpin(key);
}

object_handle block_store::acquire(std::string const& path, std::string const& version) {
    std::lock_guard lock(impl_->mutex);
    auto it = impl_->by_path.find(path);
    if (it == impl_->by_path.end()) return nullptr;
    for (auto id : it->second) {
        auto* object = impl_->find_locked(id);
        if (object->meta.version == version) return impl_->lease_locked(*object);
    }
    return nullptr;
}

result<object_handle> block_store::acquire_or_create(object_meta meta) {
    if (meta.size > max_object_size) return fail(errc::invalid_argument, "an object of more than 256 TiB cannot be cached");
    if (meta.path.size() > 16384 || meta.version.size() > 1024 || meta.etag.size() > 1024) {
        return fail(errc::invalid_argument, "the path or validator is too long to be cached");
    }
    if (auto known = acquire(meta.path, meta.version)) return known;
    auto& i = *impl_;
    std::lock_guard lock(i.mutex);
    for (auto id : i.by_path[meta.path]) {
        if (i.find_locked(id)->meta.version == meta.version) return i.lease_locked(*i.find_locked(id));
    }
    if (i.next_id >= i.ids_reserved) return fail(errc::unavailable, "the cache's index is behind; try again shortly");
    auto id = i.next_id++;
    i.by_path[meta.path].push_back(id);
    auto& object = i.objects[id];
    object.id = id;
    object.meta = std::move(meta);
    i.dirty_objects.insert(id);
    i.wake.notify_one();
    return i.lease_locked(object);
}

std::optional<object_meta> block_store::latest(std::string const& path) const {
    std::lock_guard lock(impl_->mutex);
    auto it = impl_->by_path.find(path);
    if (it == impl_->by_path.end()) return std::nullopt;
    std::optional<object_meta> newest;
    for (auto id : it->second) {  // in order of creation
        auto const& meta = impl_->find_locked(id)->meta;
        if (!meta.superseded) newest = meta;
    }
    return newest;
}

disk_view block_store::view(object_handle const& object, block_run run) const {
    disk_view seen{run.first, std::vector<bool>(run.empty() ? 0 : run.size())};
    std::lock_guard lock(impl_->mutex);
    auto const* o = impl_->find_locked(object->id());
    if (!o || o->condemned) return seen;
    for (auto b = run.first; b < run.end; ++b) {
        auto it = o->extents.find(extent_no_of(b));
        if (it != o->extents.end()) seen.bits[b - run.first] = it->second.record.present[slot_of(b)];
    }
    return seen;
}

bool block_store::complete(object_handle const& object) const {
    std::lock_guard lock(impl_->mutex);
    auto const* o = impl_->find_locked(object->id());
    return o && !o->condemned && o->present == blocks_in(o->meta.size);
}

bool block_store::usable(object_handle const& object) const {
    std::lock_guard lock(impl_->mutex);
    auto const* o = impl_->find_locked(object->id());
    return o && !o->meta.hidden;
}

bool block_store::condemned(object_handle const& object) const {
    std::lock_guard lock(impl_->mutex);
    auto const* o = impl_->find_locked(object->id());
    return !o || o->condemned;
}

unsigned block_store::frequency(object_handle const& object, block_no b) const {
    std::lock_guard lock(impl_->mutex);
    return impl_->policy.frequency(key_of(object->id(), extent_no_of(b)));
}

std::optional<pinned_run> block_store::pin(object_handle const& object, block_no first, block_no limit, bool touch) {
    pinned_run pinned;
    auto key = key_of(object->id(), extent_no_of(first));
    {
        std::lock_guard lock(impl_->mutex);
        auto* o = impl_->find_locked(object->id());
        if (!o || o->condemned) return std::nullopt;
        auto it = o->extents.find(extent_no_of(first));
        if (it == o->extents.end()) return std::nullopt;
        auto const& extent = it->second;
        auto stop = std::min<block_no>(limit, (extent_no_of(first) + 1) * blocks_per_extent);
        pinned.run = {first, first};
        pinned.ready = true;
        while (pinned.run.end < stop && extent.record.present[slot_of(pinned.run.end)]) {
            pinned.ready = pinned.ready && extent.verified[slot_of(pinned.run.end)];
            ++pinned.run.end;
        }
        if (pinned.run.empty()) return std::nullopt;
        impl_->policy.pin(key);
        if (touch) impl_->policy.hit(key);
    }
    pinned.pin_ = impl_->pin_holder(key);
    pinned.fd = impl_->files.find(object->id());
    if (!pinned.fd) pinned.ready = false;
    return pinned;
}

std::shared_ptr<void> block_store::hold(object_handle const& object, extent_no e) {
    auto key = key_of(object->id(), e);
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->policy.contains(key)) return nullptr;
        impl_->policy.pin(key);
    }
    return impl_->pin_holder(key);
}

std::uint64_t block_store::capacity() const noexcept { return impl_->policy.capacity(); }

bool block_store::accepting() const noexcept {
    return impl_->time.steady().time_since_epoch().count() >= impl_->refusing_until.load(std::memory_order_relaxed);
}

void block_store::set_verified(object_handle const& object, bool verified) {
    std::lock_guard lock(impl_->mutex);
    auto* o = impl_->find_locked(object->id());
    if (!o || o->meta.hidden || o->meta.verified == verified) return;
    o->meta.verified = verified;
    impl_->dirty_objects.insert(o->id);
    impl_->wake.notify_one();
}

void block_store::condemn(object_handle const& object) {
    std::lock_guard lock(impl_->mutex);
    auto* o = impl_->find_locked(object->id());
    if (!o) return;
    o->condemned = true;
    impl_->hide_locked(*o);
}

void block_store::supersede(std::string const& path, std::string const& version) {
    std::lock_guard lock(impl_->mutex);
    auto it = impl_->by_path.find(path);
    if (it == impl_->by_path.end()) return;
    for (auto id : it->second) {
        auto& meta = impl_->find_locked(id)->meta;
        bool old = meta.version != version;
        if (meta.superseded == old) continue;
        meta.superseded = old;
        impl_->dirty_objects.insert(id);
    }
    impl_->wake.notify_one();
}

void block_store::supersede_below(std::string const& prefix, std::string const& version) {
    std::lock_guard lock(impl_->mutex);
    for (auto& [id, object] : impl_->objects) {
        bool old = object.meta.version != version;
        if (object.meta.superseded == old || !covers(prefix, object.meta.path)) continue;
        object.meta.superseded = old;
        impl_->dirty_objects.insert(id);
    }
    impl_->wake.notify_one();
}

purge_counts block_store::purge(std::function<bool(object_meta const&)> const& match) {
    purge_counts counts;
    std::lock_guard lock(impl_->mutex);
    for (auto& [id, object] : impl_->objects) {
        if (object.meta.hidden || !match(object.meta)) continue;
        ++counts.objects;
        counts.files.push_back(id);
        for (auto const& [e, extent] : object.extents) {
            for (block_no s = 0; s < extent.record.crc.size(); ++s) {
                if (extent.record.present[s]) counts.bytes += span_of(e * blocks_per_extent + s, object.meta.size).size();
            }
        }
        impl_->hide_locked(object);
    }
    return counts;
}

std::vector<object_status> block_store::describe(std::string const& path) const {
    std::vector<object_status> found;
    std::lock_guard lock(impl_->mutex);
    auto it = impl_->by_path.find(path);
    if (it == impl_->by_path.end()) return found;
    for (auto id : it->second) {
        auto const& object = *impl_->find_locked(id);
        object_status status{id, object.meta, 0, {}};
        for (auto const& [e, extent] : object.extents) {
            auto key = key_of(id, e);
            status.bytes += impl_->policy.bytes(key);
            status.extents.push_back({e, static_cast<block_no>(extent.record.present.count()), impl_->policy.frequency(key)});
        }
        found.push_back(std::move(status));
    }
    return found;
}

std::optional<std::string> block_store::note(std::string const& key) const {
    std::lock_guard lock(impl_->mutex);
    auto it = impl_->notes.find(key);
    return it == impl_->notes.end() ? std::nullopt : std::optional(it->second);
}

void block_store::set_note(std::string const& key, std::string value) {
    std::lock_guard lock(impl_->mutex);
    impl_->notes[key] = std::move(value);
    impl_->dirty_notes.insert(key);
    impl_->wake.notify_one();
}

store_stats block_store::stats() const {
    std::lock_guard lock(impl_->mutex);
    auto s = impl_->counted;
    s.objects = impl_->objects.size();
    s.extents = impl_->policy.size();
    s.used = impl_->policy.used();
    s.capacity = impl_->policy.capacity();
    return s;
}

std::string block_store::path_of(object_handle const& object) const { return impl_->files.path_of(object->id()); }

}  // namespace fjord::cache
