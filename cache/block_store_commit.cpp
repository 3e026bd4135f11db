// What the block store writes behind itself: records in batches, synced once a second; unlinking of purged files.
#include "cache/block_store_impl.hpp"

#include <unistd.h>

namespace fjord::cache {

namespace {

constexpr auto commit_pause = std::chrono::milliseconds(50);  // kill -9 loses at most this much of the fills
constexpr auto sync_pause = std::chrono::seconds(1);          // power loss at most this much
constexpr file_id id_stride = 8192;

}  // namespace

void block_store::impl::start_committing() {
    committer = std::thread([this] { commit_loop(); });
}

void block_store::impl::stop_committing() {
    {
        std::lock_guard lock(mutex);
        stopping = true;
    }
    wake.notify_all();
    if (committer.joinable()) committer.join();
    if (auto last = commit(); !last)
        log.error("the cache's index could not be written at the end", {{"why", last.error().message()}});
    (void)db->sync();
}

void block_store::impl::commit_loop() {
    bool unsynced = false;
    auto last_sync = std::chrono::steady_clock::now();
    auto dirty = [this] {
        return !dirty_objects.empty() || !dirty_extents.empty() || !dirty_notes.empty() || !reclaimable.empty();
    };
    for (;;) {
        {
            std::unique_lock lock(mutex);
            auto due = [&] { return stopping || dirty(); };
            if (unsynced)
                wake.wait_until(lock, last_sync + sync_pause, due);
            else
                wake.wait(lock, due);
            if (stopping) return;
            // Let a batch gather: many blocks of one fill become one record.
            wake.wait_for(lock, commit_pause, [this] { return stopping; });
        }
        reclaim();
        if (auto done = commit(); !done) {
            log.warn("the cache's index could not be written; it will be tried again", {{"why", done.error().message()}});
            std::unique_lock lock(mutex);
            if (wake.wait_for(lock, sync_pause, [this] { return stopping; })) return;
            continue;
        }
        unsynced = true;
        if (auto now = std::chrono::steady_clock::now(); now - last_sync >= sync_pause) {
            if (auto synced = db->sync(); !synced)
                log.warn("the cache's index could not be synced", {{"why", synced.error().message()}});
            unsynced = false;
            last_sync = now;
        }
    }
}

std::vector<index_change> block_store::impl::gather_locked() {
    std::vector<index_change> changes;
    for (auto id : dirty_objects) {
        auto const* object = find_locked(id);
        changes.push_back({index_family::objects, encode_id(id), object ? std::optional(encode(object->meta)) : std::nullopt});
    }
    for (auto key : dirty_extents) {
        auto const* object = find_locked(file_of(key));
        stored_extent const* extent = nullptr;
        if (object && !object->meta.hidden) {
            auto it = object->extents.find(extent_of(key));
            if (it != object->extents.end() && it->second.record.present.any()) extent = &it->second;
        }
        changes.push_back({index_family::extents, encode_id(static_cast<std::uint64_t>(key)),
                           extent ? std::optional(encode(extent->record)) : std::nullopt});
    }
    for (auto const& key : dirty_notes) changes.push_back({index_family::notes, key, notes[key]});
    return changes;
}

result<void> block_store::impl::commit() {
    std::lock_guard turn(commit_mutex);
    std::vector<index_change> changes;
    std::set<file_id> tried_objects;
    std::set<extent_key> tried_extents;
    std::set<std::string> tried_notes;
    {
        std::lock_guard lock(mutex);
        extend_ids_locked();
        changes = gather_locked();
        tried_objects.swap(dirty_objects);
        tried_extents.swap(dirty_extents);
        tried_notes.swap(dirty_notes);
    }
    if (changes.empty()) return {};
    auto done = db->apply(changes);
    if (done) return done;
    std::lock_guard lock(mutex);  // keep for the next try
    dirty_objects.merge(tried_objects);
    dirty_extents.merge(tried_extents);
    dirty_notes.merge(tried_notes);
    ++counted.index_failures;
    return done;
}

// Ids are promised ahead, so that giving one out costs no write; those unused at a crash are skipped.
void block_store::impl::extend_ids_locked() {
    if (ids_reserved - next_id > id_stride / 2) return;
    ids_reserved = next_id + id_stride;
    notes["ids"] = encode_id(ids_reserved);
    dirty_notes.insert("ids");
}

// Files of purged objects that nobody reads any more. Their bytes count as used until the file is gone.
void block_store::impl::reclaim() {
    std::set<file_id> ids;
    {
        std::lock_guard lock(mutex);
        ids.swap(reclaimable);
    }
    for (auto id : ids) {
        files.forget(id);
        ::unlink(files.path_of(id).c_str());
        std::lock_guard lock(mutex);
        auto* object = find_locked(id);
        if (!object) continue;
        for (auto const& [e, extent] : object->extents) {
            policy.remove(key_of(id, e));
            dirty_extents.insert(key_of(id, e));
        }
        dirty_objects.insert(id);
        objects.erase(id);
    }
}

result<void> block_store::flush() {
    impl_->reclaim();
    if (auto done = impl_->commit(); !done) return done;
    return impl_->db->sync();
}

}  // namespace fjord::cache
