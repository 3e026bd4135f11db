#pragma once
// What the site probe found out about a site (storage/probe/rows.hpp), as the questions that minting, layout and copying ask.
// Pure. A fact that is not known is nullopt, and whoever asks then does what works at every site.
#include "base/digest.hpp"
#include "catalog/records.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace fjord::transfer {

// "path_boundary" -> true, false; nullopt when the site was not probed or the probe could not tell.
std::optional<bool> fact(catalog::site_record const& site, std::string_view name);

// The digests that the site tells rightly when it is asked; nullopt when not known, none of them is an empty list.
std::optional<std::vector<digest_algorithm>> told_digests(catalog::site_record const& site);

}  // namespace fjord::transfer
