#pragma once
// The cache's memory across restarts: object and extent records (record.hpp) and a few notes, in RocksDB. The RAM index of
// block_store is authoritative; this one is written behind it and read once, at start. Every call blocks: start-up and the
// store's own thread only.
#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cache {

enum class index_family { objects, extents, notes };

struct index_change {
    index_family family = index_family::objects;
    std::string key;
    std::optional<std::string> value;  // none: delete
};

class index_db {
public:
    // Opens or creates the database in `folder`. errc::unavailable (locked, unreadable; the detail says what to do).
    static result<std::unique_ptr<index_db>> open(std::string const& folder);
    ~index_db();

    using visitor = std::function<void(std::string_view key, std::string_view value)>;
    result<void> each(index_family family, visitor const& visit) const;
    result<std::optional<std::string>> note(std::string const& key) const;

    // All or nothing; survives kill -9 at once, and power loss after the next sync().
    result<void> apply(std::vector<index_change> const& changes);
    result<void> sync();

private:
    struct impl;
    explicit index_db(std::unique_ptr<impl> i);
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::cache
