// Bytes of the block store: making room, writing, verifying, reading. Pool threads only.
#include "cache/block_store_impl.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace fjord::cache {

namespace {

// Fills `out` from the file. False when the file is shorter or cannot be read: the block is as good as missing.
bool read_exactly(int fd, std::string& out, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < out.size()) {
        auto n = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

result<void> write_exactly(int fd, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        auto n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return error_from_errno(errno, "cannot write a block");
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

constexpr auto refusal = std::chrono::seconds(10);

}  // namespace

// Gives disk back. A hole that cannot be punched is harmless: the blocks are gone from the index and will be overwritten.
void block_store::impl::give_back(std::vector<victim> const& victims) {
    for (auto const& v : victims) {
        auto fd = files.open(v.id, false);
        if (!fd) continue;
        ::fallocate((*fd)->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(v.span.begin),
                    static_cast<off_t>(v.span.size()));
    }
}

// Room for those of `blocks` (all in extent e) that are not here yet; the extent is pinned on success.
result<void> block_store::impl::reserve(file_id id, extent_no e, block_run blocks) {
    std::lock_guard turn(reserve_mutex);
    std::vector<victim> victims;
    bool room = false;
    {
        std::lock_guard lock(mutex);
        auto* object = find_locked(id);
        if (!object || object->condemned) return fail(errc::not_found, "the object was dropped while it was filled");
        std::uint64_t bytes = 0;
        auto known = object->extents.find(e);
        for (auto b = blocks.first; b < blocks.end; ++b) {
            bool here = known != object->extents.end() && known->second.record.present[slot_of(b)];
            if (!here) bytes += disk_bytes(b, object->meta.size);
        }
        std::vector<extent_key> dropped;
        room = policy.grow(key_of(id, e), bytes, dropped);
        for (auto key : dropped) {
            if (auto v = take_out_locked(key)) victims.push_back(*v);
        }
        if (room) {
            policy.pin(key_of(id, e));
            auto& extent = object->extents[e];
            auto first = std::uint64_t{e} * blocks_per_extent;
            if (extent.record.crc.empty()) {
                extent.record.crc.resize(std::min<std::uint64_t>(blocks_per_extent, blocks_in(object->meta.size) - first));
            }
        }
    }
    give_back(victims);
    if (!room) return fail(errc::no_space, "the disk tier is full of blocks in use");
    return {};
}

result<std::vector<std::uint32_t>> block_store::write(object_handle const& object, block_no first,
                                                      std::span<block_bytes const> blocks) {
    std::vector<std::uint32_t> checksums;
    while (!blocks.empty()) {
        auto in_extent = std::min<std::size_t>(blocks.size(), blocks_per_extent - slot_of(first));
        auto part = impl_->write_in_extent(object, first, blocks.first(in_extent));
        if (!part) return part.error();
        checksums.insert(checksums.end(), part->begin(), part->end());
        blocks = blocks.subspan(in_extent);
        first += static_cast<block_no>(in_extent);
    }
    return checksums;
}

result<std::vector<std::uint32_t>> block_store::impl::write_in_extent(object_handle const& object, block_no first,
                                                                      std::span<block_bytes const> blocks) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        bool fits = blocks[i]->size() == span_of(first + static_cast<block_no>(i), object->meta().size).size();
        if (!fits) return fail(errc::internal, "a block of the wrong size was to be stored");
    }
    auto id = object->id();
    auto e = extent_no_of(first);
    block_run run{first, first + static_cast<block_no>(blocks.size())};
    if (auto room = reserve(id, e, run); !room) return room.error();

    std::vector<std::uint32_t> checksums;
    auto fd = files.open(id, true);
    auto wrote = fd ? result<void>() : result<void>(fd.error());
    for (std::size_t i = 0; wrote && i < blocks.size(); ++i) {
        auto b = first + static_cast<block_no>(i);
        wrote = write_exactly((*fd)->get(), *blocks[i], b * block_size);
        checksums.push_back(block_checksum(id, b, *blocks[i]));
    }
    std::lock_guard lock(mutex);
    policy.unpin(key_of(id, e));
    auto* stored = find_locked(id);
    if (!stored) return fail(errc::not_found, "the object was dropped while it was filled");
    auto& extent = stored->extents[e];
    std::uint64_t unused = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        auto b = first + static_cast<block_no>(i);
        bool here = extent.record.present[slot_of(b)];
        if (!wrote) {
            // Half-written bytes may lie over a good block only if it was here before; then its record must go as well.
            if (here)
                clear_block_locked(*stored, b);
            else
                unused += disk_bytes(b, stored->meta.size);
            continue;
        }
        if (!here) ++stored->present;
        extent.record.present.set(slot_of(b));
        extent.verified.set(slot_of(b));
        extent.record.crc[slot_of(b)] = checksums[i];
    }
    dirty_extents.insert(key_of(id, e));
    wake.notify_one();
    if (wrote) return checksums;
    policy.shrink(key_of(id, e), unused);
    counted.failed_writes += blocks.size();
    refusing_until.store((time.steady() + refusal).time_since_epoch().count(), std::memory_order_relaxed);
    return wrote.error();
}

bool block_store::impl::check_block(int fd, object_lease const& object, block_no b, std::uint32_t crc) {
    thread_local std::string buffer;
    auto span = span_of(b, object.meta().size);
    buffer.resize(span.size());
    return read_exactly(fd, buffer, span.begin) && block_checksum(object.id(), b, buffer) == crc;
}

result<std::optional<read_fault>> block_store::prepare(object_handle const& object, pinned_run& run) {
    auto& i = *impl_;
    auto fd = i.files.open(object->id(), false);
    if (!fd && fd.error().code != errc::not_found) return fd.error();
    for (auto b = run.run.first; b < run.run.end; ++b) {
        std::uint32_t crc = 0;
        {
            std::lock_guard lock(i.mutex);
            auto const* o = i.find_locked(object->id());
            if (!o || o->condemned) return fail(errc::corrupt, "the object was found to be wrong and dropped");
            auto const& extent = o->extents.at(extent_no_of(b));  // pinned: it cannot have been evicted
            if (extent.verified[slot_of(b)]) continue;
            if (!extent.record.present[slot_of(b)]) {  // another reader found it corrupt meanwhile
                run.run.end = b;
                break;
            }
            crc = extent.record.crc[slot_of(b)];
        }
        bool good = fd && i.check_block((*fd)->get(), *object, b, crc);
        std::lock_guard lock(i.mutex);
        auto* o = i.find_locked(object->id());
        if (!o) return fail(errc::corrupt, "the object was found to be wrong and dropped");
        if (good) {
            o->extents.at(extent_no_of(b)).verified.set(slot_of(b));
            continue;
        }
        ++i.counted.corrupt_blocks;
        i.clear_block_locked(*o, b);
        run.run.end = b;
        if (fd) run.fd = *fd;
        run.ready = static_cast<bool>(fd);
        return std::optional(read_fault{b, crc});
    }
    if (!fd) return fail(errc::unavailable, "the block file is gone");
    run.fd = *fd;
    run.ready = true;
    return std::optional<read_fault>();
}

result<block_store::block_read> block_store::read(object_handle const& object, block_no b) {
    auto pinned = pin(object, b, b + 1, false);
    if (!pinned) return fail(errc::not_found, "the block is not here");
    block_read answer;
    if (!pinned->ready) {
        auto fault = prepare(object, *pinned);
        if (!fault) return fault.error();
        answer.fault = *fault;
        if (answer.fault) return answer;
        if (pinned->run.empty()) return fail(errc::not_found, "the block is not here");
    }
    auto span = span_of(b, object->meta().size);
    std::string bytes(span.size(), '\0');
    if (!read_exactly(pinned->fd->get(), bytes, span.begin)) return fail(errc::unavailable, "the block file cannot be read");
    answer.bytes = std::make_shared<std::string const>(std::move(bytes));
    return answer;
}

}  // namespace fjord::cache
