#pragma once
// What holds where: one row per promise, one column per site, printed as Markdown at the end of a run over several sites.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace fjord::test {

class scoreboard final : public ::testing::EmptyTestEventListener {
    void OnTestEnd(::testing::TestInfo const& test) override;
    void OnTestProgramEnd(::testing::UnitTest const&) override;

    std::vector<std::string> promises_, sites_;  // in order of appearance
    std::map<std::pair<std::string, std::string>, std::string> cells_;
    std::map<std::string, std::set<std::string>> skipped_;  // reason -> sites
};

}  // namespace fjord::test
