#pragma once
// The index on disk, so that a restart reads the log since instead of every document. A folder of segment files, each written
// once, and a manifest that names them: the manifest is replaced as a whole, so a crash leaves the checkpoint before or the new
// one. Everything is checked when it is read; what does not fit is refused, never used in part.
//
//   checkpoint_folder folder(data_dir + "/index");
//   folder.save(*state, mark);                 // pool thread; one at a time
//   auto found = folder.load();                // errc::not_found: none; errc::corrupt: do without it
#include "stac/index_state.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace fjord::stac {

// The manifest as values.
struct checkpoint_manifest {
    struct stored_segment {
        std::string file;  // a plain name
        std::uint64_t size = 0;
        std::vector<std::uint32_t> dead;  // rows
    };
    struct stored_collection {
        collection_id id;
        std::vector<stored_segment> segments;
        std::vector<std::string> tail;  // ids of items that are in no segment
    };
    catalog::sequence at = 0;  // the last log entry that is in it
    std::string mark;          // of that entry: tells this catalog's log from another's
    std::vector<stored_collection> collections;

    std::string text() const;
    // errc::corrupt, errc::unsupported (another format).
    static result<checkpoint_manifest> parse(std::string_view text);
};

// A checkpoint ready for use.
struct loaded_checkpoint {
    struct loaded_segment {
        std::shared_ptr<segment const> data;  // mapped from its file
        std::shared_ptr<row_set const> dead;
    };
    struct loaded_collection {
        collection_id id;
        std::vector<loaded_segment> segments;
        std::vector<std::string> tail;
    };
    catalog::sequence at = 0;
    std::string mark;
    std::vector<loaded_collection> collections;
};

// Any thread; saves come one at a time.
class checkpoint_folder {
public:
    explicit checkpoint_folder(std::string path) : path_(std::move(path)) {}

    // Writes segments that are not on disk yet, then the manifest, then removes files that nothing names. Errors of the disk.
    result<void> save(index_state const& state, std::string const& mark);
    result<loaded_checkpoint> load();

private:
    result<std::string> file_of(std::shared_ptr<segment const> const& s);
    void remove_others() const;

    std::string path_;
    std::mutex saving_;  // guards files_
    // Segments on disk, by identity; the pointer keeps the identity from being used again.
    std::map<segment const*, std::pair<std::shared_ptr<segment const>, std::string>> files_;
};

}  // namespace fjord::stac
