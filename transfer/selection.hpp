#pragma once
// Walks the assets that a part of the namespace holds, page by page. Blocks: run it on the pool.
#include "catalog/catalog.hpp"
#include "transfer/compiled_rule.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fjord::transfer {

// Every registered asset of `where` whose item passes `filter` (empty: all), until visit returns false.
// errc::not_found: the collection, or the item or asset that `where` names, does not exist.
result<void> visit_assets(catalog::catalog& catalog, scope const& where, item_filter const& filter,
                          std::function<bool(catalog::asset_state const&)> const& visit);

struct asset_page {
    std::vector<catalog::asset_ref> assets;
    std::string after;  // item id to go on from
    bool finished = true;
};
// The assets of the next `max_items` items of a collection. A collection that is gone is an empty last page.
result<asset_page> next_assets(catalog::catalog& catalog, collection_id const& collection, std::string const& after,
                               std::size_t max_items);

// Assets of `where` on which one of `rules` holds a lock although they no longer exist.
result<std::vector<catalog::asset_ref>> vanished_assets(catalog::catalog& catalog, scope const& where,
                                                        std::vector<rule_id> const& rules);

}  // namespace fjord::transfer
