#include "catalog/rocksdb_store.hpp"

#include "base/log.hpp"
#include "catalog/batch_check.hpp"
#include "catalog/commit_queue.hpp"
#include "catalog/log_codec.hpp"
#include "catalog/rocksdb_open.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <unordered_map>

namespace fjord::catalog {
namespace {

logger const log_("catalog");

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of(rocksdb::Slice const& s) { return {s.data(), s.size()}; }

result<std::optional<std::string>> read(rocksdb_handles const& db, rocksdb::ReadOptions const& options, std::string_view key) {
    std::string value;
    auto status = db.get().Get(options, db.state(), slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok()) return from_status(status, "reading the catalog");
    return std::optional<std::string>(std::move(value));
}

result<void> scan(rocksdb_handles const& db, rocksdb::ReadOptions options, std::string_view first, std::string_view last,
                  std::function<bool(std::string_view, std::string_view)> const& visit) {
    auto end = slice(last);
    if (!last.empty()) options.iterate_upper_bound = &end;
    std::unique_ptr<rocksdb::Iterator> rows(db.get().NewIterator(options, db.state()));
    for (rows->Seek(slice(first)); rows->Valid(); rows->Next())
        if (!visit(view_of(rows->key()), view_of(rows->value()))) return {};
    if (!rows->status().ok()) return from_status(rows->status(), "reading the catalog");
    return {};
}

// The newest sequence in the log as `options` see it; 0 for an empty log.
result<sequence> newest_sequence(rocksdb_handles const& db, rocksdb::ReadOptions const& options) {
    std::unique_ptr<rocksdb::Iterator> entries(db.get().NewIterator(options, db.log()));
    entries->SeekToLast();
    if (entries->Valid()) return decode_log_key(view_of(entries->key()));
    if (!entries->status().ok()) return from_status(entries->status(), "reading the catalog's log");
    return sequence{0};
}

class rocksdb_view final : public store_view {
public:
    explicit rocksdb_view(rocksdb_handles const& db) : db_(db), snapshot_(&db.get()) { options_.snapshot = snapshot_.snapshot(); }

    result<std::optional<std::string>> get(std::string_view key) const override { return read(db_, options_, key); }
    result<void> scan(std::string_view first, std::string_view last,
                      std::function<bool(std::string_view, std::string_view)> const& visit) const override {
        return catalog::scan(db_, options_, first, last, visit);
    }
    sequence at() const noexcept override {
        auto seq = newest_sequence(db_, options_);
        return seq ? *seq : 0;
    }

private:
    rocksdb_handles const& db_;
    rocksdb::ManagedSnapshot snapshot_;
    rocksdb::ReadOptions options_;
};

// The batches of one group, accepted so far and not yet written, over what is on disk. Owned by the writing thread.
class open_group final : public state_reader {
public:
    open_group(rocksdb_handles const& db, sequence last, wall_time now) : db_(db), next_(last), now_(now) {}

    result<std::optional<std::string>> get(std::string_view key) const override {
        auto mine = changed_.find(std::string(key));
        if (mine != changed_.end()) return mine->second;
        return read(db_, {}, key);
    }
    // Sees the disk only: a batch with ranges starts a group of its own (see needs_whole_state).
    result<void> scan_keys(key_range const& range, std::function<bool(std::string_view)> const& visit) const override {
        auto keys_only = [&visit](std::string_view key, std::string_view) { return visit(key); };
        return scan(db_, {}, range.first, range.last, keys_only);
    }

    // Takes a batch whose preconditions held; answers its sequence.
    sequence add(write_batch& batch) {
        for (auto& key : batch.deletes) {
            writes_.Delete(db_.state(), slice(key));
            changed_[std::move(key)] = std::nullopt;
        }
        for (auto& put : batch.puts) {
            writes_.Put(db_.state(), slice(put.key), slice(put.value));
            changed_[std::move(put.key)] = std::move(put.value);
        }
        for (auto& entry : batch.log) {
            if (entry.time == wall_time{}) entry.time = now_;
            writes_.Put(db_.log(), slice(encode_log_key(++next_)), slice(encode_log_value(entry)));
        }
        return next_;
    }

    // One write, one sync. Readers see nothing of it before it is on disk.
    rocksdb::Status write() {
        rocksdb::WriteOptions options;
        options.sync = true;
        auto status = writes_.Count() == 0 ? rocksdb::Status::OK() : db_.get().Write(options, &writes_);
        writes_.Clear();
        changed_.clear();
        return status;
    }

    sequence last() const { return next_; }

private:
    rocksdb_handles const& db_;
    sequence next_;
    wall_time now_;
    rocksdb::WriteBatch writes_;
    std::unordered_map<std::string, std::optional<std::string>> changed_;
};

bool needs_whole_state(write_batch const& batch) { return !batch.empty_ranges.empty() || !batch.delete_ranges.empty(); }

class rocksdb_store final : public store {
public:
    rocksdb_store(std::unique_ptr<rocksdb_handles> db, clock& time, sequence last)
        : db_(std::move(db)), time_(time), last_(last), queue_([this](auto const& jobs) { write_group(jobs); }) {}

    std::unique_ptr<store_view> view() const override { return std::make_unique<rocksdb_view>(*db_); }
    result<std::optional<std::string>> get(std::string_view key) const override { return read(*db_, {}, key); }
    result<std::vector<std::optional<std::string>>> get_many(std::span<std::string const> keys) const override;
    result<sequence> apply(write_batch batch) override { return queue_.submit(std::move(batch)); }
    sequence last_sequence() const noexcept override { return last_.load(std::memory_order_acquire); }
    result<std::vector<log_entry>> read_log(sequence since, std::size_t max) const override;
    result<void> prune_log(sequence before) override;

private:
    using jobs = std::vector<commit_queue::job*>;

    void write_group(jobs const& group);
    void finish(open_group& open, jobs& accepted);

    std::unique_ptr<rocksdb_handles> db_;
    clock& time_;
    std::atomic<sequence> last_;    // written by the writing thread only
    std::optional<error> stopped_;  // writing thread only: why no more writes are taken
    commit_queue queue_;
};

result<std::vector<std::optional<std::string>>> rocksdb_store::get_many(std::span<std::string const> keys) const {
    // In key order neighbours share blocks.
    std::vector<std::size_t> order(keys.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
    std::vector<rocksdb::Slice> wanted;
    for (auto const i : order) wanted.push_back(slice(keys[i]));
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->get().MultiGet({}, db_->state(), wanted.size(), wanted.data(), found.data(), statuses.data(), true);
    std::vector<std::optional<std::string>> values(keys.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (statuses[i].IsNotFound()) continue;
        if (!statuses[i].ok()) return from_status(statuses[i], "reading the catalog");
        values[order[i]] = found[i].ToString();
    }
    return values;
}

void rocksdb_store::write_group(jobs const& group) {
    open_group open(*db_, last_.load(std::memory_order_relaxed), time_.now());
    jobs accepted;
    for (auto* job : group) {
        if (needs_whole_state(job->batch)) finish(open, accepted);
        if (stopped_) {
            job->outcome = *stopped_;
            continue;
        }
        auto ok = prepare_batch(job->batch, open);
        if (!ok) {
            job->outcome = ok.error();
            continue;
        }
        job->outcome = open.add(job->batch);
        accepted.push_back(job);
    }
    finish(open, accepted);
}

void rocksdb_store::finish(open_group& open, jobs& accepted) {
    if (auto status = open.write(); status.ok()) {
        last_.store(open.last(), std::memory_order_release);
    } else {
        // The failed group may be on disk in part; recovery decides. Going on before that could number two entries alike.
        auto why = from_status(status, "writing the catalog");
        log_.error("the store takes no further writes until it is opened again", {{"reason", why.detail}});
        for (auto* job : accepted) job->outcome = why;
        stopped_ = fail(errc::unavailable,
                        "the catalog takes no writes since one failed (" + why.detail + "); put the disk right and restart");
    }
    accepted.clear();
}

result<std::vector<log_entry>> rocksdb_store::read_log(sequence since, std::size_t max) const {
    std::unique_ptr<rocksdb::Iterator> entries(db_->get().NewIterator({}, db_->log()));
    std::vector<log_entry> page;
    for (entries->Seek(slice(encode_log_key(since + 1))); entries->Valid() && page.size() < max; entries->Next()) {
        auto seq = decode_log_key(view_of(entries->key()));
        if (!seq) return seq.error();
        if (page.empty() && *seq != since + 1) return log_was_pruned(since, *seq);
        auto entry = decode_log_value(*seq, view_of(entries->value()));
        if (!entry) return entry.error();
        page.push_back(std::move(*entry));
    }
    if (!entries->status().ok()) return from_status(entries->status(), "reading the catalog's log");
    if (!page.empty() || max == 0) return page;
    // Nothing newer: `since` is the end of the log, or a position this log never had. Asked of the same
    // iterator, which is one consistent view.
    entries->SeekToLast();
    auto newest = entries->Valid() ? decode_log_key(view_of(entries->key())) : result<sequence>(sequence{0});
    if (!newest) return newest.error();
    if (since > *newest) return log_ends_before(since, *newest);
    return page;
}

result<void> rocksdb_store::prune_log(sequence before) {
    before = std::min(before, last_sequence());
    rocksdb::WriteOptions options;
    options.sync = true;
    auto status = db_->get().DeleteRange(options, db_->log(), encode_log_key(0), encode_log_key(before));
    if (!status.ok()) return from_status(status, "pruning the catalog's log");
    return {};
}

}  // namespace

result<std::unique_ptr<store>> open_rocksdb_store(std::string const& directory, clock& time, rocksdb::Env* env) {
    auto db = open_rocksdb(directory, env);
    if (!db) return db.error();
    auto last = newest_sequence(**db, {});
    if (!last) return last.error();
    return std::unique_ptr<store>(std::make_unique<rocksdb_store>(std::move(*db), time, *last));
}

result<std::unique_ptr<store>> open_rocksdb_store(std::string const& directory, clock& time) {
    return open_rocksdb_store(directory, time, nullptr);
}

}  // namespace fjord::catalog
