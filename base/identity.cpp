#include "base/identity.hpp"

#include <algorithm>

namespace fjord {

bool principal::has_role(std::string_view role) const noexcept {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool principal::in_group(std::string_view group) const noexcept {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
}

}  // namespace fjord
