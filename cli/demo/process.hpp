#pragma once
// Child processes of the demo: started with their output in a file or captured, ended with us whatever happens.
#include "base/error.hpp"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace fjord::cli {

using environment = std::vector<std::pair<std::string, std::string>>;  // added to ours; the only one when `clean`

struct command {
    std::vector<std::string> argv;
    environment env;
    bool clean = false;    // start with an empty environment (and PATH)
    std::string log_file;  // output goes here; empty: captured by run()
};

// A running child; ended (SIGTERM, then SIGKILL) when destroyed. The kernel ends it, too, should we die first.
class child_process {
public:
    static result<child_process> start(command const& c);
    child_process() = default;
    child_process(child_process&& o) noexcept : pid_(std::exchange(o.pid_, -1)) {}
    child_process& operator=(child_process&& o) noexcept;
    ~child_process();

    pid_t pid() const noexcept { return pid_; }
    bool running() noexcept;  // reaps a child that has ended
    void stop(std::chrono::milliseconds grace = std::chrono::seconds(10));
    void kill() noexcept;  // SIGKILL, reaped

private:
    pid_t pid_ = -1;
};

struct finished_command {
    int exit_code = -1;
    std::string out, err;
};
result<finished_command> run_command(command const& c);

}  // namespace fjord::cli
