#include "storage/webdav_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(WebdavStatus, EachStatusHasItsKind) {
    struct {
        unsigned status;
        errc kind;
    } const cases[] = {{400, errc::invalid_argument}, {401, errc::unauthenticated}, {403, errc::denied},
                       {404, errc::not_found},        {409, errc::not_found},       {412, errc::already_exists},
                       {405, errc::unsupported},      {501, errc::unsupported},     {507, errc::no_space},
                       {413, errc::no_space},         {307, errc::unsupported},     {500, errc::unavailable},
                       {503, errc::unavailable},      {429, errc::unavailable}};
    for (auto const& c : cases) EXPECT_EQ(error_from_status("PUT x", c.status, "").code, make_error_code(c.kind)) << c.status;
}

TEST(WebdavStatus, XrootdsMissingParentIsNotFound) {
    auto const e = error_from_status("COPY x", 400, "Unable to create /data/a/b; no such file or directory");
    EXPECT_EQ(e.code, make_error_code(errc::not_found));
}

TEST(WebdavStatus, TheServersWordsArePassedOnWithoutTokens) {
    auto const e = error_from_status("GET a", 403, "<html><h1>Denied</h1> for authz=Bearer%20eyJabc.def.ghi\r\n\x1b[31m</html>");
    EXPECT_THAT(e.detail, HasSubstr("403 Forbidden"));
    EXPECT_THAT(e.detail, HasSubstr("Denied"));
    EXPECT_THAT(e.detail, Not(HasSubstr("eyJ")));
    EXPECT_THAT(e.detail, Not(HasSubstr("<")));
    EXPECT_THAT(e.detail, Not(HasSubstr("\x1b")));
}

TEST(WebdavStatus, AProblemDocumentGivesItsDetail) {
    EXPECT_EQ(tidy_reason(R"({"title":"Forbidden","detail":"no scope here"})"), "no scope here");
    EXPECT_EQ(tidy_reason(R"({"title":"Forbidden"})"), "Forbidden");
}

TEST(WebdavStatus, LongTextsAreCut) { EXPECT_LE(tidy_reason(std::string(10'000, 'x')).size(), 300u); }

}  // namespace
}  // namespace fjord::storage
