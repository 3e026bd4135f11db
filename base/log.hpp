#pragma once
// Structured log: one JSON object per line on standard error or a file: t, level, module, msg, request id and typed fields.
// A `secret` cannot be passed as a field. Any thread; a line is written whole.
//
//   static logger const log("transfer");
//   log.info("transfer done", {{"id", id.str()}, {"bytes", size}});
#include "base/secret.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace fjord {

enum class log_level { debug, info, warn, error, off };

struct log_field {
    std::string_view key;
    std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;

    log_field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
    log_field(std::string_view k, std::string const& v) : key(k), value(v) {}
    log_field(std::string_view k, char const* v) : key(k), value(std::string(v)) {}
    log_field(std::string_view k, bool v) : key(k), value(v) {}
    log_field(std::string_view k, int v) : key(k), value(static_cast<std::int64_t>(v)) {}
    log_field(std::string_view k, std::int64_t v) : key(k), value(v) {}
    log_field(std::string_view k, unsigned v) : key(k), value(static_cast<std::uint64_t>(v)) {}
    log_field(std::string_view k, std::uint64_t v) : key(k), value(v) {}
    log_field(std::string_view k, double v) : key(k), value(v) {}
    log_field(std::string_view k, secret const& v) = delete;
};

class logger {
public:
    explicit constexpr logger(std::string_view module) noexcept : module_(module) {}

    void debug(std::string_view msg, std::initializer_list<log_field> fields = {}) const { write(log_level::debug, msg, fields); }
    void info(std::string_view msg, std::initializer_list<log_field> fields = {}) const { write(log_level::info, msg, fields); }
    void warn(std::string_view msg, std::initializer_list<log_field> fields = {}) const { write(log_level::warn, msg, fields); }
    void error(std::string_view msg, std::initializer_list<log_field> fields = {}) const { write(log_level::error, msg, fields); }
    bool enabled(log_level level) const noexcept;

private:
    void write(log_level level, std::string_view msg, std::initializer_list<log_field> fields) const;
    std::string_view module_;
};

// Process-wide sink, set once at start; level may change at run time (SIGHUP). `file` empty: standard error.
// Returns false when the file cannot be opened.
bool set_log_output(std::string const& file);
void set_log_level(log_level level) noexcept;
bool parse_log_level(std::string_view text, log_level& out) noexcept;
std::string_view name_of(log_level level) noexcept;

// Replaces what looks like a token (`authz=`, `ticket=`, `access_token=`, "Bearer ...", "eyJ...") in text that came from
// outside, such as a URL or a peer's error message. Every field value and message passes through it.
std::string scrub(std::string_view text);
bool needs_scrubbing(std::string_view text) noexcept;  // false: scrub() would change nothing; cheap

// For log_batch.hpp: a field's text as it is logged (scrubbed, cut, in quotes), and whole lines as they are.
inline constexpr std::size_t max_log_text = 4096;  // bytes of one message or field; the rest is cut and said so
std::string log_quoted(std::string_view text);
void write_log_lines(std::string_view lines);

}  // namespace fjord
