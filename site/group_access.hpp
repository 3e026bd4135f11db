#pragma once
// Access by group below a path, for tokens that carry no capability scopes (capability beats group: `auth` leaves the groups of
// the others out). The rule with the longest path that covers an object decides alone, so that a part of the tree can be closed
// to those who may write around it. Pure; immutable after make, any thread.
//
//   [[group_access]]                 # all of the VO read and write,
//   path = "/vo"
//   read = ["/vo"]
//   write = ["/vo"]
//   [[group_access]]                 # but only data managers write here
//   path = "/vo/protected"
//   read = ["/vo"]
//   write = ["/vo/data-managers"]
#include "base/error.hpp"
#include "base/identity.hpp"

#include <string>
#include <vector>

namespace fjord::site {

struct group_rule {
    std::string path;    // below the root
    std::string issuer;  // whose groups; empty: those of every trusted issuer
    // Groups or AARC entitlements; "*": every token of the issuer. Writing is making, replacing, moving and removing; it does not
    // include reading.
    std::vector<std::string> read, write;
};

class group_access {
public:
    // errc::invalid_argument: a malformed path, a path twice for one issuer, a name that is no group.
    static result<group_access> make(std::vector<group_rule> const& rules);

    struct granted {
        bool read = false, write = false;
    };
    granted at(principal const& who, std::vector<std::string> const& path) const;

private:
    struct rule {
        std::vector<std::string> path;
        group_rule names;
    };
    std::vector<rule> rules_;
};

}  // namespace fjord::site
