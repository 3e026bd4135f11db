#pragma once
// A file on its way in: bytes go to a hidden name, digests are computed as they pass, and only a whole file whose promises held
// gets its real name. Destroying it before that leaves nothing behind. Everything is done as the account it is for, whoever the
// thread acts as. Blocking: pool threads only, one at a time, save where said.
#include "base/digest.hpp"
#include "site/root.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::site {

// What the sender said it would send.
struct sender_promise {
    std::optional<std::uint64_t> size;
    std::vector<digest_set> digests;       // one per field that named digests; each must hold
    std::vector<digest_algorithm> wanted;  // computed whatever was promised
};

class incoming_file {
public:
    // Reserves the space when the size is promised, so that a full disk is told before the bytes travel. errc::no_space. The root
    // must outlive the file. Only wanted and promised digests are computed: sha-256 and md5 cost more than the rest of an upload.
    // `to`: where it is going to; `owner`: null for the door itself.
    static result<incoming_file> create(root_directory const& root, path_segments const& to, account_ptr owner,
                                        sender_promise promise);
    incoming_file(incoming_file&& other) noexcept;
    incoming_file& operator=(incoming_file&&) = delete;
    ~incoming_file();

    // All bytes go through both, in order. The two may run side by side: on more than one core the digests cost no time.
    result<void> write(std::string_view bytes);  // errc::no_space, errc::unavailable
    void digest(std::string_view bytes) { digester_.update(bytes); }
    bool digests_cost() const noexcept { return digests_cost_; }  // as much as the writing, so that a thread of their own pays
    void discard() noexcept;                                      // removes the hidden file, if it is still ours

    // Compares with the promise, stores the digests beside the file and syncs it to disk. errc::corrupt: a promise is broken.
    result<digest_set> seal();
    // Gives it its name; see root_directory::publish. Afterwards the file is no longer ours.
    result<void> publish(path_segments const& to, replace_mode mode);
    std::optional<std::uint64_t> promised_size() const noexcept { return promise_.size; }
    file_facts const& facts() const noexcept { return facts_; }  // after seal

private:
    result<digest_set> check_and_sync();
    result<void> reserve(std::uint64_t size);
    void push_to_disk() noexcept;
    error write_error(int err) const;
    incoming_file(root_directory const& root, root_directory::temporary file, sender_promise promise,
                  std::vector<digest_algorithm> const& digests);
    root_directory const* root_;
    root_directory::temporary file_;
    sender_promise promise_;
    digester digester_;
    bool digests_cost_ = false;
    std::uint64_t written_ = 0;
    std::uint64_t pushed_ = 0;  // of written_: given to the disk
    file_facts facts_;
    bool ours_ = true;
};

// Which promise is broken, as a sentence; "" when all hold. Pure.
std::string broken_promise(sender_promise const& promise, std::uint64_t size, digest_set const& digests);

}  // namespace fjord::site
