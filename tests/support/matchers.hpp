#pragma once
// Matchers for result<T>, so that a failing test prints the reason of the failure it met.
//
//   EXPECT_THAT(store.get(id), IsOk());
//   EXPECT_THAT(parse("x"), HasErrc(errc::invalid_argument));
//   EXPECT_THAT(parse("x"), FailsWith(errc::invalid_argument, HasSubstr("line 3")));
//   EXPECT_THAT(parse("42"), IsOkAnd(Eq(42)));
#include "base/error.hpp"

#include <gmock/gmock.h>

#include <ostream>
#include <string>

namespace fjord {

inline std::ostream& operator<<(std::ostream& os, error const& e) {
    return os << e.code.category().name() << ":" << e.code.value() << " (" << e.message() << ")";
}

}  // namespace fjord

// How GoogleTest shows a result: its failure, or that there is a value.
namespace boost::system {

template <class T>
void PrintTo(result<T, fjord::error> const& r, std::ostream* os) {
    if (r) {
        *os << "a value";
        if constexpr (!std::is_void_v<T>) *os << ": " << ::testing::PrintToString(*r);
    } else {
        *os << "failure " << r.error();
    }
}

}  // namespace boost::system

namespace fjord::test {

MATCHER(IsOk, negation ? "is a failure" : "holds a value") {
    if (arg) return true;
    *result_listener << "which failed with " << arg.error();
    return false;
}

// Holds exactly this failure; any enum with make_error_code.
MATCHER_P(HasErrc, code, "fails with " + error(code).code.message()) {
    if (arg) {
        *result_listener << "which did not fail";
        return false;
    }
    *result_listener << "which failed with " << arg.error();
    return arg.error().code == error(code).code;
}

// Fails with this code, and the detail matches.
MATCHER_P2(FailsWith, code, detail, "fails with " + error(code).code.message() + " and a fitting detail") {
    if (arg) {
        *result_listener << "which did not fail";
        return false;
    }
    *result_listener << "which failed with " << arg.error();
    return arg.error().code == error(code).code && ::testing::ExplainMatchResult(detail, arg.error().detail, result_listener);
}

// Holds a value that matches.
MATCHER_P(IsOkAnd, inner, "holds a fitting value") {
    if (!arg) {
        *result_listener << "which failed with " << arg.error();
        return false;
    }
    return ::testing::ExplainMatchResult(inner, *arg, result_listener);
}

}  // namespace fjord::test
