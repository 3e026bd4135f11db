#include "stac/field_order.hpp"

#include "stac/json_scan.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

// Instants as unsigned numbers of the same order, below `null`.
std::uint64_t shifted(instant t) noexcept { return static_cast<std::uint64_t>(t) ^ (std::uint64_t{1} << 63); }

bool is_sortable(std::string_view json) {
    auto const kind = kind_of(json);
    return kind == json_kind::number || kind == json_kind::string || kind == json_kind::boolean;
}

}  // namespace

field_order::field_order(segment const& s, collection_id const& collection, sort_field const& field)
    : segment_(s), descending_(field.descending) {
    if (field.name == "datetime") {
        by_ = by::time;
    } else if (field.name == "id") {
        by_ = by::id;
        table_.resize(s.rows());
        for (std::size_t rank = 0; rank < s.rows(); ++rank) table_[s.ids().row(rank)] = rank;
    } else if (field.name == "collection") {
        constant_ = collection.str();
    } else if ((column_ = s.find_column(field.name)) == nullptr) {
        known_ = s.names_all();
    } else if (column_->type != column::kind::values) {
        by_ = by::scale;
        auto const& codes = column_->codes;
        for (std::size_t row = 0; row < s.rows() && known_; ++row) known_ = codes[row] != column::opaque;
    } else {
        by_ = by::table;
        known_ = !column_->ranges && column_->ordered;
        auto const& codes = column_->codes;
        for (std::size_t row = 0; row < s.rows() && known_; ++row) known_ = codes[row] != column::opaque;
        if (!known_) return;
        table_.assign(column_->entries + column::first, null);
        std::uint64_t next = 0;
        for (std::uint32_t e = 0; e < column_->entries; ++e) {
            if (!is_sortable(column_->low(e))) continue;
            // The same instant in two spellings is one place.
            bool const repeats = e > 0 && kind_of(column_->low(e)) == json_kind::string &&
                                 kind_of(column_->low(e - 1)) == json_kind::string &&
                                 sort_value_of(column_->low(e)) == sort_value_of(column_->low(e - 1));
            if (!repeats && e > 0) ++next;
            table_[e + column::first] = next;
            sortable_ = e + 1;
        }
    }
}

std::uint64_t field_order::upwards(std::size_t row) const noexcept {
    switch (by_) {
        case by::nothing:
            return std::holds_alternative<std::monostate>(constant_) ? null : 0;
        case by::time:
            return shifted(segment_.sort_time(row));
        case by::id:
            return table_[row];
        case by::scale: {
            auto const code = column_->codes[row];
            return code == column::absent ? null : code;
        }
        default:
            return table_[column_->codes[row]];
    }
}

sort_value field_order::value(std::size_t row) const {
    switch (by_) {
        case by::nothing:
            return constant_;
        case by::time:
            return segment_.sort_time(row);
        case by::id:
            return segment_.ids().of_row(row);
        default:
            break;
    }
    auto const code = column_->codes[row];
    if (code == column::absent) return std::monostate{};
    if (column_->type == column::kind::numbers) return column_->number(code);
    if (column_->type == column::kind::times) return column_->time(code);
    return sort_value_of(column_->low(column::entry(code)));
}

field_order::place field_order::place_of(sort_value const& v) const {
    if (std::holds_alternative<std::monostate>(v)) return {null, true};
    // The first number in [low, high) whose value is not less.
    auto const search = [&](std::uint64_t low, std::uint64_t high, auto value_at) {
        auto const end = high;
        while (low < high) {
            auto const middle = low + (high - low) / 2;
            if (stac::compare(value_at(middle), v) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        return place{low, low < end && stac::compare(value_at(low), v) == 0};
    };
    switch (by_) {
        case by::nothing:
            return search(0, std::holds_alternative<std::monostate>(constant_) ? 0 : 1, [&](auto) { return constant_; });
        case by::time:
            if (auto const* t = std::get_if<instant>(&v)) return {shifted(*t), true};
            return {std::holds_alternative<double>(v) ? 0 : null - 1, false};
        case by::id: {
            auto const* id = std::get_if<std::string>(&v);
            if (!id) return {std::holds_alternative<bool>(v) ? null - 1 : 0, false};
            auto const at = segment_.ids().find_place(*id);
            return {at.rank, at.exact};
        }
        case by::scale:
            return search(column::first, column_->most + 1, [&](std::uint64_t code) -> sort_value {
                if (column_->type == column::kind::numbers) return column_->number(code);
                return column_->time(code);
            });
        default:
            break;
    }
    auto const e =
        search(0, sortable_, [&](std::uint64_t i) { return sort_value_of(column_->low(static_cast<std::uint32_t>(i))); });
    if (e.at == sortable_) return {null - 1, false};
    return {table_[e.at + column::first], e.equal};
}

std::strong_ordering field_order::compare(std::size_t row, place const& p) const noexcept {
    auto const n = upwards(row);
    if (n == null || p.at == null) return (n == null) <=> (p.at == null);
    if (n == p.at && p.equal) return std::strong_ordering::equal;
    bool const before = n < p.at;
    return before != descending_ ? std::strong_ordering::less : std::strong_ordering::greater;
}

}  // namespace fjord::stac
