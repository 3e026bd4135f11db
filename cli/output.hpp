#pragma once
// How commands talk: results on standard output, failures on standard error ("what failed, why, what to do"), tables for
// people, JSON for programs, a progress bar on terminals.
#include "base/json.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fjord::cli {

void print_json(json::value const& value);     // one line
int report(error const& e);                    // to standard error; gives the exit code
std::string human_bytes(std::uint64_t bytes);  // "1.5 MiB"

class table {
public:
    explicit table(std::vector<std::string> head) : head_(std::move(head)) {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void print() const;

private:
    std::vector<std::string> head_;
    std::vector<std::vector<std::string>> rows_;
};

// A line that redraws itself on a terminal at most ten times a second; silent when quiet or not a terminal.
class progress_bar {
public:
    progress_bar(std::string what, std::uint64_t total, bool quiet);
    ~progress_bar();  // clears the line
    void set(std::uint64_t done);

private:
    std::string what_;
    std::uint64_t total_;
    bool shown_;
    std::chrono::steady_clock::time_point begun_, drawn_{};
};

std::string text_of(json::value const& v);                            // strings bare, all else as JSON
std::string member_text(json::value const& v, std::string_view key);  // "" when absent

}  // namespace fjord::cli
