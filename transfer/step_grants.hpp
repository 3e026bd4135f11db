#pragma once
// What a token must carry for one step at one site, no more: the WLCG profile's words where the site keeps to them, and what
// servers such as XRootD 5.5.3 need beyond that where the probe found so or nothing is known. Pure.
#include "transfer/access.hpp"

#include <string>
#include <vector>

namespace fjord::transfer {

// Stat, checksum and reading back.
std::vector<grant> verify_grants(std::string const& path);

// DELETE. modify; with read too where deleting looks first (modify_delete is not known to be true).
std::vector<grant> remove_grants(catalog::site_record const& site, std::string const& path);

// Looking whether `to` is free, MOVE, and looking again. Where MOVE replaces whatever stands there in spite of Overwrite: F
// (overwrite_move=false) the token carries no modify: with create alone the server refuses to replace.
std::vector<grant> rename_grants(catalog::site_record const& site, std::string const& from, std::string const& to);

}  // namespace fjord::transfer
