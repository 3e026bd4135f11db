#pragma once
// A file system that remembers what was synced, so that a test can cut the power: copy_as_after_power_cut() makes a folder with
// what a disk would hold then, each file cut to its last sync. Any thread.
#include <rocksdb/file_system.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace fjord::catalog {

class power_cut_fs final : public rocksdb::FileSystemWrapper {
public:
    power_cut_fs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
    char const* Name() const override { return "power_cut_fs"; }

    rocksdb::IOStatus NewWritableFile(std::string const& name, rocksdb::FileOptions const& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* dbg) override {
        std::lock_guard lock(mutex_);
        auto status = target()->NewWritableFile(name, options, file, dbg);
        if (!status.ok()) return status;
        synced_[name] = 0;
        *file = std::make_unique<watched_file>(std::move(*file), name, *this);
        return status;
    }
    rocksdb::IOStatus RenameFile(std::string const& from, std::string const& to, rocksdb::IOOptions const& options,
                                 rocksdb::IODebugContext* dbg) override {
        std::lock_guard lock(mutex_);
        auto status = target()->RenameFile(from, to, options, dbg);
        if (auto size = synced_.extract(from); status.ok() && !size.empty()) synced_[to] = size.mapped();
        return status;
    }
    rocksdb::IOStatus DeleteFile(std::string const& name, rocksdb::IOOptions const& options,
                                 rocksdb::IODebugContext* dbg) override {
        std::lock_guard lock(mutex_);
        synced_.erase(name);
        return target()->DeleteFile(name, options, dbg);
    }

    int log_syncs() const {
        std::lock_guard lock(mutex_);
        return log_syncs_;
    }
    // Before the first sync: how slow this disk is.
    void make_syncs_take(std::chrono::milliseconds t) { sync_time_ = t; }
    // From now on every sync fails and nothing more reaches the disk.
    void break_disk() {
        std::lock_guard lock(mutex_);
        broken_ = true;
    }

    void copy_as_after_power_cut(std::filesystem::path const& from, std::filesystem::path const& to) const {
        std::lock_guard lock(mutex_);
        std::filesystem::create_directories(to);
        for (auto const& entry : std::filesystem::directory_iterator(from)) {
            auto known = synced_.find(entry.path().string());
            if (known == synced_.end()) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            std::string bytes(known->second, '\0');
            in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            std::ofstream(to / entry.path().filename(), std::ios::binary).write(bytes.data(), in.gcount());
        }
    }

private:
    // Appends and syncs hold the lock, so a copy never falls between the two.
    class watched_file final : public rocksdb::FSWritableFileOwnerWrapper {
    public:
        watched_file(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, power_cut_fs& fs)
            : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), fs_(fs) {}
        rocksdb::IOStatus Append(rocksdb::Slice const& data, rocksdb::IOOptions const& o, rocksdb::IODebugContext* d) override {
            std::lock_guard lock(fs_.mutex_);
            written_ += data.size();
            return target()->Append(data, o, d);
        }
        rocksdb::IOStatus Append(rocksdb::Slice const& data, rocksdb::IOOptions const& o, rocksdb::DataVerificationInfo const&,
                                 rocksdb::IODebugContext* d) override {
            return Append(data, o, d);
        }
        rocksdb::IOStatus Sync(rocksdb::IOOptions const&, rocksdb::IODebugContext*) override { return note_sync(); }
        rocksdb::IOStatus Fsync(rocksdb::IOOptions const&, rocksdb::IODebugContext*) override { return note_sync(); }

    private:
        rocksdb::IOStatus note_sync() {
            std::this_thread::sleep_for(fs_.sync_time_.load());
            std::lock_guard lock(fs_.mutex_);
            if (fs_.broken_) return rocksdb::IOStatus::IOError("the disk is gone");
            fs_.synced_[name_] = written_;
            if (name_.ends_with(".log")) ++fs_.log_syncs_;
            return rocksdb::IOStatus::OK();
        }

        std::string name_;
        power_cut_fs& fs_;
        std::uint64_t written_ = 0;
    };

    std::atomic<std::chrono::milliseconds> sync_time_{};
    mutable std::mutex mutex_;                     // guards everything below
    std::map<std::string, std::uint64_t> synced_;  // bytes of each file that a power cut leaves
    int log_syncs_ = 0;
    bool broken_ = false;
};

}  // namespace fjord::catalog
