#pragma once
// Digests of served files: kept in an extended attribute that names the size and modification time they belong to, so that a file
// changed behind the door's back is never described by old digests. Where the file system has no user attributes, digests are
// computed whenever they are asked for. Blocking unless said.
#include "base/digest.hpp"
#include "base/pool.hpp"
#include "site/root.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fjord::site {

inline constexpr char const* digest_attribute = "user.fjord.digests";

// The attribute's text: "1 SIZE MTIME_NS sha-256:HEX adler32:HEX ...". Pure.
std::string write_digest_record(file_facts const& facts, digest_set const& digests);
// nullopt: malformed, or of another size or time.
std::optional<digest_set> read_digest_record(std::string_view text, file_facts const& facts);

std::optional<digest_set> stored_digests(int fd, file_facts const& facts);
// False when the file system does not keep it.
bool store_digests(int fd, file_facts const& facts, digest_set const& digests) noexcept;

// Reads the whole file in slices on the pool, all four digests in one pass, and stores them. errc::conflict when the file changes
// meanwhile, errc::unavailable for I/O errors.
// Storing them is done as `who`.
boost::asio::awaitable<result<digest_set>> compute_digests(blocking_pool& pool, std::shared_ptr<unique_fd> fd, file_facts facts,
                                                           account_ptr who);

// Strong entity tag, quoted: from sha-256 when known, else from inode, size and time.
std::string entity_tag(file_facts const& facts, std::optional<digest_set> const& digests);

}  // namespace fjord::site
