#pragma once
// What an item's `assets` look like in an answer. Replica state changes without the item changing, so it is put in at answer
// time and never stored: href, alternate (alternate-assets v1.2), file:size and file:checksum (file v2.1), fjord:replicas.
#include "base/identity.hpp"
#include "catalog/records.hpp"

#include <functional>
#include <string>
#include <string_view>

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

private:
    catalog::catalog const& catalog_;
};

}  // namespace fjord::stac
