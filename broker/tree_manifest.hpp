#pragma once
// The manifest of a tree asset (a Zarr store, a directory): one JSON object per line, {"path", "size", "digest"}, sorted by the
// bytes of the path, each path once. The digest of the tree is the sha-256 of "HEX SIZE PATH\n" of all members in that order,
// so whoever has the files can compute it, and no order of listing matters. Pure; one thread.
#include "base/digest.hpp"
#include "catalog/records.hpp"

#include <string>
#include <string_view>

namespace fjord::broker {

class tree_manifest {
public:
    static constexpr std::size_t longest_line = 32u << 10;

    // The next line. errc::invalid_argument: no such object, a bad path (catalog/catalog.hpp), out of order or twice.
    result<catalog::tree_member> read(std::string_view line);

    std::uint64_t members() const noexcept { return members_; }
    std::uint64_t bytes() const noexcept { return bytes_; }  // of all members
    digest finish();                                         // of the tree; once

private:
    digester sum_{digest_algorithm::sha256};
    std::string last_;
    std::uint64_t members_ = 0, bytes_ = 0;
};

// {"path": ..., "size": ..., "digest": "sha-256:..."}: a line of a manifest, and of the list of members.
std::string manifest_line(catalog::tree_member const& m);

}  // namespace fjord::broker
