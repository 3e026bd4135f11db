#include "catalog/batch_builder.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::catalog {

result<std::string const*> batch_builder::get(std::string const& key) {
    auto& row = rows_[key];
    if (!row.written && !row.read) {
        auto stored = view_.get(key);
        if (!stored) return stored.error();
        row.read.emplace(std::move(*stored));
    }
    auto const& value = row.written ? *row.written : *row.read;
    return value ? &*value : nullptr;
}

result<void> batch_builder::scan(key_range const& range,
                                 std::function<bool(std::string_view, std::string_view)> const& visit) const {
    std::map<std::string, std::string> found;
    auto take = [&found](std::string_view key, std::string_view value) {
        found.emplace(key, value);
        return true;
    };
    if (auto ok = view_.scan(range.first, range.last, take); !ok) return ok.error();
    for (auto row = rows_.lower_bound(range.first); row != rows_.end() && (range.last.empty() || row->first < range.last);
         ++row) {
        if (!row->second.written) continue;
        if (*row->second.written)
            found[row->first] = **row->second.written;
        else
            found.erase(row->first);
    }
    for (auto const& [key, value] : found)
        if (!visit(key, value)) break;
    return {};
}

void batch_builder::put(std::string key, std::string value) { rows_[std::move(key)].written.emplace(std::move(value)); }

void batch_builder::erase(std::string key) { rows_[std::move(key)].written.emplace(std::nullopt); }

void batch_builder::erase_range(key_range range) {
    for (auto row = rows_.lower_bound(range.first); row != rows_.end() && (range.last.empty() || row->first < range.last); ++row)
        row->second.written.emplace(std::nullopt);
    batch_.delete_ranges.push_back(std::move(range));
}

void batch_builder::require_empty(key_range range) { batch_.empty_ranges.push_back(std::move(range)); }

void batch_builder::log(std::string type, std::string subject, boost::json::object const& data) {
    batch_.log.push_back({0, now_, std::move(type), std::move(subject), boost::json::serialize(data)});
}

bool batch_builder::empty() const noexcept {
    if (!batch_.log.empty() || !batch_.delete_ranges.empty()) return false;
    for (auto const& [key, row] : rows_)
        if (row.written) return false;
    return true;
}

write_batch batch_builder::take() {
    for (auto& [key, row] : rows_) {
        if (row.read) batch_.preconditions.push_back({key, std::move(*row.read)});
        if (!row.written) continue;
        if (*row.written)
            batch_.puts.push_back({key, std::move(**row.written)});
        else
            batch_.deletes.push_back(key);
    }
    rows_.clear();
    return std::move(batch_);
}

}  // namespace fjord::catalog
