#pragma once
// What is told of a file with every answer, remembered until the file changes: its stored digests live in an extended attribute,
// and reading that costs more than the rest of a small answer. A file is known by device, inode, size and both its times (the
// change time moves with attributes, names and content), so nothing has to be told to forget.
#include "base/digest.hpp"
#include "site/root.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace fjord::site {

struct file_note {
    std::optional<digest_set> digests;  // those stored with the file
    std::string etag;                   // quoted, strong
    std::string last_modified;          // as the field has it
};

// Bounded; any thread.
class file_notes {
public:
    static constexpr std::size_t places = 4096;
    // A file that changed less than this ago is not remembered: two changes within a tick of the clock look alike.
    static constexpr milliseconds settled{2'000};

    // What is remembered; null: nothing.
    std::shared_ptr<file_note const> find(file_facts const& facts) const;
    // Reads it from the file and remembers it. Blocking. `now`: the wall clock.
    std::shared_ptr<file_note const> learn(int fd, file_facts const& facts, wall_time now);

private:
    struct place {
        file_facts facts;
        std::shared_ptr<file_note const> note;
    };
    static constexpr std::size_t locks = 64;
    static std::size_t place_of(file_facts const& facts) noexcept;

    mutable std::array<std::mutex, locks> locks_;  // each for every locks-th place
    std::array<place, places> places_;
};

}  // namespace fjord::site
