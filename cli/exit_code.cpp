#include "cli/exit_code.hpp"

namespace fjord::cli {

int exit_code_of(error const& e) noexcept {
    if (e.code.category() != make_error_code(errc::internal).category()) return exit_failed;
    switch (static_cast<errc>(e.code.value())) {
        case errc::invalid_argument:
            return exit_usage;
        case errc::not_found:
            return exit_not_found;
        case errc::denied:
        case errc::unauthenticated:
            return exit_not_allowed;
        case errc::unavailable:
        case errc::timed_out:
            return exit_unavailable;
        case errc::corrupt:
            return exit_integrity;
        default:
            return exit_failed;
    }
}

errc errc_of_status(unsigned status) noexcept {
    switch (status) {
        case 400:
            return errc::invalid_argument;
        case 401:
            return errc::unauthenticated;
        case 403:
            return errc::denied;
        case 404:
            return errc::not_found;
        case 409:
        case 412:
            return errc::conflict;
        case 413:
            return errc::limit_exceeded;
        case 501:
            return errc::unsupported;
        case 504:
            return errc::timed_out;
        case 507:
            return errc::no_space;
        default:
            return status >= 500 || status == 429 ? errc::unavailable : errc::internal;
    }
}

}  // namespace fjord::cli
