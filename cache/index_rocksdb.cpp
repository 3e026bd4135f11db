#include "cache/index.hpp"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <array>

namespace fjord::cache {

namespace {

error from_status(rocksdb::Status const& status, std::string_view what) {
    auto detail = std::string(what) + ": " + status.ToString();
    if (status.IsNoSpace()) return fail(errc::no_space, detail);
    if (status.IsCorruption()) {
        return fail(errc::corrupt, detail + "; the cache holds copies only: its folder may be removed to start afresh");
    }
    return fail(errc::unavailable, detail);
}

// Small and quiet: this database holds about 0.1 % of the cache's bytes and must never compete with serving.
rocksdb::DBOptions database_options() {
    rocksdb::DBOptions o;
    o.create_if_missing = true;
    o.create_missing_column_families = true;
    o.max_background_jobs = 2;
    o.recycle_log_file_num = 0;
    o.keep_log_file_num = 4;
    o.max_total_wal_size = 64u << 20;
    // A torn tail of the log is the end of the log, so a kill in the middle of a write never blocks the start.
    o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    return o;
}

rocksdb::ColumnFamilyOptions family_options() {
    rocksdb::ColumnFamilyOptions o;
    o.write_buffer_size = 8u << 20;
    rocksdb::BlockBasedTableOptions table;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return o;
}

}  // namespace

struct index_db::impl {
    std::unique_ptr<rocksdb::DB> db;
    std::array<rocksdb::ColumnFamilyHandle*, 3> families{};

    rocksdb::ColumnFamilyHandle* of(index_family f) const { return families[static_cast<std::size_t>(f)]; }
    ~impl() {
        for (auto* handle : families) {
            if (handle) db->DestroyColumnFamilyHandle(handle);
        }
    }
};

index_db::index_db(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
index_db::~index_db() = default;

result<std::unique_ptr<index_db>> index_db::open(std::string const& folder) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back("inst", family_options());
    families.emplace_back("ext", family_options());
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    auto status = rocksdb::DB::Open(database_options(), folder, families, &handles, &db);
    if (!status.ok()) return from_status(status, "cannot open the cache's index in " + folder);
    auto i = std::make_unique<impl>();
    i->db.reset(db);
    std::copy(handles.begin(), handles.end(), i->families.begin());
    return std::unique_ptr<index_db>(new index_db(std::move(i)));
}

result<void> index_db::each(index_family family, visitor const& visit) const {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = 2u << 20;
    std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(options, impl_->of(family)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) visit(it->key().ToStringView(), it->value().ToStringView());
    if (!it->status().ok()) return from_status(it->status(), "cannot read the cache's index");
    return {};
}

result<std::optional<std::string>> index_db::note(std::string const& key) const {
    std::string value;
    auto status = impl_->db->Get({}, impl_->of(index_family::notes), key, &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return from_status(status, "cannot read the cache's index");
    return std::optional(std::move(value));
}

result<void> index_db::apply(std::vector<index_change> const& changes) {
    rocksdb::WriteBatch batch;
    for (auto const& change : changes) {
        auto status = change.value ? batch.Put(impl_->of(change.family), change.key, *change.value)
                                   : batch.Delete(impl_->of(change.family), change.key);
        if (!status.ok()) return from_status(status, "cannot build a batch for the cache's index");
    }
    auto status = impl_->db->Write({}, &batch);
    if (!status.ok()) return from_status(status, "cannot write the cache's index");
    return {};
}

result<void> index_db::sync() {
    auto status = impl_->db->FlushWAL(true);
    if (!status.ok()) return from_status(status, "cannot sync the cache's index");
    return {};
}

}  // namespace fjord::cache
