#pragma once
// Lines for what is logged with every request: made without allocations and written many at a time. The owner flushes when it has
// a moment (the HTTP server: every 50 ms and when it stops); a killed process loses what was not flushed. One thread at a time.
//
//   log_batch lines("access");
//   lines.begin(log_level::info, "request");
//   lines.field("path", target);
//   lines.end();
#include "base/clock.hpp"
#include "base/log.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fjord {

class log_batch {
public:
    explicit log_batch(std::string_view module);
    ~log_batch();
    log_batch(log_batch const&) = delete;
    log_batch& operator=(log_batch const&) = delete;

    bool enabled(log_level level) const noexcept { return module_.enabled(level); }

    void begin(log_level level, std::string_view msg);        // names and messages of ours: no quotes, no control characters
    void field(std::string_view key, std::string_view text);  // scrubbed, cut and quoted as every log field is
    void field(std::string_view key, std::uint64_t number);
    void milliseconds_field(std::string_view key, std::chrono::nanoseconds duration);  // with three decimals
    void end();  // the line is whole; writes when enough has come together
    void flush();

private:
    logger module_;
    std::string module_name_;
    std::string text_;
    std::chrono::sys_seconds second_{};
    std::string second_text_;  // "2026-11-21T02:05:00"
};

}  // namespace fjord
