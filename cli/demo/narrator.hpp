#pragma once
// What the demo says while it works: a heading per step, the real command or request, what came of it, and a table at the end.
#include <chrono>
#include <string>
#include <vector>

namespace fjord::cli {

class narrator {
public:
    void begin(std::string step);           // ends the one before
    void command(std::string const& line);  // "$ fjord ..." or "> GET ..."
    void say(std::string const& line);      // indented result
    // One thing that must hold; false is remembered and makes the demo fail.
    bool check(bool holds, std::string const& promise);
    void end();
    bool all_held() const noexcept { return failures_ == 0; }
    void summary() const;

private:
    struct row {
        std::string step;
        int promises = 0, broken = 0;
        double seconds = 0;
    };
    std::vector<row> rows_;
    int failures_ = 0;
    std::chrono::steady_clock::time_point begun_;
    bool open_ = false;
};

}  // namespace fjord::cli
