#include "catalog/batch_check.hpp"

#include "catalog/keys.hpp"

#include <algorithm>
#include <unordered_set>

namespace fjord::catalog {
namespace {

error conflict_at(std::string_view key) {
    return fail(errc::conflict, keys::describe(key) + " was changed by someone else meanwhile; read it again and retry");
}

bool inside(key_range const& range, std::string_view key) {
    return key >= range.first && (range.last.empty() || key < range.last);
}

result<void> check_keys(write_batch const& batch, state_reader const& state) {
    for (auto const& p : batch.preconditions) {
        auto now = state.get(p.key);
        if (!now) return now.error();
        if (*now != p.expected) return conflict_at(p.key);
    }
    return {};
}

result<void> write_out_delete_ranges(write_batch& batch, state_reader const& state) {
    for (auto const& range : batch.delete_ranges) {
        auto remove = [&batch](std::string_view key) {
            batch.deletes.emplace_back(key);
            return true;
        };
        if (auto ok = state.scan_keys(range, remove); !ok) return ok.error();
    }
    batch.delete_ranges.clear();
    return {};
}

result<void> check_empty_ranges(write_batch const& batch, state_reader const& state) {
    if (batch.empty_ranges.empty()) return {};
    std::unordered_set<std::string_view> gone(batch.deletes.begin(), batch.deletes.end());
    std::optional<std::string> left;
    for (auto const& range : batch.empty_ranges) {
        auto put_inside = [&range](write_batch::put_op const& put) { return inside(range, put.key); };
        auto put = std::find_if(batch.puts.begin(), batch.puts.end(), put_inside);
        if (put != batch.puts.end()) return conflict_at(put->key);
        auto find_survivor = [&gone, &left](std::string_view key) {
            if (!gone.contains(key)) left = key;
            return !left;
        };
        if (auto ok = state.scan_keys(range, find_survivor); !ok) return ok.error();
        if (left) return conflict_at(*left);
    }
    return {};
}

}  // namespace

result<void> prepare_batch(write_batch& batch, state_reader const& state) {
    if (auto ok = check_keys(batch, state); !ok) return ok.error();
    if (auto ok = write_out_delete_ranges(batch, state); !ok) return ok.error();
    return check_empty_ranges(batch, state);
}

}  // namespace fjord::catalog
