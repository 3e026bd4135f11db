#include "cli/exit_code.hpp"

#include <gtest/gtest.h>

namespace fjord::cli {
namespace {

TEST(ExitCode, FollowsTheContract) {
    EXPECT_EQ(exit_code_of(fail(errc::invalid_argument)), 2);
    EXPECT_EQ(exit_code_of(fail(errc::not_found)), 3);
    EXPECT_EQ(exit_code_of(fail(errc::denied)), 4);
    EXPECT_EQ(exit_code_of(fail(errc::unauthenticated)), 4);
    EXPECT_EQ(exit_code_of(fail(errc::unavailable)), 5);
    EXPECT_EQ(exit_code_of(fail(errc::timed_out)), 5);
    EXPECT_EQ(exit_code_of(fail(errc::corrupt)), 6);
    EXPECT_EQ(exit_code_of(fail(errc::internal)), 1);
}

TEST(ExitCode, StatusesOfTheBrokerMapToTheSameKinds) {
    EXPECT_EQ(errc_of_status(404), errc::not_found);
    EXPECT_EQ(errc_of_status(401), errc::unauthenticated);
    EXPECT_EQ(errc_of_status(403), errc::denied);
    EXPECT_EQ(errc_of_status(503), errc::unavailable);
    EXPECT_EQ(errc_of_status(429), errc::unavailable);
    EXPECT_EQ(errc_of_status(507), errc::no_space);
}

}  // namespace
}  // namespace fjord::cli
