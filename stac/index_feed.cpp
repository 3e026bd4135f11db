#include "stac/index_feed.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "stac/item_scan.hpp"

#include <map>
#include <set>

namespace fjord::stac {
namespace {

logger const log("stac");

constexpr std::size_t entries_at_once = 10'000;

void report(std::string const& subject, error const& why) {
    log.error("not indexed", {{"subject", subject}, {"reason", why.message()}});
}

void report_change(index_change const& change, error const& why) {
    if (auto const* item = std::get_if<catalog::item_record>(&change))
        return report(item->collection.str() + "/" + item->id.str(), why);
    if (auto const* c = std::get_if<catalog::collection_record>(&change)) return report(c->id.str(), why);
}

// What entries name, each thing once: its newest state is what counts, and later entries repeat that.
struct named_things {
    std::vector<collection_id> collections;  // in the order of their entries
    std::map<collection_id, std::vector<std::string>> items;

    void add(catalog::log_entry const& e) {
        bool const of_item = e.type.starts_with("item."), of_collection = e.type.starts_with("collection.");
        if (!of_item && !of_collection) return;
        auto const data = parse_json(e.data);
        auto const* object = data ? data->if_object() : nullptr;
        auto text = [object](std::string_view key) {
            auto const* v = object ? object->if_contains(key) : nullptr;
            return v && v->is_string() ? std::string(v->get_string()) : std::string();
        };
        collection_id c(text("collection"));
        if (of_collection) {
            if (seen_.insert({c.str(), {}}).second) collections.push_back(std::move(c));
        } else if (auto i = text("item"); seen_.insert({c.str(), i}).second) {
            items[std::move(c)].push_back(std::move(i));
        }
    }

private:
    std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace

void index_feed::observe(catalog::catalog const& cat, std::vector<catalog::log_entry> const& entries) {
    {
        std::lock_guard const lock(mutex_);
        if (!live_) {
            early_.insert(early_.end(), entries.begin(), entries.end());
            return;
        }
    }
    apply(cat, entries);
}

void index_feed::begin_live(catalog::catalog const& cat) {
    while (true) {
        std::vector<catalog::log_entry> early;
        {
            std::lock_guard const lock(mutex_);
            early.swap(early_);
            if (early.empty()) {
                live_ = true;
                return;
            }
        }
        apply(cat, early);
    }
}

// Brings what the entries name to the state the catalog has now, which may already be newer.
void index_feed::apply(catalog::catalog const& cat, std::vector<catalog::log_entry> const& entries) {
    if (entries.empty()) return;
    named_things named;
    for (auto const& e : entries) named.add(e);
    std::vector<index_change> changes;
    bool complete = true;
    for (auto const& c : named.collections) {
        auto record = cat.find_collection(c);
        if (record) {
            changes.emplace_back(std::move(*record));
        } else if (record.error().code == make_error_code(errc::not_found)) {
            changes.emplace_back(removed_collection{c});
        } else {
            complete = false;
            report(c.str(), record.error());
        }
    }
    for (auto const& [c, ids] : named.items) {
        auto records = cat.find_items(c, ids);
        if (!records) {
            complete = false;
            report(c.str(), records.error());
            continue;
        }
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if ((*records)[i])
                changes.emplace_back(std::move(*(*records)[i]));
            else
                changes.emplace_back(removed_item{c, item_id(ids[i])});
        }
    }
    applied_.fetch_add(changes.size(), std::memory_order_relaxed);
    // A state that misses something must not be taken for one that has it.
    if (!complete) missed_.store(true);
    writer_->apply(std::move(changes), entries.back().seq, report_change);
}

result<void> index_feed::replay(catalog::catalog const& cat, catalog::sequence since) {
    while (true) {
        auto const entries = cat.read_log(since, entries_at_once);
        if (!entries) return entries.error();
        if (entries->empty()) return {};
        apply(cat, *entries);
        since = entries->back().seq;
    }
}

result<std::string> index_feed::mark_of(catalog::catalog const& cat, catalog::sequence at) {
    if (at == 0) return std::string();
    auto const entries = cat.read_log(at - 1, 1);
    if (!entries) return entries.error();
    if (entries->empty() || entries->front().seq != at)
        return fail(errc::not_found, "the log has no entry " + std::to_string(at));
    auto const& e = entries->front();
    auto const time = std::to_string(e.time.time_since_epoch().count());
    return sha256_of(time + "\n" + e.type + "\n" + e.subject + "\n" + e.data).hex();
}

result<void> index_feed::restore(catalog::catalog const& cat, loaded_checkpoint from) {
    auto const mark = mark_of(cat, from.at);
    if (!mark) return mark.error();
    if (*mark != from.mark) return fail(errc::not_found, "the checkpoint is of another catalog");
    std::vector<index_writer::restored_collection> restored;
    for (auto& c : from.collections) {
        auto record = cat.find_collection(c.id);
        // Deleted since: the log says so once more.
        if (!record && record.error().code == make_error_code(errc::not_found)) continue;
        if (!record) return record.error();
        auto& r = restored.emplace_back();
        r.record = std::move(*record);
        for (auto& s : c.segments) r.segments.push_back({std::move(s.data), std::move(s.dead)});
        auto tail = cat.find_items(c.id, c.tail);
        if (!tail) return tail.error();
        for (auto& t : *tail)
            if (t) r.tail.push_back(std::move(*t));
    }
    if (auto ok = writer_->restore(std::move(restored), from.at); !ok) return ok;
    return replay(cat, from.at);
}

result<void> index_feed::load(catalog::catalog const& cat) {
    auto const at = cat.last_sequence();
    auto collections = cat.list_collections();
    if (!collections) return collections.error();
    std::vector<index_writer::restored_collection> restored;
    for (auto& c : *collections) {
        restored.push_back({.record = std::move(c)});
        if (auto ok = writer_->check(restored.back().record); !ok) {
            report(restored.back().record.id.str(), ok.error());
            restored.pop_back();
        }
    }
    std::vector<collection_id> ids;
    for (auto const& r : restored) ids.push_back(r.record.id);
    if (auto ok = writer_->restore(std::move(restored), at); !ok) return ok;
    for (auto const& c : ids)
        if (auto ok = load_items(cat, c); !ok) return ok;
    return {};
}

result<void> index_feed::load_items(catalog::catalog const& cat, collection_id const& c) {
    auto builder = std::make_unique<segment_builder>(limits_);
    std::optional<error> failure;
    auto const seal = [&] {
        if (builder->rows() == 0) return;
        if (auto ok = writer_->add_segments(c, {builder->build()}); !ok) failure = ok.error();
        builder = std::make_unique<segment_builder>(limits_);
    };
    auto const take = [&](catalog::item_record const& r) {
        if (cancelled_.load(std::memory_order_relaxed)) {
            failure = fail(errc::cancelled, "stopped before every item was read");
            return false;
        }
        auto const scan = scan_item(r.document);
        if (!scan) {
            report(c.str() + "/" + r.id.str(), scan.error());
            return true;
        }
        builder->add(r.id.str(), stamp_of(r.etag), *scan);
        loaded_.fetch_add(1, std::memory_order_relaxed);
        if (builder->rows() == segment::max_rows) seal();
        return !failure;
    };
    if (auto ok = cat.scan_items(c, {}, take); !ok) return ok;
    if (!failure) seal();
    return failure ? result<void>(*failure) : result<void>();
}

}  // namespace fjord::stac
