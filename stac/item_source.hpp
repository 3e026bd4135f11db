#pragma once
// Where the index gets documents from: it keeps columns, others keep the bytes.
#include "catalog/records.hpp"
#include "stac/indexed_item.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace fjord::catalog {
class catalog;
}

namespace fjord::stac {

// Any thread; may block.
class item_source {
public:
    virtual ~item_source() = default;
    // The newest records of these items, in the order asked; nullopt: there is none. Errors of the store.
    virtual result<std::vector<std::optional<catalog::item_record>>> read(collection_id const& c,
                                                                          std::span<std::string const> ids) const = 0;
};

// The catalog's records.
class catalog_items final : public item_source {
public:
    explicit catalog_items(catalog::catalog const& cat) : catalog_(cat) {}
    result<std::vector<std::optional<catalog::item_record>>> read(collection_id const& c,
                                                                  std::span<std::string const> ids) const override;

private:
    catalog::catalog const& catalog_;
};

// One row whose document is wanted.
struct wanted_item {
    collection_id const* collection = nullptr;
    std::string id;
    std::uint32_t stamp = 0;  // of the version that the index knows
};

// Reads documents through a bounded cache. An entry is found by id and stamp, so a changed item is another entry and nothing
// has to be invalidated. Any thread.
class item_reader {
public:
    item_reader(item_source const& from, std::size_t cache_bytes) : source_(from), room_(cache_bytes) {}

    // In the order asked; null: the item is gone. A document newer than the index knows is answered as it is now.
    // `keep`: remember them, as those of a page are.
    result<std::vector<item_ptr>> read(std::span<wanted_item const> wanted, bool keep);
    std::size_t bytes() const;

private:
    struct entry {
        std::uint64_t key;
        item_ptr item;
    };
    item_ptr find(wanted_item const& w);
    void remember(std::uint32_t stamp, item_ptr const& item);
    static std::uint64_t key_of(collection_id const& c, std::string_view id, std::uint32_t stamp);

    item_source const& source_;
    std::size_t room_;
    mutable std::mutex mutex_;  // guards what follows
    std::list<entry> recent_;   // newest first
    std::unordered_map<std::uint64_t, std::list<entry>::iterator> by_key_;
    std::size_t used_ = 0;
};

}  // namespace fjord::stac
