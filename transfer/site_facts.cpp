#include "transfer/site_facts.hpp"

#include "base/text.hpp"

namespace fjord::transfer {

std::optional<bool> fact(catalog::site_record const& site, std::string_view name) {
    auto const found = site.honours.find(std::string(name));
    if (found == site.honours.end()) return std::nullopt;
    if (found->second == "true") return true;
    if (found->second == "false") return false;
    return std::nullopt;
}

std::optional<std::vector<digest_algorithm>> told_digests(catalog::site_record const& site) {
    auto const found = site.honours.find("digests");
    if (found == site.honours.end()) return std::nullopt;
    std::vector<digest_algorithm> out;
    for (std::string_view rest = found->second; !rest.empty();)
        if (auto const a = digest_algorithm_named(take_until(rest, ','))) out.push_back(*a);
    return out;
}

}  // namespace fjord::transfer
