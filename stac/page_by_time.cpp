#include "stac/page_order.hpp"

#include <algorithm>
#include <optional>

namespace fjord::stac {
namespace {

// Walks the matched rows of one source in page order.
class row_walk {
public:
    virtual ~row_walk() = default;
    virtual bool done() const = 0;
    virtual void step() = 0;
    virtual instant time() const = 0;
    virtual collection_id const& collection() const = 0;
    virtual std::string const& id() = 0;
    virtual page_row take() = 0;
    bool beyond = false;
};

// Rows of a segment. They lie newest first, and by id within one time; `ascending` walks the times the other way round, still
// by id within one time; `backwards` walks either from its end.
class segment_walk final : public row_walk {
public:
    segment_walk(matched_rows const& m, bool ascending, bool backwards, std::optional<sort_key> const& from)
        : m_(m), data_(*m.of->data), ascending_(ascending), backwards_(backwards) {
        if (from) {
            place_after(*from);
        } else if (!ascending_) {
            row_ = backwards_ ? m_.rows.previous(data_.rows()) : m_.rows.next(0);
        } else {
            row_ = backwards_ ? older_run(0) : newer_run(data_.rows());
        }
    }
    bool done() const override { return row_ >= data_.rows(); }
    void step() override {
        known_id_.reset();
        if (!ascending_) {
            row_ = backwards_ ? m_.rows.previous(row_) : m_.rows.next(row_ + 1);
            return;
        }
        auto const t = data_.sort_time(row_);
        if (backwards_) {
            auto const p = m_.rows.previous(row_);
            row_ = p < data_.rows() && data_.sort_time(p) == t ? p : older_run(run_end(t));
        } else {
            auto const n = m_.rows.next(row_ + 1);
            row_ = n < data_.rows() && data_.sort_time(n) == t ? n : newer_run(run_begin(t));
        }
    }
    instant time() const override { return data_.sort_time(row_); }
    collection_id const& collection() const override { return m_.in->collection->id; }
    std::string const& id() override {
        if (!known_id_) known_id_ = data_.ids().of_row(row_);
        return *known_id_;
    }
    page_row take() override {
        return {.key = {{time()}, collection(), item_id(id())},
                .item = nullptr,
                .from = &m_,
                .row = static_cast<std::uint32_t>(row_),
                .stamp = data_.stamp(row_)};
    }

private:
    std::size_t run_begin(instant t) const { return data_.first_at_or_before(t); }
    std::size_t run_end(instant t) const { return t == open_start ? data_.rows() : data_.first_at_or_before(t - 1); }
    // The first matched row of the last run of equal times that has one before `end`.
    std::size_t newer_run(std::size_t end) const {
        auto const last = m_.rows.previous(end);
        return last >= data_.rows() ? last : m_.rows.next(run_begin(data_.sort_time(last)));
    }
    // The last matched row of the first run that has one from `begin` on.
    std::size_t older_run(std::size_t begin) const {
        auto const first = m_.rows.next(begin);
        return first >= data_.rows() ? first : m_.rows.previous(run_end(data_.sort_time(first)));
    }

    void place_after(sort_key const& from) {
        auto const n = data_.rows();
        auto const* time = from.values.empty() ? nullptr : std::get_if<instant>(&from.values[0]);
        auto const t = time ? *time : 0;
        auto const begin = run_begin(t), end = run_end(t);
        // Rows of the run before `at` come before the cursor; `after` is past the row that is the cursor itself.
        auto at = begin, after = begin;
        if (auto const o = collection() <=> from.collection; o < 0) {
            at = after = end;
        } else if (o == 0) {
            auto const wanted = data_.ids().find_place(from.id.str());
            std::size_t low = begin, high = end;
            while (low < high) {
                auto const middle = (low + high) / 2;
                if (data_.ids().compare(middle, wanted) < 0)
                    low = middle + 1;
                else
                    high = middle;
            }
            at = after = low;
            if (at < end && data_.ids().compare(at, wanted) == 0) ++after;
        }
        auto const& rows = m_.rows;
        if (!ascending_) {
            row_ = backwards_ ? rows.previous(at) : rows.next(after);
            beyond = backwards_ ? rows.next(at) < n : rows.next(0) < after;
        } else if (backwards_) {
            auto const p = rows.previous(at);
            row_ = p < n && p >= begin ? p : older_run(end);
            beyond = rows.next(0) < begin || rows.next(at) < end;
        } else {
            auto const p = rows.next(after);
            row_ = p < end ? p : newer_run(begin);
            beyond = rows.next(end) < n || rows.next(begin) < after;
        }
    }

    matched_rows const& m_;
    segment const& data_;
    bool ascending_, backwards_;
    std::size_t row_ = 0;
    std::optional<std::string> known_id_;
};

class tail_walk final : public row_walk {
public:
    tail_walk(search_query const& q, std::vector<matched_tail> rows, std::vector<sort_field> const& sort)
        : rows_(std::move(rows)) {
        auto const key = [](matched_tail const& m) {
            return sort_key{{m.row->item->sort_time}, m.row->item->collection, m.row->item->id};
        };
        std::sort(rows_.begin(), rows_.end(), [&](auto const& a, auto const& b) {
            auto const o = order_of(key(a), key(b), sort);
            return q.backwards ? o > 0 : o < 0;
        });
        if (!q.from) return;
        auto const on_this_side = [&](matched_tail const& m) {
            auto const o = order_of(key(m), *q.from, sort);
            return q.backwards ? o < 0 : o > 0;
        };
        auto const first = std::find_if(rows_.begin(), rows_.end(), on_this_side);
        beyond = first != rows_.begin();
        at_ = static_cast<std::size_t>(first - rows_.begin());
    }
    bool done() const override { return at_ == rows_.size(); }
    void step() override { ++at_; }
    instant time() const override { return item().sort_time; }
    collection_id const& collection() const override { return item().collection; }
    std::string const& id() override { return item().id.str(); }
    page_row take() override { return {.key = {{time()}, collection(), item().id}, .item = rows_[at_].row->item}; }

private:
    indexed_item const& item() const { return *rows_[at_].row->item; }
    std::vector<matched_tail> rows_;
    std::size_t at_ = 0;
};

}  // namespace

bool is_by_time(search_query const& q) noexcept { return q.sort.empty() || (q.sort.size() == 1 && q.sort[0].name == "datetime"); }

page_rows page_by_time(search_query const& q, std::vector<matched_rows> const& segments, std::vector<matched_tail> const& tail) {
    bool const ascending = !q.sort.empty() && !q.sort[0].descending;
    page_rows page;
    std::vector<std::unique_ptr<row_walk>> walks;
    auto const add = [&](std::unique_ptr<row_walk> w) {
        page.beyond = page.beyond || w->beyond;
        if (!w->done()) walks.push_back(std::move(w));
    };
    for (auto const& m : segments) add(std::make_unique<segment_walk>(m, ascending, q.backwards, q.from));
    if (!tail.empty()) add(std::make_unique<tail_walk>(q, tail, q.sort));
    // The heap's top is the walk whose row comes next.
    auto const later = [&](auto const& a, auto const& b) {
        if (a->time() != b->time()) return (a->time() > b->time()) == (ascending != q.backwards);
        auto const c = a->collection() <=> b->collection();
        bool const greater = c != 0 ? c > 0 : a->id() > b->id();
        return greater != q.backwards;
    };
    std::make_heap(walks.begin(), walks.end(), later);
    while (!walks.empty() && page.rows.size() < q.limit) {
        std::pop_heap(walks.begin(), walks.end(), later);
        auto& next = *walks.back();
        page.rows.push_back(next.take());
        next.step();
        if (next.done())
            walks.pop_back();
        else
            std::push_heap(walks.begin(), walks.end(), later);
    }
    page.more = !walks.empty();
    if (q.backwards) std::reverse(page.rows.begin(), page.rows.end());
    return page;
}

}  // namespace fjord::stac
