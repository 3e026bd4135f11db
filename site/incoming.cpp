#include "site/incoming.hpp"

#include "site/acting.hpp"
#include "site/stored_digests.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace fjord::site {

namespace {

// The kernel takes memory for its cache in pieces as long as the write. Measured (ext4, Linux 6.18, a virtual machine that gives
// large free blocks back to its host): 1 GiB by 1 MiB at a time takes twice the processor time of 256 KiB at a time.
constexpr std::size_t one_write = 256u << 10;

std::vector<digest_algorithm> digests_for(sender_promise const& promise) {
    auto wanted = promise.wanted;
    for (auto const& set : promise.digests)
        for (auto const a :
             {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5})
            if (set.get(a)) wanted.push_back(a);
    return wanted;
}

bool is_dear(digest_algorithm a) { return a == digest_algorithm::sha256 || a == digest_algorithm::md5; }

}  // namespace

incoming_file::incoming_file(root_directory const& root, root_directory::temporary file, sender_promise promise,
                             std::vector<digest_algorithm> const& digests)
    : root_(&root),
      file_(std::move(file)),
      promise_(std::move(promise)),
      digester_(std::span<digest_algorithm const>(digests)),
      digests_cost_(std::any_of(digests.begin(), digests.end(), &is_dear)) {}

incoming_file::incoming_file(incoming_file&& other) noexcept
    : root_(other.root_),
      file_(std::move(other.file_)),
      promise_(std::move(other.promise_)),
      digester_(std::move(other.digester_)),
      digests_cost_(other.digests_cost_),
      written_(other.written_),
      pushed_(other.pushed_),
      facts_(other.facts_),
      ours_(std::exchange(other.ours_, false)) {}

incoming_file::~incoming_file() { discard(); }

void incoming_file::discard() noexcept {
    if (std::exchange(ours_, false)) root_->discard_temporary(file_);
}

// A file-size limit (EFBIG) is as much "no room" for the sender as a full disk. The account is named to whom it belongs: the
// sender acts as it.
error incoming_file::write_error(int err) const {
    auto const whose = file_.owner ? "of account " + file_.owner->name : std::string("of the site's disk");
    if (err == EFBIG) return fail(errc::no_space, "the file is larger than this site's file system takes");
    if (err == ENOSPC) return fail(errc::no_space, "the site's disk is full");
    if (err == EDQUOT) return fail(errc::no_space, "the quota " + whose + " is used up");
    return error_from_errno(err, "write an incoming file");
}

result<incoming_file> incoming_file::create(root_directory const& root, path_segments const& to, account_ptr owner,
                                            sender_promise promise) {
    auto file = root.create_temporary(to, std::move(owner));
    if (!file) return file.error();
    auto const expected_size = promise.size;
    auto const digests = digests_for(promise);
    incoming_file made(root, std::move(*file), std::move(promise), digests);
    if (expected_size && *expected_size > 0) {
        if (auto reserved = made.reserve(*expected_size); !reserved) return reserved.error();
    }
    return made;
}

result<void> incoming_file::reserve(std::uint64_t size) {
    if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return write_error(EFBIG);
    auto const work = [&]() -> result<void> {
        // Not every file system can reserve; then the writes tell.
        int const rc = ::fallocate(file_.fd.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
        if (rc != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) return write_error(errno);
        return {};
    };
    return act_as(file_.owner.get(), work);
}

// Long files go to the disk while they come in, so that the sync at their end has little left to wait for. Errors show there.
void incoming_file::push_to_disk() noexcept {
    constexpr std::uint64_t window = 8u << 20;
    if (written_ - pushed_ < window) return;
    (void)::sync_file_range(file_.fd.get(), static_cast<off_t>(pushed_), static_cast<off_t>(written_ - pushed_),
                            SYNC_FILE_RANGE_WRITE);
    pushed_ = written_;
}

result<void> incoming_file::write(std::string_view bytes) {
    // As the owner, because what is left of a disk depends on who asks (blocks reserved for the superuser).
    auto const work = [&]() -> result<void> {
        for (auto rest = bytes; !rest.empty();) {
            auto const n = ::write(file_.fd.get(), rest.data(), std::min(rest.size(), one_write));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return write_error(errno);
            rest.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    };
    if (auto written = act_as(file_.owner.get(), work); !written) return written;
    written_ += bytes.size();
    push_to_disk();
    return {};
}

result<digest_set> incoming_file::seal() {
    auto const work = [this] { return check_and_sync(); };
    auto sealed = act_as(file_.owner.get(), work);
    if (!sealed) discard();
    return sealed;
}

result<digest_set> incoming_file::check_and_sync() {
    auto const received = digester_.size();
    auto digests = digester_.finish();
    if (auto broken = broken_promise(promise_, received, digests); !broken.empty()) return fail(errc::corrupt, std::move(broken));
    struct stat st {};
    if (::fstat(file_.fd.get(), &st) != 0) return error_from_errno(errno, "look at an incoming file");
    facts_ = facts_of(st);
    if (facts_.size != received) return fail(errc::internal, "an incoming file does not hold what was written to it");
    if (!digests.empty()) store_digests(file_.fd.get(), facts_, digests);
    if (::fsync(file_.fd.get()) != 0) return write_error(errno);
    return digests;
}

result<void> incoming_file::publish(path_segments const& to, replace_mode mode) {
    auto published = root_->publish(file_, to, mode);
    if (published)
        ours_ = false;
    else
        discard();
    return published;
}

std::string broken_promise(sender_promise const& promise, std::uint64_t size, digest_set const& digests) {
    if (promise.size && *promise.size != size)
        return std::to_string(size) + " bytes arrived, " + std::to_string(*promise.size) + " were announced";
    for (auto const& promised : promise.digests) {
        for (auto const a :
             {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5}) {
            auto const& said = promised.get(a);
            auto const& found = digests.get(a);
            if (said && found && !(*said == *found))
                return "the bytes that arrived have " + found->text() + ", the sender promised " + said->text();
        }
    }
    return {};
}

}  // namespace fjord::site
