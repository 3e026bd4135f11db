#include "site/copy_markers.hpp"

#include "base/log.hpp"

namespace fjord::site {

std::string marker_text(wall_time now, std::uint64_t bytes, std::string_view remote) {
    auto const at = std::chrono::floor<seconds>(now).time_since_epoch().count();
    std::string text = "Perf Marker\nTimestamp: " + std::to_string(at) +
                       "\nStripe Index: 0\nStripe Bytes Transferred: " + std::to_string(bytes) + "\nTotal Stripe Count: 1\n";
    if (!remote.empty()) text += "RemoteConnections: " + std::string(remote) + "\n";
    return text + "End\n";
}

std::string result_text(result<void> const& outcome) {
    if (outcome) return "success: Created\n";
    auto reason = scrub(outcome.error().message()).substr(0, 800);
    for (char& c : reason)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    return "failure: " + reason + "\n";
}

}  // namespace fjord::site
