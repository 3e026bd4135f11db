#pragma once
// Opening and closing the RocksDB of a catalog: options, column families, format and lock. RocksDB inside; private to
// rocksdb*.cpp.
#include "base/file.hpp"

#include <rocksdb/db.h>

#include <memory>
#include <string>

namespace fjord::catalog {

// An open database with its two column families: the state, and the log (large, written in order, pruned at its old end).
class rocksdb_handles {
public:
    rocksdb_handles(unique_fd lock, std::unique_ptr<rocksdb::DB> db, rocksdb::ColumnFamilyHandle* state,
                    rocksdb::ColumnFamilyHandle* log)
        : lock_(std::move(lock)), db_(std::move(db)), state_(state), log_(log) {}
    ~rocksdb_handles();
    rocksdb_handles(rocksdb_handles const&) = delete;
    rocksdb_handles& operator=(rocksdb_handles const&) = delete;

    rocksdb::DB& get() const noexcept { return *db_; }
    rocksdb::ColumnFamilyHandle* state() const noexcept { return state_; }
    rocksdb::ColumnFamilyHandle* log() const noexcept { return log_; }

private:
    unique_fd lock_;  // released last
    std::unique_ptr<rocksdb::DB> db_;
    rocksdb::ColumnFamilyHandle* state_;
    rocksdb::ColumnFamilyHandle* log_;
};

// See open_rocksdb_store. errc::unavailable, errc::corrupt, errc::unsupported, errc::denied, errc::no_space.
result<std::unique_ptr<rocksdb_handles>> open_rocksdb(std::string const& directory, rocksdb::Env* env);

// corruption, full disk, busy and I/O errors as errc::corrupt, no_space, unavailable; the rest is errc::internal.
error from_status(rocksdb::Status const& status, std::string_view what);

}  // namespace fjord::catalog
