#pragma once
// What the catalog's tests share: temporary folders, engines by name, results that explain themselves.
#include "base/error.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "catalog/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fjord::catalog {

// Removed with all that is in it.
class temp_folder {
public:
    temp_folder() : path_(std::filesystem::temp_directory_path() / ("fjord-catalog-" + random_hex(8))) {
        std::filesystem::create_directories(path_);
    }
    ~temp_folder() {
        std::error_code ec;
        std::filesystem::remove_all(path_, ec);
    }
    std::string path(std::string const& name = "store") const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

// The value, or a failed test that shows the error's detail.
template <class T>
T must(result<T> r) {
    if (!r) throw std::runtime_error(r.error().message());
    return std::move(*r);
}
inline void must(result<void> r) {
    if (!r) throw std::runtime_error(r.error().message());
}

template <class T>
::testing::AssertionResult failed_with(result<T> const& r, errc expected) {
    if (r.has_value()) return ::testing::AssertionFailure() << "it succeeded";
    if (r.error().code == make_error_code(expected)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << r.error().code.message() << ": " << r.error().detail;
}

// An engine that can be closed and opened again; memory keeps its state for as long as the bench lives.
class store_bench {
public:
    explicit store_bench(std::string engine) : engine_(std::move(engine)) { open(); }
    store& get() { return *store_; }
    manual_clock& time() { return time_; }
    bool survives_restart() const { return engine_ == "rocksdb"; }
    void open() { store_ = engine_ == "memory" ? make_memory_store(time_) : must(open_rocksdb_store(folder_.path(), time_)); }
    void reopen() {
        store_.reset();
        open();
    }

private:
    std::string engine_;
    temp_folder folder_;
    manual_clock time_;
    std::unique_ptr<store> store_;
};

inline digest version_of(std::string_view content) { return sha256_of(content); }
inline asset_ref ref(char const* c, char const* i, char const* a) { return {collection_id(c), item_id(i), asset_key(a)}; }
inline item_record item(char const* c, std::string const& i, std::string document = R"({"type":"Feature"})") {
    return {.collection = collection_id(c), .id = item_id(i), .document = std::move(document)};
}
inline collection_record collection(char const* id, std::string document = R"({"type":"Collection"})") {
    return {.id = collection_id(id), .document = std::move(document), .owner = "flood-dt"};
}

inline std::vector<std::string> types_of(std::vector<log_entry> const& entries) {
    std::vector<std::string> types;
    for (auto const& e : entries) types.push_back(e.type);
    return types;
}

}  // namespace fjord::catalog
