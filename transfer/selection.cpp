#include "transfer/selection.hpp"

#include <set>

namespace fjord::transfer {

namespace {

constexpr std::size_t items_per_page = 256;

struct item_page {
    std::vector<catalog::item_record> items;
    bool finished = true;
};

result<item_page> next_items(catalog::catalog& catalog, collection_id const& collection, std::string const& after,
                             std::size_t max) {
    item_page page;
    auto take = [&](catalog::item_record const& item) {
        if (page.items.size() == max) {
            page.finished = false;
            return false;
        }
        page.items.push_back(item);
        return true;
    };
    if (auto ok = catalog.scan_items(collection, after, take); !ok && ok.error().code != errc::not_found) return ok.error();
    return page;
}

// False: the visitor has had enough.
result<bool> visit_item(catalog::catalog& catalog, collection_id const& collection, item_id const& item,
                        std::function<bool(catalog::asset_state const&)> const& visit) {
    auto assets = catalog.list_assets(collection, item);
    if (!assets) return assets.error();
    for (auto const& asset : *assets)
        if (!visit(asset)) return false;
    return true;
}

}  // namespace

result<void> visit_assets(catalog::catalog& catalog, scope const& where, item_filter const& filter,
                          std::function<bool(catalog::asset_state const&)> const& visit) {
    auto collection = catalog.find_collection(where.collection);
    if (!collection) return collection.error();
    if (!where.item.empty()) {
        auto item = catalog.find_item(where.collection, where.item);
        if (!item) return item.error();
        if (filter && !filter(*item)) return {};
        if (where.asset.empty()) {
            auto seen = visit_item(catalog, where.collection, where.item, visit);
            return seen ? result<void>() : result<void>(seen.error());
        }
        auto asset = catalog.find_asset({where.collection, where.item, where.asset});
        if (!asset) return asset.error();
        visit(*asset);
        return {};
    }
    for (std::string after;;) {
        auto page = next_items(catalog, where.collection, after, items_per_page);
        if (!page) return page.error();
        for (auto const& item : page->items) {
            if (filter && !filter(item)) continue;
            auto more = visit_item(catalog, where.collection, item.id, visit);
            if (!more) return more.error();
            if (!*more) return {};
        }
        if (page->finished) return {};
        after = page->items.back().id.str();
    }
}

result<asset_page> next_assets(catalog::catalog& catalog, collection_id const& collection, std::string const& after,
                               std::size_t max_items) {
    auto items = next_items(catalog, collection, after, max_items);
    if (!items) return items.error();
    asset_page page;
    page.finished = items->finished;
    auto take = [&page](catalog::asset_state const& asset) {
        page.assets.push_back(asset.ref);
        return true;
    };
    for (auto const& item : items->items) {
        if (auto seen = visit_item(catalog, collection, item.id, take); !seen) return seen.error();
        page.after = item.id.str();
    }
    return page;
}

result<std::vector<catalog::asset_ref>> vanished_assets(catalog::catalog& catalog, scope const& where,
                                                        std::vector<rule_id> const& rules) {
    std::set<catalog::asset_ref> locked;
    for (auto const& rule : rules) {
        auto locks = catalog.list_locks(rule);
        if (!locks) return locks.error();
        for (auto& lock : *locks)
            if (where.collection.empty() || where.covers(lock.asset)) locked.insert(std::move(lock.asset));
    }
    std::vector<catalog::asset_ref> out;
    for (auto const& ref : locked) {
        auto state = catalog.find_asset(ref);
        if (!state && state.error().code != errc::not_found) return state.error();
        if (!state) out.push_back(ref);
    }
    return out;
}

}  // namespace fjord::transfer
