// The path rule of WLCG v1.3 as a table over segments. No strings are concatenated or compared as paths anywhere.
#include "auth/auth.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

enum class relation { unrelated, above, same, below };  // of the object, seen from the capability's path

relation relate(std::vector<std::string> const& object, std::vector<std::string> const& scope) {
    auto common = std::min(object.size(), scope.size());
    if (!std::equal(object.begin(), object.begin() + static_cast<std::ptrdiff_t>(common), scope.begin()))
        return relation::unrelated;
    if (object.size() == scope.size()) return relation::same;
    return object.size() < scope.size() ? relation::above : relation::below;
}

// Which capabilities grant a verb: WLCG v1.3, table of scopes.
bool grants(std::string_view held, std::string_view wanted) {
    if (held == wanted) return held.starts_with("storage.");
    if (wanted == "storage.create") return held == "storage.modify";
    if (wanted == "storage.poll") return held == "storage.stage";
    if (wanted == "storage.stat")
        return held == "storage.read" || held == "storage.create" || held == "storage.modify" || held == "storage.stage";
    return false;
}

bool covers(capability const& held, std::string_view wanted, std::vector<std::string> const& segments, bool is_directory) {
    switch (relate(segments, held.segments)) {
        case relation::below:
            return true;
        case relation::same:
            return is_directory || !held.directory_only;
        case relation::above:
            return is_directory && wanted == "storage.create";  // mkdir of a leading directory
        case relation::unrelated:
            return false;
    }
    return false;
}

}  // namespace

bool allows(principal const& who, std::string_view verb, std::vector<std::string> const& segments, bool is_directory) {
    auto enough = [&](capability const& held) { return grants(held.verb, verb) && covers(held, verb, segments, is_directory); };
    return std::any_of(who.capabilities.begin(), who.capabilities.end(), enough);
}

}  // namespace fjord::auth
