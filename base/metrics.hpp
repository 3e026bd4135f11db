#pragma once
// Counters, gauges and histograms in Prometheus text format 0.0.4. Register once at construction, update inline from any thread.
//
//   metrics_registry reg;
//   auto& hits = reg.counter("fjord_cache_hits_total", "Requests answered from the cache", {{"tier", "ram"}});
//   hits.add();
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fjord {

using metric_labels = std::vector<std::pair<std::string, std::string>>;

class counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

class gauge {
public:
    void set(std::int64_t v) noexcept { value_.store(v, std::memory_order_relaxed); }
    void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

// Seconds, fixed buckets from 100 us to 100 s (1-2-5 steps).
class latency_histogram {
public:
    static constexpr double bounds[] = {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                        0.2,    0.5,    1,      2,     5,     10,    20,   50,   100};
    void observe(double seconds) noexcept;
    void write(std::string& out, std::string_view name, metric_labels const& labels) const;

private:
    std::atomic<std::uint64_t> buckets_[std::size(bounds) + 1]{};
    std::atomic<std::uint64_t> sum_us_{0};
};

// Any thread. The same name and labels return the same object; references live as long as the registry.
class metrics_registry {
public:
    metrics_registry();
    ~metrics_registry();
    fjord::counter& counter(std::string name, std::string help, metric_labels labels = {});
    fjord::gauge& gauge(std::string name, std::string help, metric_labels labels = {});
    latency_histogram& histogram(std::string name, std::string help, metric_labels labels = {});
    // A value read at scrape time.
    void callback(std::string name, std::string help, metric_labels labels, std::function<double()> read);

    std::string text() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord
