#pragma once
// The directory that is served, reached only through openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and
// RESOLVE_NO_MAGICLINKS from its own descriptor: no name, however spelt, and no link on disk leads outside. Symbolic links,
// devices, sockets and pipes do not exist for the door. All calls block: pool threads only, save where said. They act as whoever
// the thread acts as (acting.hpp); the calls about temporaries act as the temporary's owner by themselves.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "site/account.hpp"
#include "site/path.hpp"
#include "site/upload_notes.hpp"
#include "site/verbs.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::site {

// What stat tells, cut to what we use.
struct file_facts {
    object_state state = object_state::absent;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;  // since 1970
    std::int64_t changed_ns = 0;   // likewise; moves also with attributes and names
    std::uint64_t inode = 0;
    std::uint64_t device = 0;

    friend bool operator==(file_facts const&, file_facts const&) = default;
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
    // Where uploads wait until they are whole, never served, never listed: in this folder of the root, or, when files are to
    // belong to mapped accounts, beside their targets under names that begin with the prefix. There the file is the right
    // account's from its first byte, and the final rename stays within one directory.
    static constexpr std::string_view incoming_name = ".fjord-in";
    static constexpr std::string_view incoming_prefix = ".fjord-in-";
    static bool is_hidden(path_segments const& path) noexcept;
    static bool is_hidden_name(std::string_view name, bool in_root) noexcept;

    // errc::not_found, errc::denied; errc::unsupported when the kernel has no openat2 (before Linux 5.6). Sweeps what a killed
    // door left (files that no living process has locked). `notes_folder`: uploads wait beside their targets, and this folder
    // remembers them (upload_notes.hpp); empty: they wait in the incoming folder, which is made.
    static result<root_directory> open(std::string const& path, std::string const& notes_folder = {});

    // A regular file or a directory for reading. errc::not_found (also for links and special files), errc::denied.
    result<opened> open_existing(path_segments const& path) const;
    // The same if the kernel can answer from memory without blocking; errc::unavailable when it cannot. Any thread.
    result<opened> open_cached(path_segments const& path) const;

    // state is absent when there is nothing. errc::conflict: a parent is a file.
    result<file_facts> look(path_segments const& path) const;

    // errc::not_found: the parent is missing; errc::already_exists.
    result<void> make_directory(path_segments const& path) const;
    result<void> make_directory_and_parents(path_segments const& path) const;
    // A file or an empty directory. errc::not_found, errc::conflict (not empty).
    result<void> remove(path_segments const& path) const;
    // Parents of `to` are made. errc::already_exists (mode never), errc::conflict, errc::unsupported (another file system).
    result<void> rename(path_segments const& from, path_segments const& to, replace_mode mode) const;

    // A new hidden file, locked by its descriptor for as long as that is open.
    struct temporary {
        unique_fd fd;
        std::string name;
        unique_fd directory;  // that it waits in, when that is its target's
        account_ptr owner;    // null: the door itself
    };
    // `to`: where it is going to. With an owner, missing parents are made now.
    result<temporary> create_temporary(path_segments const& to, account_ptr owner) const;
    void discard_temporary(temporary const& file) const noexcept;
    // Moves it to its place, makes parents, and fsyncs every directory it changed.
    result<void> publish(temporary const& file, path_segments const& to, replace_mode mode) const;

    // Of the file system that this open directory lies on.
    static result<disk_space> space_at(unique_fd const& directory);

private:
    explicit root_directory(unique_fd root) : root_(std::move(root)) {}
    result<void> open_incoming(std::string const& path);
    result<temporary> create_beside(path_segments const& to, account const& owner) const;
    result<unique_fd> open_beneath(path_segments const& path, std::uint64_t flags, std::uint64_t extra_resolve = 0) const;
    result<unique_fd> open_parent(path_segments const& path, bool make) const;
    result<unique_fd> make_parents(path_segments const& path) const;
    static result<void> make_directory_in(result<unique_fd> parent, path_segments const& path);
    void sweep() const;
    void sweep_noted() const;

    unique_fd root_;      // for walking from only (O_PATH)
    unique_fd incoming_;  // none when uploads wait beside their targets
    std::optional<upload_notes> notes_;
};

file_facts facts_of(struct stat const& st) noexcept;

}  // namespace fjord::site
