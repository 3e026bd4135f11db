#include "transfer/status.hpp"

#include <algorithm>

namespace fjord::transfer {

std::string_view name_of(rule_state s) noexcept {
    switch (s) {
        case rule_state::fulfilled:
            return "fulfilled";
        case rule_state::converging:
            return "converging";
        case rule_state::impossible:
            break;
    }
    return "impossible";
}

void status_tally::add(std::uint64_t size, std::uint32_t available, std::uint64_t bytes_under_way) {
    auto done = std::min(available, copies_);
    sum_.done += done;
    sum_.total += copies_;
    sum_.bytes_done += std::min(size * done + bytes_under_way, size * copies_);
    sum_.bytes_total += size * copies_;
}

void status_tally::add_gap(std::string const& reason) {
    if (gaps_++ == 0) gap_ = reason;
}

void status_tally::note(std::string const& sentence) {
    if (note_.empty()) note_ = sentence;
}

rule_status status_tally::finish(double bytes_per_second) const {
    auto out = sum_;
    auto left = out.bytes_total - out.bytes_done;
    if (gaps_ > 0) {
        out.state = rule_state::impossible;
        out.reason = gap_ + (gaps_ > 1 ? " (and " + std::to_string(gaps_ - 1) + " more)" : "");
    } else if (out.done == out.total) {
        out.state = rule_state::fulfilled;
        out.reason = out.total == 0 ? "the rule selects no data yet" : "all copies are available and verified";
    } else {
        out.reason = std::to_string(out.done) + " of " + std::to_string(out.total) + " copies are available" +
                     (note_.empty() ? "" : "; " + note_);
        if (bytes_per_second > 0) out.eta_s = static_cast<double>(left) / bytes_per_second;
    }
    return out;
}

}  // namespace fjord::transfer
