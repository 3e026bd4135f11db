#pragma once
// What the server counts. Any thread; a series appears with its first request.
#include "base/metrics.hpp"

#include <array>
#include <atomic>
#include <string_view>

namespace fjord::net {

class server_metrics {
public:
    explicit server_metrics(metrics_registry& registry);

    void request_done(std::string_view method, unsigned status, double seconds, std::uint64_t bytes) noexcept;

    gauge& connections;
    gauge& in_flight;
    counter& accept_failures;
    counter& refused_connections;
    counter& timeouts;
    counter& quick_answers;

private:
    static constexpr std::size_t method_slots = 13;
    static constexpr std::size_t class_slots = 6;

    metrics_registry& registry_;
    latency_histogram& latency_;
    counter& sent_bytes_;
    std::array<std::array<std::atomic<counter*>, class_slots>, method_slots> requests_{};
};

class in_flight_guard {
public:
    explicit in_flight_guard(gauge& g) : gauge_(g) { gauge_.add(1); }
    ~in_flight_guard() { gauge_.add(-1); }
    in_flight_guard(in_flight_guard const&) = delete;
    in_flight_guard& operator=(in_flight_guard const&) = delete;

private:
    gauge& gauge_;
};

}  // namespace fjord::net
