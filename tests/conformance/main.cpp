#include "tests/conformance/scoreboard.hpp"

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::UnitTest::GetInstance()->listeners().Append(new fjord::test::scoreboard);  // owned by the list
    return RUN_ALL_TESTS();
}
