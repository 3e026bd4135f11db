#pragma once
// The body of an HTTP-TPC answer as it arrives: performance markers, then one result line. A pure parser: bytes in, markers and
// a verdict out. Tolerant of what servers really write (dCache indents and adds keys, XRootD leaves the last newline out, old DPM
// writes a bare "Success", some write CRLF), strict about success: only a success line outside a marker counts, and a failure
// line anywhere wins over it.
//
//   body   = *( "Perf Marker" LF *( *WSP key ":" value LF ) *WSP "End" LF ) result
//   result = ( "success" | "failure" | "failed" | "aborted" ) [":"] text [LF]
#include "base/error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::storage {

// One finished marker.
struct perf_marker {
    std::uint64_t bytes = 0;                // moved so far, summed over all stripes seen
    std::optional<std::int64_t> timestamp;  // seconds since 1970, as the server says
    unsigned stripe = 0;
    unsigned stripes = 1;
    std::string remote;  // "tcp:192.0.2.7:1094,tcp:[2001:db8::1]:2345", may be empty
};

enum class copy_verdict {
    undecided,  // no result line yet; at the end of the body: a failure of unknown state
    success,
    failure,
    aborted,
};

class perf_marker_parser {
public:
    static constexpr std::size_t max_line = 16u << 10;  // 100 streams with IPv6 addresses fit
    static constexpr unsigned max_stripes = 1024;
    static constexpr std::size_t max_reason = 1024;  // of a result line, longer text is cut

    // errc::limit_exceeded for a longer line or more stripes; the parser takes nothing after that.
    result<void> feed(std::string_view bytes);
    // The end of the body: a last line without newline counts.
    result<void> finish();

    // Markers finished since the last call, in order.
    std::vector<perf_marker> take_markers();

    copy_verdict verdict() const noexcept { return verdict_; }
    std::string const& reason() const noexcept { return reason_; }  // text after the colon of the result line

private:
    result<void> take_line(std::string_view line);
    bool take_result(std::string_view line);
    result<void> take_field(std::string_view line);
    void end_marker();

    std::string pending_;  // an unfinished line
    bool in_marker_ = false;
    perf_marker current_;
    std::optional<std::uint64_t> current_bytes_;
    std::map<unsigned, std::uint64_t> stripe_bytes_;
    std::vector<perf_marker> markers_;
    copy_verdict verdict_ = copy_verdict::undecided;
    std::string reason_;
};

// What kind of failure a "failure: ..." text tells of: servers put the remote HTTP status or words like "checksum" in it.
// errc: denied, not_found, no_space, corrupt, already_exists, else unavailable.
errc classify_copy_failure(std::string_view reason) noexcept;

}  // namespace fjord::storage
