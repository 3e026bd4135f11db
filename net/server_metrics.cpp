#include "net/server_metrics.hpp"

#include <algorithm>

namespace fjord::net {

namespace {

// A bounded set of labels: whatever else a client sends is "other".
constexpr std::array<std::string_view, 13> methods = {"GET",  "HEAD", "PUT",   "POST",     "DELETE",  "PATCH", "OPTIONS",
                                                      "COPY", "MOVE", "MKCOL", "PROPFIND", "REFUSED", "other"};

std::size_t slot_of(std::string_view method) {
    auto const at = std::find(methods.begin(), methods.end() - 1, method);
    return static_cast<std::size_t>(at - methods.begin());
}

}  // namespace

server_metrics::server_metrics(metrics_registry& registry)
    : connections(registry.gauge("fjord_http_connections", "Open client connections")),
      in_flight(registry.gauge("fjord_http_requests_in_flight", "Requests being answered")),
      accept_failures(registry.counter("fjord_http_accept_failures_total", "Failed accepts, e.g. for lack of descriptors")),
      refused_connections(registry.counter("fjord_http_connections_refused_total", "Connections beyond max_connections")),
      timeouts(registry.counter("fjord_http_timeouts_total", "Connections ended because a head, body or answer stalled")),
      quick_answers(registry.counter("fjord_http_quick_answers_total", "Plain GETs and HEADs answered by quick handlers")),
      registry_(registry),
      latency_(registry.histogram("fjord_http_request_seconds", "From the end of the head to the last byte of the answer")),
      sent_bytes_(registry.counter("fjord_http_sent_bytes_total", "Bytes of answers, heads included")) {
    static_assert(methods.size() == method_slots);
}

void server_metrics::request_done(std::string_view method, unsigned status, double seconds, std::uint64_t bytes) noexcept {
    auto const m = slot_of(method);
    auto const c = std::min<std::size_t>(status / 100, class_slots - 1);
    auto* requests = requests_[m][c].load(std::memory_order_acquire);
    if (!requests) {
        requests = &registry_.counter("fjord_http_requests_total", "Answered requests",
                                      {{"method", std::string(methods[m])}, {"status", std::to_string(c) + "xx"}});
        requests_[m][c].store(requests, std::memory_order_release);
    }
    requests->add();
    latency_.observe(seconds);
    sent_bytes_.add(bytes);
}

}  // namespace fjord::net
