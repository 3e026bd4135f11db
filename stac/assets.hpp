#pragma once
// What an item's `assets` look like in an answer. Replica state changes without the item changing, so it is put in at answer
// time and never stored.
#include "base/identity.hpp"
#include "catalog/records.hpp"
#include "catalog/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>
#include <vector>

namespace fjord::catalog {
class catalog;
}

namespace fjord::stac {

// A place that has the bytes, as a ranking sees it.
struct replica_place {
    std::string site, country;
    std::int64_t preference = 0;  // attribute `read_priority` of the site, higher first
};
// The places in the order in which a caller should try them, best first: indexes, each at most once. `salt` breaks ties, so that
// load spreads over assets.
using place_ranking = std::function<std::vector<std::size_t>(std::vector<replica_place> const& places, std::string_view salt)>;

struct asset_context {
    collection_id collection;
    item_id item;
    std::string base_url;                 // "https://broker", no trailing slash
    place_ranking const* rank = nullptr;  // for this caller; null: by preference, then by name
};

struct rendered_assets {
    std::string assets;                   // the object to send
    std::string schemes;                  // for `storage:schemes` in the item's properties; "{}" when there are none
    std::vector<std::string> extensions;  // for `stac_extensions`: schemas of what was put in
};

// Any thread; may block.
class asset_renderer {
public:
    virtual ~asset_renderer() = default;
    // `stored`: the assets object of the document. Members it does not own keep their bytes.
    virtual rendered_assets render(std::string_view stored, asset_context const& where) const = 0;
    // True when render() would certainly give back what is stored, for every item of the collection; cheap.
    virtual bool is_plain(collection_id const&) const { return false; }
};

// From the catalog's records. A registered asset gets
//   href          BASE/data/C/I/A
//   file:size, file:checksum (file v2.1; a multihash)
//   alternate     (alternate-assets v1.2) {SITE: {href, alternate:name, storage:refs}} per available replica at an enabled site,
//   in
//                 the order of the ranking
//   storage:refs  (storage v2.0) those sites; storage:schemes of the item describes them
//   fjord:replicas  [{site, state, verified, priority}]: every replica; priority 1 is the one to try first, null: not to be read
// A registered asset that the document does not name is added; one that is not registered stays as it is.
class catalog_assets final : public asset_renderer {
public:
    explicit catalog_assets(catalog::catalog const& cat) : catalog_(cat) {}
    rendered_assets render(std::string_view stored, asset_context const& where) const override;
    // Asks the catalog once per collection; from then on saw() must tell what was committed.
    bool is_plain(collection_id const& c) const override;
    void saw(std::vector<catalog::log_entry> const& entries);  // as an observer of the catalog

private:
    catalog::catalog const& catalog_;
    mutable std::shared_mutex mutex_;                         // guards plain_
    mutable std::map<std::string, bool, std::less<>> plain_;  // by collection: no asset is registered; never becomes true again
};

}  // namespace fjord::stac
