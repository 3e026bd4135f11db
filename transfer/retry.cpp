#include "transfer/retry.hpp"

#include <algorithm>
#include <cmath>

namespace fjord::transfer {

std::string_view name_of(stage s) noexcept {
    switch (s) {
        case stage::preparing:
            return "preparing";
        case stage::copying:
            return "copying";
        case stage::verifying:
            return "verifying";
        case stage::publishing:
            break;
    }
    return "publishing";
}

std::string_view name_of(failure_class c) noexcept {
    switch (c) {
        case failure_class::transient:
            return "transient";
        case failure_class::source:
            return "source";
        case failure_class::integrity:
            return "integrity";
        case failure_class::permission:
            return "permission";
        case failure_class::space:
            return "space";
        case failure_class::permanent:
            return "permanent";
        case failure_class::cancelled:
            break;
    }
    return "cancelled";
}

failure_class classify(error const& e, stage at) noexcept {
    if (e.code == errc::cancelled) return failure_class::cancelled;
    if (e.code == errc::corrupt) return failure_class::integrity;
    if (e.code == errc::no_space) return failure_class::space;
    if (e.code == errc::denied || e.code == errc::unauthenticated) return failure_class::permission;
    if (e.code == errc::not_found) return at == stage::copying ? failure_class::source : failure_class::transient;
    if (e.code == errc::invalid_argument || e.code == errc::unsupported || e.code == errc::limit_exceeded)
        return failure_class::permanent;
    return failure_class::transient;
}

retry_verdict decide_retry(retry_options const& options, error const& e, stage at, std::uint32_t attempt,
                           double random) noexcept {
    retry_verdict out;
    out.kind = classify(e, at);
    if (out.kind == failure_class::permanent || out.kind == failure_class::cancelled) return out;
    if (attempt >= options.max_attempts) return out;
    bool slow = out.kind == failure_class::permission || out.kind == failure_class::space;
    auto base = static_cast<double>((slow ? options.slow_base : options.base).count());
    double nominal = base * std::pow(2.0, std::min<std::uint32_t>(attempt, 30) - 1.0);
    nominal = std::min(nominal, static_cast<double>(options.cap.count()));
    double spread = 1.0 - options.jitter + 2.0 * options.jitter * random;
    out.again = true;
    out.delay = milliseconds(static_cast<std::int64_t>(nominal * spread));
    return out;
}

}  // namespace fjord::transfer
