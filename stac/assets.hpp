#pragma once
// What an item's `assets` look like in an answer. Replica state changes without the item changing, so it is put in at answer
// time and never stored: href, alternate (alternate-assets v1.2), file:size and file:checksum (file v2.1), fjord:replicas.
#include "base/identity.hpp"
#include "catalog/records.hpp"
#include "catalog/store.hpp"

#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::catalog {
class catalog;
}

namespace fjord::stac {

struct asset_context {
    collection_id collection;
    item_id item;
    std::string base_url;               // "https://broker", no trailing slash
    principal const* caller = nullptr;  // for ranking; never null
};

// Any thread; may block.
class asset_renderer {
public:
    virtual ~asset_renderer() = default;
    // `stored`: the assets object of the document. Returns the object to send. Members it does not own keep their bytes.
    virtual std::string render(std::string_view stored, asset_context const& where) const = 0;
    // True when render() would certainly give back what is stored, for every item of the collection; cheap.
    virtual bool is_plain(collection_id const&) const { return false; }
};

// From the catalog's records. A registered asset gets
//   href          BASE/data/C/I/A
//   alternate     {SITE: {"href": site url + "/" + path, "alternate:name": SITE}} per available replica at an enabled site
//   file:size, file:checksum (multihash), fjord:replicas [{site, state, verified}]
// A registered asset that the document does not name is added; one that is not registered stays as it is.
class catalog_assets final : public asset_renderer {
public:
    explicit catalog_assets(catalog::catalog const& cat) : catalog_(cat) {}
    std::string render(std::string_view stored, asset_context const& where) const override;
    // Asks the catalog once per collection; from then on saw() must tell what was committed.
    bool is_plain(collection_id const& c) const override;
    void saw(std::vector<catalog::log_entry> const& entries);  // as an observer of the catalog

private:
    catalog::catalog const& catalog_;
    mutable std::shared_mutex mutex_;                         // guards plain_
    mutable std::map<std::string, bool, std::less<>> plain_;  // by collection: no asset is registered; never becomes true again
};

}  // namespace fjord::stac
