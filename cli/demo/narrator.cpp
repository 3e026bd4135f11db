#include "cli/demo/narrator.hpp"

#include "cli/output.hpp"

#include <cstdio>

namespace fjord::cli {

void narrator::begin(std::string step) {
    end();
    rows_.push_back({std::move(step), 0, 0, 0});
    std::printf("\n%zu. %s\n", rows_.size() - 1, rows_.back().step.c_str());
    std::fflush(stdout);
    begun_ = std::chrono::steady_clock::now();
    open_ = true;
}

void narrator::command(std::string const& line) { std::printf("   %s\n", line.c_str()); }

void narrator::say(std::string const& text) {
    std::size_t at = 0;
    while (at < text.size()) {
        auto const end = std::min(text.find('\n', at), text.size());
        std::printf("     %s\n", text.substr(at, end - at).c_str());
        at = end + 1;
    }
}

bool narrator::check(bool holds, std::string const& promise) {
    ++rows_.back().promises;
    if (!holds) ++rows_.back().broken, ++failures_;
    std::printf("     %s %s\n", holds ? "ok  " : "FAIL", promise.c_str());
    std::fflush(stdout);
    return holds;
}

void narrator::end() {
    if (!open_) return;
    rows_.back().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    open_ = false;
}

void narrator::summary() const {
    std::printf("\n");
    table t({"STEP", "RESULT", "PROMISES", "SECONDS"});
    double sum = 0;
    for (auto const& r : rows_) {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%.2f", r.seconds);
        t.add({r.step, r.broken ? "FAILED" : "ok", std::to_string(r.promises - r.broken) + "/" + std::to_string(r.promises),
               seconds});
        sum += r.seconds;
    }
    t.print();
    std::printf("\n%s in %.1f s\n", failures_ ? "Something did not hold" : "Everything held", sum);
}

}  // namespace fjord::cli
