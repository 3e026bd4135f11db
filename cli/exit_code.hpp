#pragma once
// Exit codes of the contract, and how failures map to them.
#include "base/error.hpp"

namespace fjord::cli {

enum exit_code : int {
    exit_done = 0,
    exit_failed = 1,
    exit_usage = 2,
    exit_not_found = 3,
    exit_not_allowed = 4,
    exit_unavailable = 5,  // or timed out
    exit_integrity = 6,
};

int exit_code_of(error const& e) noexcept;
// The failure that an HTTP status of the broker stands for (404 not_found, 401/403 denied, 5xx unavailable, ...).
errc errc_of_status(unsigned status) noexcept;

}  // namespace fjord::cli
