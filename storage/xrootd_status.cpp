#include "base/log.hpp"
#include "storage/webdav_status.hpp"
#include "storage/xrootd_call.hpp"

#include <XProtocol/XProtocol.hh>

#include <algorithm>
#include <limits>

namespace fjord::storage {

namespace {

errc kind_of_response(std::uint32_t code, std::string_view text) {
    switch (code) {
        case kXR_NotFound:
        case kXR_noserver:
        case kXR_noReplicas:
            return errc::not_found;
        case kXR_NotAuthorized:
        case kXR_fsReadOnly:
            return errc::denied;
        case kXR_AuthFailed:
        case kXR_TLSRequired:
            return errc::unauthenticated;
        case kXR_ItExists:
            return errc::already_exists;
        case kXR_NoSpace:
        case kXR_overQuota:
            return errc::no_space;
        case kXR_ChkSumErr:
        case kXR_BadPayload:
            return errc::corrupt;
        case kXR_ArgInvalid:
        case kXR_ArgMissing:
        case kXR_ArgTooLong:
        case kXR_NotFile:
        case kXR_isDirectory:
            return errc::invalid_argument;
        case kXR_Unsupported:
        case kXR_InvalidRequest:
            return errc::unsupported;
        case kXR_Cancelled:
            return errc::cancelled;
        case kXR_Conflict:
        case kXR_FileLocked:
            return errc::conflict;
        default:
            break;
    }
    for (auto words : {"tpc not supported", "checksum not supported", "peration not supported"})
        if (text.find(words) != std::string_view::npos) return errc::unsupported;
    return errc::unavailable;
}

errc kind_of(XrdCl::XRootDStatus const& status, std::string_view text) {
    switch (status.code) {
        case XrdCl::errErrorResponse:
            return kind_of_response(status.errNo, text);
        case XrdCl::errOperationExpired:
        case XrdCl::errSocketTimeout:
            return errc::timed_out;
        case XrdCl::errAuthFailed:
        case XrdCl::errLoginFailed:
            return errc::unauthenticated;
        case XrdCl::errNotFound:
            return errc::not_found;
        case XrdCl::errCheckSumError:
        case XrdCl::errDataError:
            return errc::corrupt;
        case XrdCl::errNotSupported:
        case XrdCl::errNotImplemented:
        case XrdCl::errQueryNotSupported:
            return errc::unsupported;
        case XrdCl::errInvalidArgs:
            return errc::invalid_argument;
        case XrdCl::errOperationInterrupted:
            return errc::cancelled;
        default:
            return errc::unavailable;
    }
}

}  // namespace

error error_from_xrootd(std::string_view what, XrdCl::XRootDStatus const& status) {
    auto words = status.GetErrorMessage();
    if (words.empty()) words = status.ToStr();
    auto const reason = tidy_reason(words);
    auto const who = status.code == XrdCl::errErrorResponse ? ": the site answered: " : ": ";
    return error(kind_of(status, words), std::string(what) + who + reason);
}

std::uint16_t seconds_until(steady_time deadline) {
    auto const left = std::chrono::ceil<std::chrono::seconds>(deadline - system_clock().steady()).count();
    return static_cast<std::uint16_t>(std::clamp<std::int64_t>(left, 1, std::numeric_limits<std::uint16_t>::max()));
}

}  // namespace fjord::storage
