#pragma once
// Measuring ours beside a rival's: the same work on the same machine, pinned alike, in alternating samples, so that what else
// runs on the machine meets both. Ratios are taken pair by pair; their median and spread are what is told.
//
//   int main(int argc, char** argv) {
//       bench::session s("auth", argc, argv);
//       s.compare("mint", "1/s", ours, "OpenSSL ES256 sign", theirs);    // functions that give one sample each
//       return s.finish();
//   }
//
// Options of every bench: --samples N, --json FILE (one JSON object per case is appended), --only TEXT, --core N. A bench may
// have options of its own, told by name and default.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::bench {

// One measurement, higher is better: operations or bytes per second.
using sample = std::function<double()>;

class session {
public:
    using options = std::map<std::string, std::string>;  // "--items" -> "100000"

    // Reads the options and pins the process to one core. Ends the program with 2 on wrong usage.
    session(std::string name, int argc, char** argv, options own = {}, int samples = 15);
    std::string const& option(std::string const& name) const { return own_.at(name); }
    double number(std::string const& name) const;

    // False when --only leaves the case out; for what is dear to set up.
    bool wanted(std::string_view name) const;
    // One line per case, ending in: RATIO <case> <ours/rival> (ours ..., rival ...).
    void compare(std::string const& name, std::string const& unit, sample const& ours, std::string const& rival_name,
                 sample const& rival);
    // The same against a number that is to be reached.
    void reach(std::string const& name, std::string const& unit, sample const& ours, double goal);

    int samples() const noexcept { return samples_; }
    int finish() const;  // the exit code: 1 when no case ran

private:
    void report(std::string const& name, std::string const& unit, std::vector<double> const& ours, std::string const& rival_name,
                std::vector<double> const& rival);

    std::string name_, json_, only_;
    options own_;
    int samples_;
    int cases_ = 0;
};

// Seconds of processor time that this thread has used: what other processes take from the core does not count.
double thread_seconds() noexcept;

// Operations per second of processor time. `work(n)` does n operations; n is chosen so that a sample takes about `length`.
sample per_cpu_second(std::function<void(std::uint64_t)> work, std::chrono::milliseconds length = std::chrono::milliseconds(200));
// The same by the clock, for work that waits or uses several threads.
sample per_second(std::function<void(std::uint64_t)> work, std::chrono::milliseconds length = std::chrono::milliseconds(200));

// Keeps the optimiser from dropping a result.
template <class T>
void keep(T const& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

// The middle value; of an even number the mean of the two in the middle. `values` is not empty.
double median(std::vector<double> values);
// "16.4 k", "3.12 M".
std::string short_number(double value);

}  // namespace fjord::bench
