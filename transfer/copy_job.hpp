#pragma once
// One attempt to put one asset version at one site: folder, COPY under a staging name, verification, rename. Knows neither the
// catalog nor rules; the engine journals around it.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/pool.hpp"
#include "catalog/records.hpp"
#include "storage/driver.hpp"
#include "transfer/access.hpp"
#include "transfer/retry.hpp"
#include "transfer/verify.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace fjord::transfer {

// Folders known to exist, so that each is made once and not per copy. One thread.
class known_folders {
public:
    bool contains(site_id const& site, std::string const& folder) const { return folders_.contains({site, folder}); }
    void add(site_id const& site, std::string const& folder);
    void forget(site_id const& site);  // a site that lost a folder is asked again for all

private:
    static constexpr std::size_t limit = 100'000;
    std::set<std::pair<site_id, std::string>> folders_;
};

struct copy_task {
    transfer_id id;
    catalog::site_record source, target;
    std::string source_path, staging_path, final_path;
    std::string abandoned_staging;  // of an attempt that was cut off; removed first, may be empty
    catalog::asset_version version;
    storage::copy_mode mode = storage::copy_mode::pull;
    bool look_first = false;  // the final path may hold a copy already (an attempt was cut off, a copy is suspect)
};

struct copy_hooks {
    std::function<void(std::uint64_t bytes)> on_progress;
    std::function<asio::awaitable<result<void>>()> on_verifying;  // journals the step; a failure ends the attempt
};

struct copy_report {
    std::optional<error> failure;              // none: a verified copy lies at the final path
    stage at = stage::preparing;               // where it failed
    bool adopted = false;                      // it was there already
    std::optional<std::string> source_is_bad;  // the source itself proved to hold other bytes: the sentence
};

// One thread; lives until run() or discard() returned.
class copy_job {
public:
    copy_job(site_access& sites, blocking_pool& pool, clock& time, known_folders& folders, copy_task task, copy_hooks hooks);

    // May be cancelled (terminal): ends with an exception or errc::cancelled, then call discard().
    asio::awaitable<copy_report> run();
    // Removes what the attempt left under its staging name. True when nothing is left there.
    asio::awaitable<bool> discard();

private:
    asio::awaitable<result<void>> prepare();
    asio::awaitable<result<void>> make_folder(std::string folder);
    asio::awaitable<result<void>> copy();
    asio::awaitable<result<void>> verify(std::string path);
    asio::awaitable<result<void>> publish();
    asio::awaitable<result<void>> make_way();
    asio::awaitable<std::optional<std::string>> examine_source();
    asio::awaitable<result<void>> remove(std::string path);
    verify_context context_of(catalog::site_record const& site, storage::driver& driver) const;

    site_access& sites_;
    blocking_pool& pool_;
    clock& time_;
    known_folders& folders_;
    copy_task task_;
    copy_hooks hooks_;
    std::shared_ptr<storage::driver> source_, target_;
};

}  // namespace fjord::transfer
