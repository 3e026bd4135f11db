#include "base/log.hpp"

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <mutex>

namespace fjord {

namespace {

std::atomic<log_level> threshold{log_level::info};

// Guards the sink and keeps lines whole: write(2) alone promises that only up to PIPE_BUF.
std::mutex sink_lock;
int sink = STDERR_FILENO;

constexpr std::string_view level_names[] = {"debug", "info", "warn", "error", "off"};

struct field_printer {
    std::string operator()(std::string const& v) const { return log_quoted(v); }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(std::uint64_t v) const { return std::to_string(v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(double v) const {
        if (!std::isfinite(v)) return "null";
        char buffer[32];
        auto const end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
        return {buffer, end};
    }
};

}  // namespace

std::string log_quoted(std::string_view text) {
    auto clean = scrub(text);
    if (clean.size() > max_log_text) clean = clean.substr(0, max_log_text) + "... (cut)";
    return json_quote(clean);
}

void write_log_lines(std::string_view lines) {
    std::lock_guard const guard(sink_lock);
    while (!lines.empty()) {
        auto const n = ::write(sink, lines.data(), lines.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return;  // nobody is left to tell
        lines.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::string_view name_of(log_level level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

bool logger::enabled(log_level level) const noexcept { return level >= threshold.load(std::memory_order_relaxed); }

void logger::write(log_level level, std::string_view msg, std::initializer_list<log_field> fields) const {
    if (!enabled(level)) return;
    std::string line = "{\"t\":\"" + format_rfc3339(system_clock().now()) + "\",\"level\":\"";
    line += name_of(level);
    line += "\",\"module\":" + json_quote(module_) + ",\"msg\":" + log_quoted(msg);
    for (auto const& field : fields) line += "," + json_quote(field.key) + ":" + std::visit(field_printer{}, field.value);
    line += "}\n";
    write_log_lines(line);
}

bool set_log_output(std::string const& file) {
    unique_fd next;
    if (!file.empty()) {
        next = unique_fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
        if (!next) return false;
    }
    std::lock_guard const guard(sink_lock);
    if (sink != STDERR_FILENO) ::close(sink);
    sink = next ? next.release() : STDERR_FILENO;
    return true;
}

void set_log_level(log_level level) noexcept { threshold.store(level, std::memory_order_relaxed); }

bool parse_log_level(std::string_view text, log_level& out) noexcept {
    for (std::size_t i = 0; i < std::size(level_names); ++i) {
        if (!iequals(level_names[i], text)) continue;
        out = static_cast<log_level>(i);
        return true;
    }
    return false;
}

}  // namespace fjord
