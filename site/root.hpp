#pragma once
// The directory that is served, reached only through openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and
// RESOLVE_NO_MAGICLINKS from its own descriptor: no name, however spelt, and no link on disk leads outside. Symbolic links,
// devices, sockets and pipes do not exist for the door. All calls block: pool threads only, save where said.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "site/verbs.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::site {

// Decoded, checked segments (base/dataset_uri.hpp, decode_path) below the root; empty: the root itself.
using path_segments = std::vector<std::string>;

// What stat tells, cut to what we use.
struct file_facts {
    object_state state = object_state::absent;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;  // since 1970
    std::uint64_t inode = 0;

    wall_time modified() const noexcept { return wall_time{milliseconds{modified_ns / 1'000'000}}; }
};

struct disk_space {
    std::uint64_t available = 0, used = 0;  // bytes, for an ordinary user
};

struct opened {
    unique_fd fd;
    file_facts facts;
};

enum class replace_mode { never, allowed };

// Immutable after open; any thread.
class root_directory {
public:
    // Where uploads wait until they are whole; never served, never listed.
    static constexpr std::string_view incoming_name = ".fjord-in";
    static bool is_hidden(path_segments const& path) noexcept;

    // errc::not_found, errc::denied; errc::unsupported when the kernel has no openat2 (before Linux 5.6). Makes the incoming
    // folder and sweeps what a killed door left there (files that no living process has locked).
    static result<root_directory> open(std::string const& path);

    // A regular file or a directory for reading. errc::not_found (also for links and special files), errc::denied.
    result<opened> open_existing(path_segments const& path) const;
    // The same if the kernel can answer from memory without blocking; errc::unavailable when it cannot. Any thread.
    result<opened> open_cached(path_segments const& path) const;

    // state is absent when there is nothing. errc::conflict: a parent is a file.
    result<file_facts> look(path_segments const& path) const;

    // errc::not_found: the parent is missing; errc::already_exists.
    result<void> make_directory(path_segments const& path) const;
    // A file or an empty directory. errc::not_found, errc::conflict (not empty).
    result<void> remove(path_segments const& path) const;
    // Parents of `to` are made. errc::already_exists (mode never), errc::conflict, errc::unsupported (another file system).
    result<void> rename(path_segments const& from, path_segments const& to, replace_mode mode) const;

    // A new file in the incoming folder, locked by its descriptor for as long as that is open.
    struct temporary {
        unique_fd fd;
        std::string name;
    };
    result<temporary> create_temporary() const;
    void discard_temporary(std::string const& name) const noexcept;
    // Moves it to its place, makes parents, and fsyncs every directory it changed.
    result<void> publish(std::string const& name, path_segments const& to, replace_mode mode) const;

    result<disk_space> space() const;

private:
    root_directory(unique_fd root, unique_fd incoming) : root_(std::move(root)), incoming_(std::move(incoming)) {}
    result<unique_fd> open_beneath(path_segments const& path, std::uint64_t flags, std::uint64_t extra_resolve = 0) const;
    result<unique_fd> open_parent(path_segments const& path, bool make) const;
    result<unique_fd> make_parents(path_segments const& path) const;
    result<void> move_into(int from_dir, std::string const& from, path_segments const& to, replace_mode mode) const;
    void sweep() const;

    unique_fd root_;
    unique_fd incoming_;
};

file_facts facts_of(struct stat const& st) noexcept;
std::string path_text(path_segments const& path);  // "/a/b", for messages: never a path of this machine

}  // namespace fjord::site
