#pragma once
// Accounts of this machine that the door may act as in mapped mode, and the rules about which it never does.
#include "base/error.hpp"

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fjord::site {

struct account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // all of them, the primary one included

    friend bool operator==(account const&, account const&) = default;
};

// Null where a call takes one: the account the door itself runs as.
using account_ptr = std::shared_ptr<account const>;

// errc::denied: uid 0, a uid below `min_uid`, or membership of group 0. The sentence names the rule. Pure.
result<void> judge_account(account const& who, uid_t min_uid);

// Where names become accounts. Any thread; may block (name services ask the network): pool threads only.
class account_directory {
public:
    virtual ~account_directory() = default;
    // errc::not_found: no such account. errc::unavailable: the user database cannot be asked now.
    virtual result<account> find(std::string const& name) = 0;
};

// The accounts of `listed`, then those of the machine's user database (getpwnam_r, getgrouplist). Without cache: the caller has
// one.
std::unique_ptr<account_directory> make_account_directory(std::vector<account> listed);

// A name that may be looked up: POSIX portable characters, not starting with '-', at most 255 bytes, optionally ending in '$'.
bool is_account_name(std::string_view name) noexcept;

}  // namespace fjord::site
