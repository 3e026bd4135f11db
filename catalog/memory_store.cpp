#include "catalog/batch_check.hpp"
#include "catalog/log_codec.hpp"
#include "catalog/store.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

namespace fjord::catalog {
namespace {

// Rows with the revisions that open views may still want. Guarded by `mutex`.
struct memory_state {
    struct revision {
        std::uint64_t version;
        std::optional<std::string> value;  // nullopt: deleted
    };
    using row_map = std::map<std::string, std::vector<revision>, std::less<>>;

    mutable std::shared_mutex mutex;
    row_map rows;
    std::map<sequence, log_entry> log;
    std::multiset<std::uint64_t> open_views;
    std::uint64_t version = 0;  // grows by one per batch
    sequence last = 0;

    static std::optional<std::string> const* at(std::vector<revision> const& row, std::uint64_t version) {
        auto newer = [version](revision const& r) { return r.version > version; };
        auto end = std::find_if(row.begin(), row.end(), newer);
        return end == row.begin() ? nullptr : &std::prev(end)->value;
    }

    std::optional<std::string> get(std::string_view key, std::uint64_t at_version) const {
        auto row = rows.find(key);
        if (row == rows.end()) return std::nullopt;
        auto value = at(row->second, at_version);
        return value ? *value : std::nullopt;
    }

    void set(std::string const& key, std::optional<std::string> value) {
        auto& row = rows[key];
        row.push_back({version, std::move(value)});
        // Of the revisions no view is older than, only the newest can still be seen.
        auto oldest_view = open_views.empty() ? version : std::min(version, *open_views.begin());
        auto visible = std::find_if(row.rbegin(), row.rend(), [&](revision const& r) { return r.version <= oldest_view; });
        if (visible != row.rend()) row.erase(row.begin(), std::prev(visible.base()));
        if (row.size() == 1 && !row.front().value) rows.erase(key);
    }
};

class memory_view final : public store_view {
public:
    explicit memory_view(std::shared_ptr<memory_state> state) : state_(std::move(state)) {
        std::lock_guard lock(state_->mutex);
        version_ = state_->version;
        at_ = state_->last;
        state_->open_views.insert(version_);
    }
    ~memory_view() override {
        std::lock_guard lock(state_->mutex);
        state_->open_views.erase(state_->open_views.find(version_));
    }
    result<std::optional<std::string>> get(std::string_view key) const override {
        std::shared_lock lock(state_->mutex);
        return state_->get(key, version_);
    }
    result<void> scan(std::string_view first, std::string_view last,
                      std::function<bool(std::string_view, std::string_view)> const& visit) const override {
        // The lock is not held during a visit: the visitor may use the store.
        for (std::string from(first);;) {
            auto page = read_page(from, last);
            for (auto const& [key, value] : page)
                if (!visit(key, value)) return {};
            if (page.size() < page_size) return {};
            from = page.back().first + '\0';
        }
    }
    sequence at() const noexcept override { return at_; }

private:
    static constexpr std::size_t page_size = 128;

    std::vector<std::pair<std::string, std::string>> read_page(std::string const& first, std::string_view last) const {
        std::shared_lock lock(state_->mutex);
        std::vector<std::pair<std::string, std::string>> page;
        for (auto row = state_->rows.lower_bound(first); row != state_->rows.end() && page.size() < page_size; ++row) {
            if (!last.empty() && row->first >= last) break;
            auto value = memory_state::at(row->second, version_);
            if (value && *value) page.emplace_back(row->first, **value);
        }
        return page;
    }

    std::shared_ptr<memory_state> state_;
    std::uint64_t version_ = 0;
    sequence at_ = 0;
};

// Under the writer's lock.
class newest_state final : public state_reader {
public:
    explicit newest_state(memory_state const& state) : state_(state) {}
    result<std::optional<std::string>> get(std::string_view key) const override { return state_.get(key, state_.version); }
    result<void> scan_keys(key_range const& range, std::function<bool(std::string_view)> const& visit) const override {
        for (auto row = state_.rows.lower_bound(range.first); row != state_.rows.end(); ++row) {
            if (!range.last.empty() && row->first >= range.last) break;
            auto value = memory_state::at(row->second, state_.version);
            if (value && *value && !visit(row->first)) break;
        }
        return {};
    }

private:
    memory_state const& state_;
};

class memory_store final : public store {
public:
    explicit memory_store(clock& time) : time_(time) {}

    std::unique_ptr<store_view> view() const override { return std::make_unique<memory_view>(state_); }

    result<std::optional<std::string>> get(std::string_view key) const override {
        std::shared_lock lock(state_->mutex);
        return state_->get(key, state_->version);
    }

    result<sequence> apply(write_batch batch) override {
        std::lock_guard lock(state_->mutex);
        auto& s = *state_;
        if (auto ok = prepare_batch(batch, newest_state(s)); !ok) return ok.error();
        ++s.version;
        for (auto const& key : batch.deletes) s.set(key, std::nullopt);
        for (auto& put : batch.puts) s.set(put.key, std::move(put.value));
        for (auto& entry : batch.log) {
            entry.seq = ++s.last;
            if (entry.time == wall_time{}) entry.time = time_.now();
            s.log.emplace(entry.seq, std::move(entry));
        }
        return s.last;
    }

    sequence last_sequence() const noexcept override {
        std::shared_lock lock(state_->mutex);
        return state_->last;
    }

    result<std::vector<log_entry>> read_log(sequence since, std::size_t max) const override {
        std::shared_lock lock(state_->mutex);
        auto const& s = *state_;
        if (since > s.last) return log_ends_before(since, s.last);
        auto entry = s.log.upper_bound(since);
        if (entry != s.log.end() && entry->first != since + 1) return log_was_pruned(since, entry->first);
        std::vector<log_entry> page;
        for (; entry != s.log.end() && page.size() < max; ++entry) page.push_back(entry->second);
        return page;
    }

    result<void> prune_log(sequence before) override {
        std::lock_guard lock(state_->mutex);
        auto& s = *state_;
        s.log.erase(s.log.begin(), s.log.lower_bound(std::min(before, s.last)));
        return {};
    }

private:
    std::shared_ptr<memory_state> state_ = std::make_shared<memory_state>();
    clock& time_;
};

}  // namespace

std::unique_ptr<store> make_memory_store(clock& time) { return std::make_unique<memory_store>(time); }

}  // namespace fjord::catalog
