#include "tests/conformance/scoreboard.hpp"

#include <algorithm>
#include <cstdio>

namespace fjord::test {
namespace {

void remember(std::vector<std::string>& all, std::string const& one) {
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

// "OneByteFile" -> "one byte file"
std::string words(std::string const& name) {
    std::string out;
    for (char c : name) {
        bool const big = c >= 'A' && c <= 'Z';
        if (big && !out.empty()) out += ' ';
        out += big ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

}  // namespace

void scoreboard::OnTestEnd(::testing::TestInfo const& test) {
    if (!test.value_param()) return;
    std::string const full = test.name();  // "OneByteFile/s3"
    auto const slash = full.find('/');
    auto const promise = words(full.substr(0, slash)), site = full.substr(slash + 1);
    remember(promises_, promise);
    remember(sites_, site);
    auto const& outcome = *test.result();
    auto cell = std::string(outcome.Passed() ? "yes" : "NO");
    if (outcome.Skipped()) {
        cell = "–";
        std::string const why = outcome.total_part_count() > 0 ? outcome.GetTestPartResult(0).message() : "";
        skipped_[why].insert(promise + " (" + site + ")");
    }
    cells_[{promise, site}] = cell;
}

void scoreboard::OnTestProgramEnd(::testing::UnitTest const&) {
    if (sites_.size() < 2) return;
    std::string header = "\n| promise |", rule = "| --- |";
    for (auto const& site : sites_) {
        header += " " + site + " |";
        rule += " --- |";
    }
    std::printf("%s\n%s\n", header.c_str(), rule.c_str());
    for (auto const& promise : promises_) {
        std::string row = "| " + promise + " |";
        for (auto const& site : sites_) row += " " + cells_[{promise, site}] + " |";
        std::printf("%s\n", row.c_str());
    }
    for (auto const& [why, where] : skipped_) {
        std::string list;
        for (auto const& one : where) list += (list.empty() ? "" : ", ") + one;
        std::printf("–: %s: %s\n", list.c_str(), why.c_str());
    }
}

}  // namespace fjord::test
