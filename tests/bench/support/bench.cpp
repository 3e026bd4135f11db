#include "tests/bench/support/bench.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <sched.h>
#include <sys/utsname.h>

namespace fjord::bench {
namespace {

[[noreturn]] void usage(std::string const& name, session::options const& own) {
    std::string more;
    for (auto const& [option, value] : own) more += " [" + option + " " + value + "]";
    std::fprintf(stderr, "usage: bench_%s [--samples N] [--json FILE] [--only TEXT] [--core N]%s\n", name.c_str(), more.c_str());
    std::exit(2);
}

void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) std::fprintf(stderr, "not pinned: core %d cannot be had\n", core);
}

double clock_seconds(clockid_t clock) noexcept {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

sample timed(std::function<void(std::uint64_t)> work, std::chrono::milliseconds length, clockid_t clock) {
    auto count = std::make_shared<std::uint64_t>(0);
    return [work = std::move(work), length, clock, count] {
        auto const wanted = std::chrono::duration<double>(length).count();
        auto const run = [&](std::uint64_t n) {
            auto const before = clock_seconds(clock);
            work(n);
            return std::max(clock_seconds(clock) - before, 1e-9);
        };
        // The first sample finds the number of operations that fills its time, which also warms up.
        for (std::uint64_t n = std::max<std::uint64_t>(*count, 1); *count == 0; n *= 4) {
            auto const took = run(n);
            if (took > wanted / 8)
                *count = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(n) * wanted / took));
        }
        return static_cast<double>(*count) / run(*count);
    };
}

std::string list_of(std::vector<double> const& values) {
    std::string out;
    for (auto v : values) {
        char text[32];
        std::snprintf(text, sizeof text, "%s%.6g", out.empty() ? "" : ",", v);
        out += text;
    }
    return "[" + out + "]";
}

std::string quoted(std::string const& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

session::session(std::string name, int argc, char** argv, options own, int samples)
    : name_(std::move(name)), own_(std::move(own)), samples_(samples) {
    int core = 0;
    for (int i = 1; i < argc; ++i) {
        std::string_view const option = argv[i];
        if (i + 1 >= argc) usage(name_, own_);
        char const* value = argv[++i];
        if (option == "--samples")
            samples_ = std::atoi(value);
        else if (option == "--json")
            json_ = value;
        else if (option == "--only")
            only_ = value;
        else if (option == "--core")
            core = std::atoi(value);
        else if (auto const mine = own_.find(std::string(option)); mine != own_.end())
            mine->second = value;
        else
            usage(name_, own_);
    }
    if (samples_ < 1) usage(name_, own_);
    pin(core);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

double session::number(std::string const& name) const { return std::strtod(option(name).c_str(), nullptr); }

bool session::wanted(std::string_view name) const { return only_.empty() || name.find(only_) != std::string_view::npos; }

void session::compare(std::string const& name, std::string const& unit, sample const& ours, std::string const& rival_name,
                      sample const& rival) {
    if (!wanted(name)) return;
    ours(), rival();  // warm-up, not counted
    std::vector<double> our_samples, their_samples;
    for (int i = 0; i < samples_; ++i) {
        bool const ours_first = i % 2 == 0;
        if (ours_first) our_samples.push_back(ours());
        their_samples.push_back(rival());
        if (!ours_first) our_samples.push_back(ours());
    }
    report(name, unit, our_samples, rival_name, their_samples);
}

void session::reach(std::string const& name, std::string const& unit, sample const& ours, double goal) {
    if (!wanted(name)) return;
    ours();
    std::vector<double> samples;
    for (int i = 0; i < samples_; ++i) samples.push_back(ours());
    report(name, unit, samples, "goal", std::vector<double>(samples.size(), goal));
}

void session::report(std::string const& name, std::string const& unit, std::vector<double> const& ours,
                     std::string const& rival_name, std::vector<double> const& rival) {
    ++cases_;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / rival[i]);
    auto const [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    auto const middle = median(ratios);
    std::printf("%s.%s: median %.3f, spread %.3f to %.3f over %zu pairs, beside %s; RATIO %s %.3f (ours %s%s, rival %s%s)\n",
                name_.c_str(), name.c_str(), middle, *least, *most, ratios.size(), rival_name.c_str(), name.c_str(), middle,
                short_number(median(ours)).c_str(), unit.c_str(), short_number(median(rival)).c_str(), unit.c_str());
    if (json_.empty()) return;
    utsname host{};
    uname(&host);
    std::ofstream out(json_, std::ios::app);
    out << "{\"bench\":" << quoted(name_) << ",\"case\":" << quoted(name) << ",\"unit\":" << quoted(unit)
        << ",\"rival\":" << quoted(rival_name) << ",\"ratio\":" << middle << ",\"ratios\":" << list_of(ratios)
        << ",\"ours\":" << list_of(ours) << ",\"theirs\":" << list_of(rival) << ",\"machine\":" << quoted(host.machine)
        << ",\"kernel\":" << quoted(host.release) << "}\n";
}

int session::finish() const {
    if (cases_ == 0) std::fprintf(stderr, "bench_%s: no case is called that\n", name_.c_str());
    return cases_ == 0 ? 1 : 0;
}

double thread_seconds() noexcept { return clock_seconds(CLOCK_THREAD_CPUTIME_ID); }

sample per_cpu_second(std::function<void(std::uint64_t)> work, std::chrono::milliseconds length) {
    return timed(std::move(work), length, CLOCK_THREAD_CPUTIME_ID);
}

sample per_second(std::function<void(std::uint64_t)> work, std::chrono::milliseconds length) {
    return timed(std::move(work), length, CLOCK_MONOTONIC);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    auto const n = values.size();
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

std::string short_number(double value) {
    struct step {
        double size;
        char const* letter;
    };
    char text[48];
    for (auto [size, letter] : {step{1e9, "G"}, step{1e6, "M"}, step{1e3, "k"}})
        if (value >= size) {
            std::snprintf(text, sizeof text, "%.3g %s", value / size, letter);
            return text;
        }
    std::snprintf(text, sizeof text, "%.3g ", value);
    return text;
}

}  // namespace fjord::bench
