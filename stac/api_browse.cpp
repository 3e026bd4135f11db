// The browseable extension: below each collection a tree of catalogs by year, month and day (UTC) whose leaves link every item
// the caller may see, so that crawlers reach all of them by `child` and `item` links. A level is left out where few items are
// left; a long day goes on in a further catalog.
#include "stac/aggregation.hpp"
#include "stac/api_impl.hpp"

#include "base/json.hpp"
#include "stac/calendar.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace fjord::stac {
namespace {

constexpr std::size_t items_per_catalog = 500;

// A part of the tree: all time, or a year, month or day.
struct span_of_time {
    std::string name;                                          // "", "2020", "2020-06", "2020-06-15"
    instant begin = open_start, end = open_end;                // [begin, end)
    std::optional<calendar_unit> below = calendar_unit::year;  // none: a day
};

std::optional<span_of_time> parse_span(std::string_view name) {
    if (name.empty()) return span_of_time{};
    if (name.size() != 4 && name.size() != 7 && name.size() != 10) return std::nullopt;
    auto const day = std::string(name) + std::string("-01-01").substr(name.size() == 4 ? 0 : name.size() == 7 ? 3 : 6);
    auto const begin = parse_date(day);
    if (!begin) return std::nullopt;
    auto const unit = name.size() == 4 ? calendar_unit::year : name.size() == 7 ? calendar_unit::month : calendar_unit::day;
    span_of_time out{std::string(name), *begin, next_of(*begin, unit), std::nullopt};
    if (unit != calendar_unit::day) out.below = unit == calendar_unit::year ? calendar_unit::month : calendar_unit::day;
    return out;
}

std::string name_of_part(instant begin, calendar_unit unit) {
    return format_instant(begin).substr(0, unit == calendar_unit::year ? 4 : unit == calendar_unit::month ? 7 : 10);
}

// Matches per part, and in the whole, of those whose time lies in the span.
class parts_tally final : public tally {
public:
    explicit parts_tally(span_of_time const& span) : span_(span) {}
    row_set take(matched_rows const& m) override {
        auto const& s = *m.of->data;
        m.rows.each([&](std::size_t row) { add(s.sort_time(row)); });
        return row_set(s.rows());
    }
    void take(indexed_item const& item) override { add(item.sort_time); }

    std::map<instant, std::uint64_t> parts;
    std::uint64_t whole = 0;

private:
    void add(instant t) {
        if (t < span_.begin || t >= span_.end) return;
        ++whole;
        if (span_.below) ++parts[floor_to(t, *span_.below)];
    }
    span_of_time const& span_;
};

}  // namespace

api::impl::answer api::impl::browse(net::request const& req, std::string const&) {
    auto eye = eyes(req, policies::action::discover);
    auto const collection = index_.find_collection(collection_id(req.params[0]), eye);
    auto const span = parse_span(req.params.size() > 1 ? req.params[1] : "");
    if (!collection || !span) return not_found("there is no such catalog");
    auto const to = links(req);
    auto const base = to.collection(collection->id) + "/browse";
    auto const href_of = [&](std::string const& name) { return name.empty() ? base : base + "/" + name; };

    search_query q;
    q.collections = {collection->id};
    parts_tally counted(*span);
    tally* const tallies[] = {&counted};
    if (auto ok = index_.count(q, eye, tallies); !ok) return ok.error();
    if (counted.whole == 0 && !span->name.empty()) return not_found("there is no such catalog");

    auto const above = span->name.size() <= 4 ? std::string() : span->name.substr(0, span->name.size() - 3);
    std::vector<std::string> list{
        link("self", self_of(req), media::json), link("root", to.root(), media::json),
        link("parent", span->name.empty() ? to.collection(collection->id) : href_of(above), media::json)};
    if (span->below && counted.whole > items_per_catalog) {
        for (auto const& [begin, n] : counted.parts) {
            auto const name = name_of_part(begin, *span->below);
            list.push_back(link("child", href_of(name), media::json, name + " (" + std::to_string(n) + " items)"));
        }
    } else if (counted.whole > 0) {
        // Newest first, from the end of the span or from where the catalog before this one ended.
        auto const caller = caller_identity(*req.caller), identity = "browse\n" + collection->id.str() + "\n" + span->name;
        if (auto const token = req.query.find("token")) {
            auto cursor = cursors_.open(*token, identity, caller);
            if (!cursor) return bad_request(cursor.error());
            q.from = std::move(cursor->key);
        } else if (span->end != open_end) {
            q.from = sort_key{{span->end - 1}, {}, {}};
        }
        q.limit = items_per_catalog + 1;
        auto const page = index_.search(q, eye);
        if (!page) return page.error();
        auto items = page->items;
        std::erase_if(items, [&](item_ptr const& item) { return item->sort_time < span->begin; });
        bool const more = items.size() > items_per_catalog;
        if (more) items.pop_back();
        for (auto const& item : items)
            list.push_back(link("item", to.item(item->collection, item->id), media::geojson, item->id.str()));
        if (more) {
            auto const& last = *items.back();
            auto const token = cursors_.seal({{{last.sort_time}, last.collection, last.id}, false}, identity, caller);
            list.push_back(link("child", href_of(span->name) + "?token=" + token, media::json, "More items"));
        }
    }
    auto const name = collection->id.str() + (span->name.empty() ? "" : " " + span->name);
    return cacheable(
        req,
        "{\"type\":\"Catalog\",\"stac_version\":\"1.1.0\",\"id\":" + json_quote(name) + ",\"title\":" + json_quote(name) +
            ",\"description\":" +
            json_quote("Items of " + collection->id.str() + " by time: " + (span->name.empty() ? "all" : span->name) + ", " +
                       std::to_string(counted.whole) + " in all") +
            ",\"links\":[" + joined(list) + "]}",
        media::json);
}

}  // namespace fjord::stac
