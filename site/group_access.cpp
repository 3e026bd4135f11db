#include "site/group_access.hpp"

#include "auth/groups.hpp"
#include "base/dataset_uri.hpp"

#include <algorithm>

namespace fjord::site {

namespace {

constexpr std::string_view everyone = "*";

bool covers(std::vector<std::string> const& top, std::vector<std::string> const& path) {
    return path.size() >= top.size() && std::equal(top.begin(), top.end(), path.begin());
}

bool is_one_of(principal const& who, std::vector<std::string> const& names) {
    return std::any_of(names.begin(), names.end(),
                       [&who](std::string const& name) { return name == everyone || who.in_group(name); });
}

// In the form in which `auth` gives the groups of a caller.
result<void> normalise(std::vector<std::string>& names) {
    for (auto& name : names) {
        if (name == everyone) continue;
        if (auto urn = auth::normalise_entitlement(name))
            name = *urn;
        else if (!auth::is_group_name(name))
            return fail(errc::invalid_argument, "'" + name + "' is neither a group (/vo/group) nor an entitlement nor *");
    }
    return {};
}

}  // namespace

result<group_access> group_access::make(std::vector<group_rule> const& rules) {
    group_access out;
    for (auto const& names : rules) {
        auto path = decode_path(names.path);
        if (!path) return error(errc::invalid_argument, "group_access path '" + names.path + "': " + path.error().message());
        rule made{std::move(path->segments), names};
        for (auto* list : {&made.names.read, &made.names.write})
            if (auto ok = normalise(*list); !ok)
                return error(ok.error().code, "group_access of " + names.path + ": " + ok.error().detail);
        for (auto const& other : out.rules_)
            if (other.path == made.path && other.names.issuer == made.names.issuer)
                return fail(errc::invalid_argument, "group_access: two blocks for " + names.path);
        out.rules_.push_back(std::move(made));
    }
    return out;
}

group_access::granted group_access::at(principal const& who, std::vector<std::string> const& path) const {
    if (who.is_anonymous() || !who.capabilities.empty()) return {};
    rule const* decisive = nullptr;
    for (auto const& r : rules_) {
        if (!covers(r.path, path) || (!r.names.issuer.empty() && r.names.issuer != who.issuer)) continue;
        bool const closer = !decisive || r.path.size() > decisive->path.size() ||
                            (r.path.size() == decisive->path.size() && decisive->names.issuer.empty());
        if (closer) decisive = &r;
    }
    if (!decisive) return {};
    return {is_one_of(who, decisive->names.read), is_one_of(who, decisive->names.write)};
}

}  // namespace fjord::site
