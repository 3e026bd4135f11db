#include "base/file.hpp"

#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

using namespace fjord;
using namespace fjord::test;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

TEST(WriteFileAtomically, ReplacesTheContentAndLeavesNothingElse) {
    temp_dir dir;
    ASSERT_THAT(write_file_atomically(dir.path("a"), "one"), IsOk());
    ASSERT_THAT(write_file_atomically(dir.path("a"), "two"), IsOk());
    EXPECT_THAT(read_file(dir.path("a")), IsOkAnd(std::string("two")));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.str()), {}), 1);
}

TEST(WriteFileAtomically, KeepsSecretsFromOthers) {
    temp_dir dir;
    ASSERT_THAT(write_file_atomically(dir.path("key"), "k", 0600), IsOk());
    struct stat facts {};
    ASSERT_EQ(::stat(dir.path("key").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777u, 0600u);
}

TEST(WriteFileAtomically, LeavesNoTemporaryFileWhenItFails) {
    temp_dir dir;
    std::filesystem::create_directories(dir.path("folder/inner"));
    EXPECT_FALSE(write_file_atomically(dir.path("folder"), "x"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.str()), {}), 1);
}

TEST(ReadFile, ReasonNamesThePath) {
    temp_dir dir;
    EXPECT_THAT(read_file(dir.path("none")), FailsWith(errc::not_found, HasSubstr(dir.path("none"))));
    EXPECT_THAT(read_file(dir.str()), HasErrc(errc::invalid_argument));
}

TEST(ReadFile, HasALimit) {
    temp_dir dir;
    dir.write("a", std::string(100, 'x'));
    EXPECT_THAT(read_file(dir.path("a"), 100), IsOk());
    EXPECT_THAT(read_file(dir.path("a"), 99), HasErrc(errc::limit_exceeded));
}

TEST(ErrorFromErrno, SortsByWhatTheCallerCanDo) {
    EXPECT_EQ(error_from_errno(ENOSPC, "write").code, make_error_code(errc::no_space));
    EXPECT_EQ(error_from_errno(EDQUOT, "write").code, make_error_code(errc::no_space));
    EXPECT_EQ(error_from_errno(EACCES, "open").code, make_error_code(errc::denied));
    EXPECT_EQ(error_from_errno(EMFILE, "open").code, make_error_code(errc::unavailable));
    EXPECT_EQ(error_from_errno(EIO, "read").code, make_error_code(errc::unavailable));
    EXPECT_THAT(error_from_errno(ENOENT, "cannot open", "/x").detail,
                AllOf(HasSubstr("cannot open /x: "), HasSubstr("No such file")));
}

TEST(UniqueFd, ClosesOnce) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    unique_fd const read_end(ends[0]);
    {
        unique_fd write_end(ends[1]);
        unique_fd moved(std::move(write_end));
        EXPECT_FALSE(write_end);
    }
    char byte;
    EXPECT_EQ(::read(read_end.get(), &byte, 1), 0) << "the other end is closed, so this is the end of the file";
}

}  // namespace
