#pragma once
// What the process may do, settled once before its first thread starts: it keeps the two capabilities that acting as others needs
// (mapped mode), or none, and never those that would make the kernel look away from permissions (CAP_DAC_OVERRIDE,
// CAP_DAC_READ_SEARCH, CAP_FOWNER, ...).
#include "base/error.hpp"

#include <sys/types.h>

#include <string>

namespace fjord::site {

struct privilege_plan {
    bool act_as_others = false;   // mapped mode: keep CAP_SETUID and CAP_SETGID
    std::string service_account;  // started as root: become this account; empty: stay, without capabilities (mapped mode only)
    mode_t umask = 022;
};

// One thread only; what is started later inherits it. Sets the umask; in mapped mode, or when it changes the account, also drops
// capabilities (permitted, effective, inheritable, ambient) and sets no_new_privs. Without act_as_others and service_account the
// capabilities stay as they are. errc::denied: the capabilities are not there (the sentence says how systemd grants them);
// errc::not_found: no such service account.
result<void> settle_privileges(privilege_plan const& plan);

// "0027" -> 027. errc::invalid_argument: not octal, or over 0777.
result<mode_t> parse_umask(std::string const& text);

}  // namespace fjord::site
