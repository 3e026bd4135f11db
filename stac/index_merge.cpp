// Merging of small segments, and of those that are mostly dead.
#include "stac/index_batch.hpp"

#include <algorithm>
#include <array>

namespace fjord::stac {
namespace {

constexpr std::size_t large = segment::max_rows * 3 / 4;  // not merged for being small

// 0 for up to 511 rows, 1 for up to 4095, 2 for up to 32 767, 3 for the rest.
std::size_t size_class(std::size_t rows) { return rows < 512 ? 0 : rows < 4096 ? 1 : rows < 32'768 ? 2 : 3; }

}  // namespace

// The first collection with enough small segments of one size, or with a segment half of which is dead.
std::optional<index_writer::merge_job> index_writer::find_merge() const {
    auto const now = state();
    for (auto const& c : now->collections) {
        std::array<std::vector<segment_ref const*>, 4> by_size;
        for (auto const& s : c->segments) {
            if (s.live * 2 < s.data->rows()) return merge_job{c->collection->id, {s}};
            if (s.live < large) by_size[size_class(s.live)].push_back(&s);
        }
        for (std::size_t size = 0; size < by_size.size(); ++size) {
            auto& list = by_size[size];
            // The largest ones are worth joining as soon as two fit into one.
            auto const enough = size == 3   ? 2
                                : size == 2 ? std::min<std::size_t>(4, limits_.merge_segments)
                                            : limits_.merge_segments;
            if (list.size() < enough) continue;
            std::sort(list.begin(), list.end(), [](auto const* a, auto const* b) { return a->live < b->live; });
            merge_job job{c->collection->id, {}};
            std::size_t rows = 0;
            for (auto const* s : list) {
                if (rows + s->live > segment::max_rows) break;
                rows += s->live;
                job.inputs.push_back(*s);
            }
            if (job.inputs.size() >= 2) return job;
        }
    }
    return std::nullopt;
}

index_writer::merged index_writer::merge(merge_job const& job) const {
    segment_builder builder(limits_.segments);
    for (auto const& s : job.inputs) {
        auto rows = row_set::all(s.data->rows());
        if (s.dead) rows -= *s.dead;
        builder.add(*s.data, rows);
    }
    merged out;
    if (builder.rows() != 0) out.data = builder.build(&out.places);
    return out;
}

// Puts the merged segment in the place of its inputs. Rows that died meanwhile die in it too.
void index_writer::replace(merge_job const& job, merged by) {
    batch b(*state());
    new_classes_ = b.next.classes;
    auto* c = b.edit(job.collection);
    if (!c) return;
    std::shared_ptr<row_set> dead;
    std::size_t added = 0;
    for (auto const& input : job.inputs) {
        auto const found =
            std::find_if(c->segments.begin(), c->segments.end(), [&](auto const& s) { return s.data == input.data; });
        auto rows = row_set::all(input.data->rows());
        if (input.dead) rows -= *input.dead;
        // A segment that is gone by now has lost all its rows, one after the other.
        bool const gone = found == c->segments.end();
        rows.each([&](std::size_t row) {
            auto const place = by.places[added++];
            if (!gone && !(found->dead && found->dead->has(row))) return;
            if (!dead) dead = std::make_shared<row_set>(by.data->rows());
            dead->add(place);
        });
        if (!gone) c->segments.erase(found);
    }
    if (by.data && (!dead || dead->count() < by.data->rows()))
        c->segments.push_back(ref_of(*c, std::move(by.data), std::move(dead)));
    b.next.classes = new_classes_;
    publish(b, 0);
}

void index_writer::schedule_merges(std::unique_lock<std::mutex>& lock) {
    if (merging_) return;
    if (!pool_) {
        while (auto const job = find_merge()) replace(*job, merge(*job));
        return;
    }
    if (!find_merge() || !pool_->admit()) return;
    merging_ = true;
    lock.unlock();
    asio::post(pool_->native(), [self = shared_from_this(), pool = pool_] {
        self->run_merges();
        pool->leave();
    });
}

void index_writer::run_merges() {
    while (true) {
        std::optional<merge_job> job;
        {
            std::lock_guard const lock(writing_);
            job = find_merge();
            if (!job) {
                merging_ = false;
                settled_.notify_all();
                return;
            }
        }
        auto made = merge(*job);
        std::lock_guard const lock(writing_);
        replace(*job, std::move(made));
    }
}

void index_writer::settle() {
    std::unique_lock lock(writing_);
    settled_.wait(lock, [this] { return !merging_; });
}

}  // namespace fjord::stac
