#include "cli/output.hpp"

#include "cli/exit_code.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace fjord::cli {

void print_json(json::value const& value) { std::printf("%s\n", json::serialize(value).c_str()); }

int report(error const& e) {
    std::fprintf(stderr, "fjord: %s\n", e.message().c_str());
    return exit_code_of(e);
}

std::string human_bytes(std::uint64_t bytes) {
    static constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(units)) {
        value /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

void table::print() const {
    std::vector<std::size_t> widths;
    for (auto const& h : head_) widths.push_back(h.size());
    for (auto const& row : rows_)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    auto line = [&widths](std::vector<std::string> const& cells) {
        std::string out;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            out += cells[i];
            if (i + 1 < cells.size()) out.append(widths[i] - cells[i].size() + 2, ' ');
        }
        std::printf("%s\n", out.c_str());
    };
    line(head_);
    for (auto const& row : rows_) line(row);
}

progress_bar::progress_bar(std::string what, std::uint64_t total, bool quiet)
    : what_(std::move(what)),
      total_(total),
      shown_(!quiet && isatty(STDERR_FILENO) == 1),
      begun_(std::chrono::steady_clock::now()) {}

progress_bar::~progress_bar() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
}

void progress_bar::set(std::uint64_t done) {
    if (!shown_) return;
    auto const now = std::chrono::steady_clock::now();
    if (done < total_ && now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    double const elapsed = std::max(0.001, std::chrono::duration<double>(now - begun_).count());
    int const percent = total_ ? static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(total_)) : 100;
    auto const rate = static_cast<std::uint64_t>(static_cast<double>(done) / elapsed);
    std::fprintf(stderr, "\r\033[K%s  %3d %%  %s of %s  %s/s", what_.c_str(), percent, human_bytes(done).c_str(),
                 human_bytes(total_).c_str(), human_bytes(rate).c_str());
    std::fflush(stderr);
}

std::string text_of(json::value const& v) {
    if (v.is_string()) return std::string(v.get_string());
    if (v.is_null()) return "";
    return json::serialize(v);
}

std::string member_text(json::value const& v, std::string_view key) {
    if (!v.is_object()) return {};
    auto const* m = v.get_object().if_contains(key);
    return m ? text_of(*m) : std::string();
}

}  // namespace fjord::cli
