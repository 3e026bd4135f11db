#pragma once
// Failure kinds that every module shares. A module with failures of its own declares them in <module>/error.hpp.
#include "base/result.hpp"

namespace fjord {

enum class errc {
    invalid_argument = 1,  // the caller's value is malformed; the detail names it
    not_found,             // there is no such thing (or the caller may not know that there is)
    already_exists,        // creating something that is there
    conflict,              // a precondition (ETag, version, state) does not hold
    denied,                // the caller is known and may not
    unauthenticated,       // no usable credentials
    limit_exceeded,        // a size, depth or count limit; the detail names the limit
    unavailable,           // a peer, a store or a queue cannot serve now; trying later may help
    timed_out,             // the deadline passed
    cancelled,             // stopped on request
    corrupt,               // bytes do not match their digest or format; never retried on the same copy
    no_space,              // disk or quota full
    unsupported,           // a valid request that this build or peer cannot do
    internal,              // a fault of our own; the detail is logged, never sent
};

error_code make_error_code(errc e) noexcept;

// True for kinds that may succeed when tried again unchanged (unavailable, timed_out).
bool is_retryable(error_code const& code) noexcept;

}  // namespace fjord

template <>
struct boost::system::is_error_code_enum<fjord::errc> : std::true_type {};
