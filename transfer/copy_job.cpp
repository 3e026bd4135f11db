#include "transfer/copy_job.hpp"

#include "transfer/layout.hpp"
#include "transfer/site_facts.hpp"
#include "transfer/step_grants.hpp"

namespace fjord::transfer {

namespace {

constexpr std::chrono::seconds step_time{30};
constexpr std::chrono::seconds copy_time{600};
constexpr std::chrono::seconds longest_presigned{7 * 86400};
constexpr std::uint64_t slowest_copy = 512u << 10;  // bytes per second; 600 s + 2 s per MB, as FTS has it

bool is_taken(error const& e) { return e.code == errc::already_exists || e.code == errc::conflict; }

}  // namespace

void known_folders::add(site_id const& site, std::string const& folder) {
    if (folders_.size() >= limit) folders_.clear();
    folders_.emplace(site, folder);
}

void known_folders::forget(site_id const& site) {
    std::erase_if(folders_, [&](auto const& entry) { return entry.first == site; });
}

copy_job::copy_job(site_access& sites, blocking_pool& pool, clock& time, known_folders& folders, copy_task task, copy_hooks hooks)
    : sites_(sites), pool_(pool), time_(time), folders_(folders), task_(std::move(task)), hooks_(std::move(hooks)) {}

asio::awaitable<copy_report> copy_job::run() {
    copy_report report;
    auto failed = [&report](stage at, error e) {
        report.at = at;
        report.failure = std::move(e);
    };
    auto source = sites_.driver(task_.source), target = sites_.driver(task_.target);
    if (!source || !target) {
        failed(stage::preparing, !source ? source.error() : target.error());
        co_return report;
    }
    source_ = *source;
    target_ = *target;
    if (!task_.abandoned_staging.empty()) co_await remove(task_.abandoned_staging);
    if (task_.look_first && (co_await verify(task_.final_path)).has_value()) {
        report.adopted = true;
        co_return report;
    }
    if (auto r = co_await prepare(); !r) {
        failed(stage::preparing, r.error());
    } else if (auto copied = co_await copy(); !copied) {
        failed(stage::copying, copied.error());
    } else if (auto journalled = co_await hooks_.on_verifying(); !journalled) {
        failed(stage::verifying, journalled.error());
    } else if (auto good = co_await verify(task_.staging_path); !good) {
        failed(stage::verifying, good.error());
        if (good.error().code == errc::corrupt) report.source_is_bad = co_await examine_source();
    } else if (auto published = co_await publish(); !published) {
        failed(stage::publishing, published.error());
    }
    // A folder that somebody removed is made again by the next attempt.
    if (report.failure) folders_.forget(task_.target.id);
    co_return report;
}

asio::awaitable<result<void>> copy_job::prepare() {
    // Folders are made first unless the probe found that COPY and MOVE make what is missing; elsewhere that is a 400 or 409.
    bool const pull_makes = task_.mode == storage::copy_mode::pull && fact(task_.target, "tpc_mkpath") == true;
    if (!pull_makes)
        if (auto r = co_await make_folder(parent_of(task_.staging_path)); !r) co_return r.error();
    // A site that copies over what exists in spite of Overwrite: F must find nothing there.
    if (fact(task_.target, "overwrite_copy") == false) {
        auto gone = co_await remove(task_.staging_path);
        if (!gone && gone.error().code != errc::not_found) co_return gone.error();
    }
    if (fact(task_.target, "move_mkpath") == true) co_return result<void>();
    co_return co_await make_folder(parent_of(task_.final_path));
}

asio::awaitable<result<void>> copy_job::make_folder(std::string folder) {
    if (folder.empty() || folders_.contains(task_.target.id, folder)) co_return result<void>();
    storage::call call{sites_.token(task_.target, {{"storage.create", folder}}), due_after(time_, step_time)};
    auto made = co_await target_->make_directory(std::move(call), folder);
    if (!made)
        co_return error(made.error().code,
                        "cannot make folder " + folder + " at " + task_.target.id.str() + ": " + made.error().message());
    folders_.add(task_.target.id, folder);
    co_return result<void>();
}

asio::awaitable<result<void>> copy_job::copy() {
    bool pull = task_.mode == storage::copy_mode::pull;
    auto read = sites_.token(task_.source, {{"storage.read", task_.source_path}});
    auto create = sites_.token(task_.target, {{"storage.create", task_.staging_path}});
    auto const due = due_after(time_, copy_time, task_.version.size, slowest_copy);
    storage::third_party_request request;
    request.mode = task_.mode;
    request.local_path = pull ? task_.staging_path : task_.source_path;
    request.remote_url = pull ? url_of(task_.source, task_.source_path) : url_of(task_.target, task_.staging_path);
    request.remote_token = pull ? read : create;
    if (signs_requests(task_.source)) {
        // The bucket is read by whoever holds the URL, which lives as long as the copy may take (and no longer than S3 allows).
        auto const life = std::chrono::ceil<std::chrono::seconds>(due - time_.steady()) + step_time;
        auto url = sites_.presign(task_.source, "GET", task_.source_path, std::min(life, longest_presigned), {});
        if (!url) co_return url.error();
        request.remote_url = url->reveal();
    }
    if (hooks_.on_progress) {
        auto tell = hooks_.on_progress;
        request.on_progress = [tell](storage::copy_progress const& p) { tell(p.bytes); };
    }
    storage::call call{pull ? create : read, due};
    auto active = pull ? target_ : source_;
    co_return co_await active->third_party_copy(std::move(call), std::move(request));
}

asio::awaitable<result<void>> copy_job::verify(std::string path) {
    auto token = sites_.token(task_.target, verify_grants(path));
    co_return co_await verify_file(context_of(task_.target, *target_), std::move(token), std::move(path), task_.version);
}

asio::awaitable<result<void>> copy_job::publish() {
    auto const grants = rename_grants(task_.target, task_.staging_path, task_.final_path);
    storage::call call{sites_.token(task_.target, grants), due_after(time_, step_time)};
    auto moved = co_await target_->rename(call, task_.staging_path, task_.final_path);
    if (!moved && is_taken(moved.error())) {
        if ((co_await verify(task_.final_path)).has_value()) {  // somebody else brought the same bytes
            co_await remove(task_.staging_path);
            co_return result<void>();
        }
        if (auto free = co_await make_way(); !free) co_return free.error();
        call.deadline = due_after(time_, step_time);
        moved = co_await target_->rename(call, task_.staging_path, task_.final_path);
    }
    if (!moved) co_return moved.error();
    // The bytes were verified; that they are now at the final name is checked, not believed.
    call.deadline = due_after(time_, step_time);
    auto there = co_await target_->stat(call, task_.final_path);
    if (!there) co_return there.error();
    if (there->size != task_.version.size)
        co_return fail(errc::corrupt, task_.target.id.str() + " holds " + std::to_string(there->size) + " of " +
                                          std::to_string(task_.version.size) + " bytes after the rename");
    co_return result<void>();
}

// Something lies at the final name. The name contains the digest, so other bytes there are damage and give way to verified ones.
asio::awaitable<result<void>> copy_job::make_way() {
    auto removed = co_await remove(task_.final_path);
    if (!removed && removed.error().code != errc::not_found) co_return removed.error();
    folders_.forget(task_.target.id);  // a conflict may also have meant a missing folder
    co_return co_await make_folder(parent_of(task_.final_path));
}

// The destination holds wrong bytes: did the source, or the way there, spoil them?
asio::awaitable<std::optional<std::string>> copy_job::examine_source() {
    auto token = sites_.token(task_.source, verify_grants(task_.source_path));
    auto good = co_await verify_file(context_of(task_.source, *source_), std::move(token), task_.source_path, task_.version);
    if (good || good.error().code != errc::corrupt) co_return std::nullopt;
    co_return good.error().message();
}

asio::awaitable<result<void>> copy_job::remove(std::string path) {
    storage::call call{sites_.token(task_.target, remove_grants(task_.target, path)), due_after(time_, step_time)};
    co_return co_await target_->remove(std::move(call), std::move(path));
}

asio::awaitable<bool> copy_job::discard() {
    if (!target_) co_return true;  // nothing was sent
    auto removed = co_await remove(task_.staging_path);
    co_return removed.has_value() || removed.error().code == errc::not_found;
}

verify_context copy_job::context_of(catalog::site_record const& site, storage::driver& driver) const {
    return {driver, pool_, time_, site.id.str(), attribute(site, "verify") == "read", told_digests(site)};
}

}  // namespace fjord::transfer
