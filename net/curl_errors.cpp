#include "base/log.hpp"
#include "net/curl_transfer.hpp"

#include <cerrno>
#include <cstring>

namespace fjord::net {

namespace {

std::string connect_reason(CURL* easy, std::string const& said) {
    long system_error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
    if (system_error == ECONNREFUSED) return "refused";
    if (system_error != 0) return std::string("failed: ") + std::strerror(static_cast<int>(system_error));
    return "failed: " + said;
}

// A wrong signature in the chain is reported as a failed handshake, with the reason only here.
std::string tls_reason(CURL* easy, std::string const& target) {
    long verdict = 0;
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    return verdict != 0 ? "TLS: certificate of " + target + " not trusted" : "TLS: handshake with " + target + " failed";
}

}  // namespace

error curl_failure(CURL* easy, CURLcode outcome, char const* text, std::string const& target) {
    std::string const said = scrub(text && *text ? text : curl_easy_strerror(outcome));
    switch (outcome) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return fail(errc::invalid_argument, "the URL is not usable: " + said);
        case CURLE_COULDNT_RESOLVE_HOST:
            return fail(errc::unavailable, "the name of " + target + " cannot be resolved");
        case CURLE_COULDNT_CONNECT:
            return fail(errc::unavailable, "connect to " + target + " " + connect_reason(easy, said));
        case CURLE_OPERATION_TIMEDOUT:
            return fail(errc::timed_out, "connect to " + target + " timed out");
        case CURLE_PEER_FAILED_VERIFICATION:
            return fail(errc::unavailable, "TLS: certificate of " + target + " not trusted (" + said + ")");
        case CURLE_SSL_CONNECT_ERROR:
            return fail(errc::unavailable, tls_reason(easy, target) + " (" + said + ")");
        case CURLE_SSL_CACERT_BADFILE:
            return fail(errc::unavailable, "TLS: the CA file cannot be read (" + said + ")");
        case CURLE_GOT_NOTHING:
            return fail(errc::unavailable, target + " closed the connection without an answer");
        case CURLE_PARTIAL_FILE:
            return fail(errc::unavailable, target + " closed before the end of its answer (" + said + ")");
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
            return fail(errc::unavailable, "the connection to " + target + " broke (" + said + ")");
        case CURLE_OUT_OF_MEMORY:
            return fail(errc::internal, "curl: out of memory");
        case CURLE_ABORTED_BY_CALLBACK:
            return fail(errc::cancelled, "the exchange with " + target + " was ended");
        default:
            return fail(errc::unavailable, "the exchange with " + target + " failed (" + said + ")");
    }
}

}  // namespace fjord::net
