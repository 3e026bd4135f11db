#pragma once
// Typed reads of rows: one, or a range. Private to the folder; any thread.
#include "catalog/keys.hpp"
#include "catalog/records_json.hpp"

namespace fjord::catalog {

// Decodes one row into a record whose key fields are set. `source` is a store or a view. errc::not_found with `what`.
template <class Source, class Record>
result<Record> read_row(Source const& source, std::string const& key, Record record, std::string_view what) {
    auto stored = source.get(key);
    if (!stored) return stored.error();
    if (!*stored) return fail(errc::not_found, "there is no " + std::string(what));
    if (auto ok = decode(**stored, record); !ok) return ok.error();
    return record;
}

// Decodes a range, row by row, until visit returns false. `start` makes a record from the segments of its key.
// errc::corrupt for keys that are not of table `t` with `segments` segments.
template <class Start, class Visit>
result<void> read_rows(store_view const& view, key_range const& range, keys::table t, std::size_t segments, Start start,
                       Visit visit) {
    std::optional<error> broken;
    auto take = [&](std::string_view key, std::string_view value) {
        auto parts = keys::split_as(t, segments, key);
        if (!parts) {
            broken = parts.error();
            return false;
        }
        auto record = start(*parts);
        if (auto ok = decode(value, record); !ok) {
            broken = ok.error();
            return false;
        }
        return visit(std::move(record));
    };
    if (auto ok = view.scan(range.first, range.last, take); !ok) return ok.error();
    if (broken) return *broken;
    return {};
}

// The same, as a list of at most `max`.
template <class Start>
auto list_rows(store_view const& view, key_range const& range, keys::table t, std::size_t segments, Start start,
               std::size_t max = SIZE_MAX) -> result<std::vector<std::invoke_result_t<Start&, keys::parts const&>>> {
    std::vector<std::invoke_result_t<Start&, keys::parts const&>> list;
    if (max == 0) return list;
    auto keep = [&](auto&& record) {
        list.push_back(std::move(record));
        return list.size() < max;
    };
    if (auto ok = read_rows(view, range, t, segments, start, keep); !ok) return ok.error();
    return list;
}

}  // namespace fjord::catalog
