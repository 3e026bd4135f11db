#include "stac/page_order.hpp"

#include "stac/field_order.hpp"

#include <algorithm>
#include <span>

namespace fjord::stac {
namespace {

constexpr std::size_t documents_at_once = 512;

// Keeps the rows that come first; with `backwards`, those that come last.
class best_rows {
    auto before() const {
        return [this](page_row const& a, page_row const& b) {
            auto const o = order_of(a.key, b.key, query_.sort);
            return query_.backwards ? o > 0 : o < 0;
        };
    }

public:
    explicit best_rows(search_query const& q) : query_(q), room_(q.limit + 1) {}

    bool full() const noexcept { return heap_.size() == room_; }
    sort_key const& worst() const noexcept { return heap_.front().key; }
    std::size_t room() const noexcept { return room_; }
    bool beyond = false;

    // A row anywhere; rows on the other side of the cursor are noted and left out.
    void offer(page_row row) {
        if (query_.from) {
            auto const o = order_of(row.key, *query_.from, query_.sort);
            if (query_.backwards ? o >= 0 : o <= 0) {
                beyond = true;
                return;
            }
        }
        heap_.push_back(std::move(row));
        std::push_heap(heap_.begin(), heap_.end(), before());
        if (heap_.size() <= room_) return;
        std::pop_heap(heap_.begin(), heap_.end(), before());
        heap_.pop_back();
    }

    page_rows finish() {
        std::sort_heap(heap_.begin(), heap_.end(), before());
        page_rows page;
        page.beyond = beyond;
        page.more = heap_.size() > query_.limit;
        if (page.more) heap_.pop_back();
        if (query_.backwards) std::reverse(heap_.begin(), heap_.end());
        page.rows = std::move(heap_);
        return page;
    }

private:
    search_query const& query_;
    std::size_t room_;
    std::vector<page_row> heap_;  // the top is the row to give up first
};

// The best rows of one segment, by numbers instead of values.
class segment_order {
public:
    segment_order(search_query const& q, matched_rows const& m) : query_(q), m_(m), data_(*m.of->data) {
        for (auto const& f : q.sort) fields_.emplace_back(data_, m.in->collection->id, f);
    }
    bool known() const {
        return std::all_of(fields_.begin(), fields_.end(), [](field_order const& f) { return f.known(); });
    }

    void offer_best(best_rows& to) {
        if (query_.from) place_cursor(*query_.from);
        std::optional<field_order::place> worst;
        if (to.full()) worst = fields_[0].place_of(to.worst().values[0]);
        std::vector<candidate> heap;
        auto const before = [this](candidate const& a, candidate const& b) { return comes_before(a, b); };
        m_.rows.each([&](std::size_t row) {
            if (query_.from && !after_cursor(row)) {
                to.beyond = true;
                return;
            }
            if (worst) {
                auto const o = fields_[0].compare(row, *worst);
                if (query_.backwards ? o < 0 : o > 0) return;
            }
            candidate const c{fields_[0].key(row), static_cast<std::uint32_t>(row)};
            if (heap.size() == to.room()) {
                if (!comes_before(c, heap.front())) return;
                std::pop_heap(heap.begin(), heap.end(), before);
                heap.back() = c;
            } else {
                heap.push_back(c);
            }
            std::push_heap(heap.begin(), heap.end(), before);
        });
        for (auto const& c : heap) {
            sort_key key{{}, m_.in->collection->id, item_id(data_.ids().of_row(c.row))};
            for (auto const& f : fields_) key.values.push_back(f.value(c.row));
            to.offer({.key = std::move(key), .item = nullptr, .from = &m_, .row = c.row, .stamp = data_.stamp(c.row)});
        }
    }

private:
    struct candidate {
        std::uint64_t first;
        std::uint32_t row;
    };
    bool comes_before(candidate const& a, candidate const& b) const {
        if (a.first != b.first) return (a.first < b.first) != query_.backwards;
        for (std::size_t i = 1; i < fields_.size(); ++i) {
            auto const x = fields_[i].key(a.row), y = fields_[i].key(b.row);
            if (x != y) return (x < y) != query_.backwards;
        }
        auto const o = data_.ids().compare_rows(a.row, b.row);
        return query_.backwards ? o > 0 : o < 0;
    }

    void place_cursor(sort_key const& from) {
        for (std::size_t i = 0; i < fields_.size(); ++i)
            places_.push_back(fields_[i].place_of(i < from.values.size() ? from.values[i] : sort_value{}));
        id_place_ = data_.ids().find_place(from.id.str());
    }
    bool after_cursor(std::size_t row) const {
        auto o = std::strong_ordering::equal;
        for (std::size_t i = 0; i < fields_.size() && o == 0; ++i) o = fields_[i].compare(row, places_[i]);
        if (o == 0) o = m_.in->collection->id <=> query_.from->collection;
        if (o == 0) o = data_.ids().compare(row, id_place_);
        return query_.backwards ? o < 0 : o > 0;
    }

    search_query const& query_;
    matched_rows const& m_;
    segment const& data_;
    std::vector<field_order> fields_;
    std::vector<field_order::place> places_;
    id_list::place id_place_;
};

// Where columns do not tell: by the documents.
result<void> offer_by_documents(search_query const& q, matched_rows const& m, item_reader& reader, best_rows& to) {
    std::vector<wanted_item> wanted;
    std::vector<std::uint32_t> rows;
    auto const flush = [&]() -> result<void> {
        auto items = reader.read(wanted, false);
        if (!items) return items.error();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            auto const& item = (*items)[i];
            if (!item) continue;
            to.offer({.key = {sort_values(*item, q.sort), item->collection, item->id},
                      .item = nullptr,
                      .from = &m,
                      .row = rows[i],
                      .stamp = wanted[i].stamp});
        }
        wanted.clear();
        rows.clear();
        return {};
    };
    auto const& data = *m.of->data;
    for (auto row = m.rows.next(0); row < data.rows(); row = m.rows.next(row + 1)) {
        wanted.push_back({&m.in->collection->id, data.ids().of_row(row), data.stamp(row)});
        rows.push_back(static_cast<std::uint32_t>(row));
        if (wanted.size() < documents_at_once) continue;
        if (auto ok = flush(); !ok) return ok;
    }
    return flush();
}

}  // namespace

result<page_rows> page_by_fields(search_query const& q, std::vector<matched_rows> const& segments,
                                 std::vector<matched_tail> const& tail, item_reader& reader) {
    best_rows best(q);
    for (auto const& t : tail)
        best.offer({.key = {sort_values(*t.row->item, q.sort), t.row->item->collection, t.row->item->id}, .item = t.row->item});
    for (auto const& m : segments) {
        segment_order order(q, m);
        if (order.known()) {
            order.offer_best(best);
        } else if (auto ok = offer_by_documents(q, m, reader, best); !ok) {
            return ok.error();
        }
    }
    return best.finish();
}

}  // namespace fjord::stac
