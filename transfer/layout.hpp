#pragma once
// Where a copy lives below a site's url. Pure: the broker's uploads, the engine and a person with `ls` agree by calling this.
//
// Site attribute `layout`:
//   readable   C/I/A/<first 16 hex of the version>/<filename>, percent-encoded segments      default for kind "door"
//   hashed     fed/ab/cd/<64 hex of sha-256("C/I/A@sha-256:HEX")>                            default for every other kind
// A site that compares scopes as prefixes of text (the probe's path_boundary=false) gets hashed names whatever `layout` says: at
// such a site a token for "a/scene" opens "a/scene-2" too. A change of layout concerns new copies only; every replica's record
// holds its own path.
//
// At hashed sites no name is a proper prefix of another, so a token for one path opens nothing else even where a server compares
// prefixes (http-tpc rules: XRootD 5). A collection whose name begins with a dot is hashed everywhere, so that data can never
// meet a staging folder.
//
// Copies in flight lie in a folder of their own: `fed/.in/` (hashed) or `.fjord-staging/` (readable), as <transfer id>-<attempt>
// with a fixed width, so each attempt has a fresh name and none is a prefix of another.
#include "catalog/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::transfer {

// What is in force, after attribute and probe.
bool has_hashed_layout(catalog::site_record const& site);

std::string replica_path(catalog::site_record const& site, catalog::asset_ref const& asset,
                         catalog::asset_version const& version);

std::string staging_folder(catalog::site_record const& site);
// All that this or an earlier layout may have used.
std::vector<std::string> staging_folders();
std::string staging_path(catalog::site_record const& site, transfer_id const& id, std::uint32_t attempt);

// The transfer a name inside a staging folder belongs to; nullopt for names that are not ours.
std::optional<transfer_id> staged_by(std::string_view name);

// "a/b" of "a/b/c"; empty when there is no folder.
std::string parent_of(std::string_view path);

}  // namespace fjord::transfer
