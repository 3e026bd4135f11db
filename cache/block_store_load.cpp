// Reading the index at start: records into the RAM index, orphaned files away, a lowered capacity enforced.
#include "cache/block_store_impl.hpp"

#include <unistd.h>

namespace fjord::cache {

result<void> block_store::impl::load() {
    auto on_object = [this](std::string_view key, std::string_view value) {
        auto id = decode_id(key);
        auto meta = decode_object(value);
        if (!id || !meta) return;
        if (meta->hidden)
            reclaimable.insert(*id);
        else
            by_path[meta->path].push_back(*id);
        objects[*id].id = *id;
        objects[*id].meta = std::move(*meta);
        next_id = std::max(next_id, *id + 1);
    };
    auto on_extent = [this](std::string_view key, std::string_view value) {
        auto id = decode_id(key);
        auto record = decode_extent(value);
        if (!id || !record) return;
        auto x = extent_key{*id};
        auto* object = find_locked(file_of(x));
        auto e = extent_of(x);
        // A record without its object, or of another shape, is the remainder of an unfinished deletion.
        if (!object || std::uint64_t{e} * extent_size >= object->meta.size) return;
        auto blocks = std::min<std::uint64_t>(blocks_per_extent, blocks_in(object->meta.size) - e * blocks_per_extent);
        if (record->crc.size() != blocks) return;
        std::uint64_t bytes = 0;
        for (block_no s = 0; s < blocks; ++s) {
            if (record->present[s]) bytes += disk_bytes(e * blocks_per_extent + s, object->meta.size);
        }
        object->present += static_cast<block_no>(record->present.count());
        object->extents[e].record = std::move(*record);
        policy.restore(x, bytes);
    };
    if (auto r = db->each(index_family::objects, on_object); !r) return r;
    if (auto r = db->each(index_family::extents, on_extent); !r) return r;
    auto on_note = [this](std::string_view key, std::string_view value) { notes.emplace(key, value); };
    if (auto r = db->each(index_family::notes, on_note); !r) return r;

    // Ids that were given out and have no record belong to files that a crash orphaned.
    auto high_water = decode_id(notes.contains("ids") ? notes["ids"] : std::string()).value_or(1);
    for (auto id = next_id; id < high_water; ++id) ::unlink(files.path_of(id).c_str());
    next_id = std::max(next_id, high_water);
    ids_reserved = next_id;
    extend_ids_locked();

    std::vector<extent_key> dropped;  // the capacity may have been lowered
    policy.trim(dropped);
    std::vector<victim> victims;
    for (auto key : dropped) {
        if (auto v = take_out_locked(key)) victims.push_back(*v);
    }
    give_back(victims);
    return commit();
}

}  // namespace fjord::cache
