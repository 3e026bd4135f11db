#include "stac/index_search.hpp"

#include "stac/segment_builder.hpp"
#include "stac/segment_filter.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

constexpr std::size_t documents_at_once = 512;
constexpr std::size_t documents_kept = 2048;  // a search that reads more does not fill the cache with them
constexpr int page_tries = 64;

}  // namespace

index_search::index_search(state_ptr state, search_query const& query, visibility& v, item_reader& reader)
    : state_(std::move(state)), query_(query), visibility_(v), reader_(reader), plan_(query), test_(query) {}

// Nothing of the segment can match: outside the time, the space, or none of the ids.
bool index_search::passes_by(segment const& s) const {
    if (query_.datetime && !intersects(*query_.datetime, s.hull())) return true;
    if (!query_.ids.empty()) {
        auto const& hashes = plan_.id_hashes();
        if (std::none_of(hashes.begin(), hashes.end(), [&](auto h) { return s.ids().may_hold(h); })) return true;
    }
    if (query_.shapeless_match) return false;
    auto const apart = [&](region const* shape) {
        return shape && (s.extent().empty() || shape->to(s.extent().as_box()) == region::relation::outside);
    };
    return apart(plan_.bbox()) || apart(plan_.intersects());
}

// Asks the documents of rows that columns leave open.
result<void> index_search::settle(collection_state const& c, segment const& s, row_set& rows, row_set const& open) {
    std::vector<wanted_item> wanted;
    std::vector<std::size_t> places;
    auto const flush = [&]() -> result<void> {
        documents_read_ += wanted.size();
        auto const items = reader_.read(wanted, documents_read_ <= documents_kept);
        if (!items) return items.error();
        for (std::size_t i = 0; i < places.size(); ++i)
            if ((*items)[i] && test_.matches(*(*items)[i])) rows.add(places[i]);
        wanted.clear();
        places.clear();
        return {};
    };
    for (auto row = open.next(0); row < s.rows(); row = open.next(row + 1)) {
        wanted.push_back({&c.collection->id, s.ids().of_row(row), s.stamp(row)});
        places.push_back(row);
        if (wanted.size() < documents_at_once) continue;
        if (auto ok = flush(); !ok) return ok;
    }
    return wanted.empty() ? result<void>() : flush();
}

result<void> index_search::find_in(collection_state const& c) {
    for (auto const& ref : c.segments) {
        if (ref.live == 0 || passes_by(*ref.data)) continue;
        auto rows = visible_rows(ref, *state_, visibility_);
        auto found = segment_filter(*ref.data, c.collection->id, plan_).match(std::move(rows));
        if (found.open.any())
            if (auto ok = settle(c, *ref.data, found.yes, found.open); !ok) return ok;
        auto const n = found.yes.count();
        matched_ += n;
        if (n != 0) segments_.push_back({&c, &ref, std::move(found.yes)});
    }
    find_in_tail(c);
    return {};
}

void index_search::find_in_tail(collection_state const& c) {
    for (auto const& t : c.tail) {
        if (!test_.matches(*t.item)) continue;
        if (!visibility_.sees_item(t.visible_as, *(*state_->classes)[t.visible_as], t.item->id.str())) continue;
        ++matched_;
        tail_.push_back({&c, &t});
    }
}

result<void> index_search::find() {
    if (query_.collections.empty()) {
        for (auto const& c : state_->collections)
            if (auto ok = find_in(*c); !ok) return ok;
        return {};
    }
    auto wanted = query_.collections;
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    for (auto const& id : wanted)
        if (auto const* c = state_->find(id))
            if (auto ok = find_in(*c); !ok) return ok;
    return {};
}

// The document has changed since this state of the index: does what it says now still belong in the answer?
bool index_search::may_show(matched_rows const& m, indexed_item const& newer) {
    auto const resource = resource_of_item(*m.in->collection, newer.id.str(), policy_attributes(newer.properties()));
    return visibility_.permits_now(resource) && test_.matches(newer);
}

// Reads the documents of a page. False when some rows are no longer there: they were taken out of the matches.
result<bool> index_search::read_page(page_rows& page) {
    std::vector<wanted_item> wanted;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < page.rows.size(); ++i) {
        auto const& r = page.rows[i];
        if (r.item) continue;
        wanted.push_back({&r.from->in->collection->id, r.key.id.str(), r.stamp});
        places.push_back(i);
    }
    if (wanted.empty()) return true;
    auto items = reader_.read(wanted, true);
    if (!items) return items.error();
    bool complete = true;
    for (std::size_t i = 0; i < places.size(); ++i) {
        auto& r = page.rows[places[i]];
        auto& item = (*items)[i];
        bool const changed = item && stamp_of(item->etag) != r.stamp;
        if (item && (!changed || may_show(*r.from, *item))) {
            r.item = std::move(item);
            continue;
        }
        complete = false;
        --matched_;
        for (auto& m : segments_)
            if (&m == r.from) m.rows.drop(r.row);
    }
    return complete;
}

result<search_page> index_search::page() {
    if (auto ok = find(); !ok) return ok.error();
    for (int tries = 0; tries < page_tries; ++tries) {
        page_rows rows;
        if (is_by_time(query_)) {
            rows = page_by_time(query_, segments_, tail_);
        } else {
            auto ordered = page_by_fields(query_, segments_, tail_, reader_);
            if (!ordered) return ordered.error();
            rows = std::move(*ordered);
        }
        auto const complete = read_page(rows);
        if (!complete) return complete.error();
        if (!*complete) continue;
        search_page out;
        out.matched = matched_;
        if (rows.rows.empty()) return out;
        if (query_.backwards ? rows.beyond : rows.more) out.next = rows.rows.back().key;
        if (query_.backwards ? rows.more : rows.beyond) out.previous = rows.rows.front().key;
        for (auto& r : rows.rows) out.items.push_back(std::move(r.item));
        return out;
    }
    return fail(errc::unavailable, "the items of this page keep changing; try again");
}

// The documents of some rows, until `visit` returns false (errc::cancelled).
result<void> index_search::visit_rows(matched_rows const& m, row_set const& rows,
                                      std::function<bool(indexed_item const&)> const& visit) {
    std::vector<wanted_item> wanted;
    auto const& data = *m.of->data;
    for (auto row = rows.next(0); row < data.rows();) {
        wanted.push_back({&m.in->collection->id, data.ids().of_row(row), data.stamp(row)});
        row = rows.next(row + 1);
        if (wanted.size() < documents_at_once && row < data.rows()) continue;
        auto const items = reader_.read(wanted, false);
        if (!items) return items.error();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            auto const& item = (*items)[i];
            if (!item || (stamp_of(item->etag) != wanted[i].stamp && !may_show(m, *item))) continue;
            if (!visit(*item)) return fail(errc::cancelled, "the visitor has seen enough");
        }
        wanted.clear();
    }
    return {};
}

result<void> index_search::each(std::function<bool(indexed_item const&)> const& visit) {
    if (auto ok = find(); !ok) return ok;
    for (auto const& t : tail_)
        if (!visit(*t.row->item)) return {};
    for (auto const& m : segments_) {
        auto const ok = visit_rows(m, m.rows, visit);
        if (!ok && ok.error().code == make_error_code(errc::cancelled)) return {};
        if (!ok) return ok;
    }
    return {};
}

result<void> index_search::count(std::span<tally* const> tallies) {
    if (auto ok = find(); !ok) return ok;
    for (auto* t : tallies) {
        for (auto const& row : tail_) t->take(*row.row->item);
        for (auto const& m : segments_) {
            auto const open = t->take(m);
            auto const ok = visit_rows(m, open, [t](indexed_item const& item) {
                t->take(item);
                return true;
            });
            if (!ok) return ok;
        }
    }
    return {};
}

}  // namespace fjord::stac
