#include "catalog/rocksdb_open.hpp"

#include "catalog/store_directory.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <vector>

namespace fjord::catalog {
namespace {

// Outside every table of keys.hpp. A release that cannot read a layout refuses it by this name.
constexpr char const* format_key =
    "\x01"
    "format";
constexpr char const* format_name = "fjord-catalog-1";

constexpr std::size_t block_cache_bytes = 128u << 20;
constexpr std::size_t write_buffer_bytes = 32u << 20;
constexpr int merged_files = 8;                      // of level 0, at a time
constexpr std::uint64_t max_wal_bytes = 256u << 20;  // bounds the replay after a crash
constexpr int max_open_files = 512;

rocksdb::DBOptions db_options(rocksdb::Env* env) {
    rocksdb::DBOptions o;
    if (env) o.env = env;
    o.create_if_missing = true;
    o.create_missing_column_families = true;
    o.paranoid_checks = true;
    // After a crash: every record up to the first one cut short, nothing after it. Acknowledged writes were synced, so they are
    // never behind the cut.
    o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    o.max_total_wal_size = max_wal_bytes;
    o.max_open_files = max_open_files;
    o.max_background_jobs = 2;
    o.bytes_per_sync = 1u << 20;
    o.keep_log_file_num = 4;
    o.max_log_file_size = 4u << 20;
    o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    return o;
}

rocksdb::ColumnFamilyOptions family_options(std::shared_ptr<rocksdb::Cache> cache, bool point_reads) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = std::move(cache);
    table.format_version = 5;
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    if (point_reads) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    rocksdb::ColumnFamilyOptions o;
    o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    o.write_buffer_size = write_buffer_bytes;
    o.level_compaction_dynamic_level_bytes = true;
    auto supported = rocksdb::GetSupportedCompressions();
    bool lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
    o.compression = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
    // The newest files are read and merged soon: compressing them costs an ingest more than the disk they would save.
    o.compression_per_level.assign(static_cast<std::size_t>(o.num_levels), o.compression);
    o.compression_per_level.front() = rocksdb::kNoCompression;
    o.level0_file_num_compaction_trigger = merged_files;
    return o;
}

result<void> check_format(rocksdb_handles const& db, std::string const& directory) {
    std::string found;
    auto status = db.get().Get({}, db.state(), format_key, &found);
    if (status.ok() && found == format_name) return {};
    if (status.ok())
        return fail(errc::unsupported, "the store " + directory + " has the format " + found + ", this release reads " +
                                           format_name + "; start the release that wrote it");
    if (!status.IsNotFound()) return from_status(status, "opening the store " + directory);
    rocksdb::WriteOptions options;
    options.sync = true;
    status = db.get().Put(options, db.state(), format_key, format_name);
    if (!status.ok()) return from_status(status, "preparing the store " + directory);
    return {};
}

}  // namespace

rocksdb_handles::~rocksdb_handles() {
    db_->DestroyColumnFamilyHandle(log_);
    db_->DestroyColumnFamilyHandle(state_);
    db_->Close();
}

result<std::unique_ptr<rocksdb_handles>> open_rocksdb(std::string const& directory, rocksdb::Env* env) {
    auto lock = own_directory(directory);
    if (!lock) return lock.error();
    auto cache = rocksdb::NewLRUCache(block_cache_bytes);
    std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, family_options(cache, true)},
                                                          {"log", family_options(cache, false)}};
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    auto status = rocksdb::DB::Open(db_options(env), directory, families, &handles, &raw);
    if (!status.ok()) return from_status(status, "opening the store " + directory);
    auto db = std::make_unique<rocksdb_handles>(std::move(*lock), std::unique_ptr<rocksdb::DB>(raw), handles[0], handles[1]);
    if (auto ok = check_format(*db, directory); !ok) return ok.error();
    return db;
}

error from_status(rocksdb::Status const& status, std::string_view what) {
    std::string detail = std::string(what) + " failed: " + status.ToString();
    if (status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kSpaceLimit)
        return fail(errc::no_space, detail + "; free some space");
    if (status.IsCorruption()) return fail(errc::corrupt, detail + "; restore the store from a backup");
    if (status.IsIOError() || status.IsBusy() || status.IsTimedOut() || status.IsTryAgain() || status.IsShutdownInProgress() ||
        status.IsPathNotFound())
        return fail(errc::unavailable, std::move(detail));
    if (status.IsInvalidArgument() || status.IsNotSupported())
        return fail(errc::unsupported, detail + "; was it written by a newer release?");
    return fail(errc::internal, std::move(detail));
}

}  // namespace fjord::catalog
