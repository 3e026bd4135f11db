#include "transfer/layout.hpp"

#include "base/dataset_uri.hpp"
#include "transfer/site_facts.hpp"

#include <algorithm>
#include <cstdio>

namespace fjord::transfer {

namespace {

constexpr std::size_t ulid_length = 26;
constexpr std::size_t attempt_width = 5;

constexpr char const *hashed_staging = "fed/.in", *readable_staging = ".fjord-staging";

std::string hashed_path(catalog::asset_ref const& asset, digest const& version) {
    auto hex = sha256_of(asset.str() + "@" + version.text()).hex();
    return "fed/" + hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex;
}

}  // namespace

bool has_hashed_layout(catalog::site_record const& site) {
    if (fact(site, "path_boundary") == false) return true;
    auto layout = site.attributes.find("layout");
    if (layout != site.attributes.end() && layout->second == "readable") return false;
    if (layout != site.attributes.end() && layout->second == "hashed") return true;
    return site.kind != "door";
}

std::string replica_path(catalog::site_record const& site, catalog::asset_ref const& asset,
                         catalog::asset_version const& version) {
    if (has_hashed_layout(site) || asset.collection.str().starts_with('.')) return hashed_path(asset, version.id);
    bool usable = !version.filename.empty() && check_name("file name", version.filename).has_value();
    auto const& name = usable ? version.filename : asset.asset.str();
    return asset.str() + "/" + version.id.hex().substr(0, 16) + "/" + encode_segment(name);
}

std::string staging_folder(catalog::site_record const& site) {
    return has_hashed_layout(site) ? hashed_staging : readable_staging;
}

std::vector<std::string> staging_folders() { return {hashed_staging, readable_staging}; }

std::string staging_path(catalog::site_record const& site, transfer_id const& id, std::uint32_t attempt) {
    char number[16];
    std::snprintf(number, sizeof number, "-%0*u", static_cast<int>(attempt_width), attempt % 100000u);
    return staging_folder(site) + "/" + id.str() + number;
}

std::optional<transfer_id> staged_by(std::string_view name) {
    if (name.size() != ulid_length + 1 + attempt_width || name[ulid_length] != '-') return std::nullopt;
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    auto ulid_char = [&](char c) { return digit(c) || (c >= 'A' && c <= 'Z'); };
    auto id = name.substr(0, ulid_length), attempt = name.substr(ulid_length + 1);
    if (!std::all_of(id.begin(), id.end(), ulid_char) || !std::all_of(attempt.begin(), attempt.end(), digit)) return std::nullopt;
    return transfer_id(id);
}

std::string parent_of(std::string_view path) {
    auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

}  // namespace fjord::transfer
