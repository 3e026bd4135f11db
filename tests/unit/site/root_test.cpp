#include "site/root.hpp"

#include "site/incoming.hpp"
#include "site/listing.hpp"
#include "site/stored_digests.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/file.h>
#include <fcntl.h>

#include <filesystem>

namespace fjord::site {
namespace {

using test::HasErrc;
using test::IsOk;
using ::testing::UnorderedElementsAre;

class RootTest : public ::testing::Test {
protected:
    test::temp_dir dir;
    root_directory root = root_directory::open(dir.str()).value();

    result<void> put(path_segments const& path, std::string_view text, replace_mode mode = replace_mode::never) {
        auto file = incoming_file::create(root, path, nullptr, {.size = text.size()});
        if (!file) return file.error();
        if (auto ok = file->write(text); !ok) return ok;
        file->digest(text);
        if (auto sealed = file->seal(); !sealed) return sealed.error();
        return file->publish(path, mode);
    }
};

TEST_F(RootTest, AMissingRootIsToldByName) { EXPECT_THAT(root_directory::open(dir.path("absent")), HasErrc(errc::not_found)); }

TEST_F(RootTest, PublishMakesParentsAndRespectsWhatExists) {
    EXPECT_THAT(put({"a", "b", "x"}, "one"), IsOk());
    EXPECT_EQ(dir.read("a/b/x"), "one");
    EXPECT_THAT(put({"a", "b", "x"}, "two"), HasErrc(errc::already_exists));
    EXPECT_EQ(dir.read("a/b/x"), "one");
    EXPECT_THAT(put({"a", "b", "x"}, "two", replace_mode::allowed), IsOk());
    EXPECT_EQ(dir.read("a/b/x"), "two");
    EXPECT_THAT(put({"a", "b", "x", "below"}, "3"), HasErrc(errc::conflict));
    EXPECT_TRUE(std::filesystem::is_empty(dir.path(".fjord-in"))) << "every failure removed its file";
}

TEST_F(RootTest, DotDotCannotEvenBeExpressed) {
    // decode_path refuses these before; here the kernel does.
    std::filesystem::create_directory(dir.path("a"));
    for (auto const& path : {path_segments{".."}, path_segments{"..", "etc"}, path_segments{"a", "..", "..", "etc"}}) {
        EXPECT_THAT(root.open_existing(path), HasErrc(errc::not_found)) << path_text(path);
        auto const looked = root.look(path);
        EXPECT_TRUE(!looked || looked->state == object_state::absent) << path_text(path);
    }
    EXPECT_FALSE(put({"..", "escaped"}, "x"));
    EXPECT_FALSE(put({"a", "..", "..", "escaped"}, "x"));
}

TEST_F(RootTest, LinksAreNotFollowedInAnyPosition) {
    test::temp_dir outside;
    outside.write("x", "s3cret");
    std::filesystem::create_directory_symlink(outside.str(), dir.path("link"));
    std::filesystem::create_symlink("/proc/self/root/etc", dir.path("magic"));
    EXPECT_THAT(root.open_existing({"link", "x"}), HasErrc(errc::not_found));
    EXPECT_THAT(root.open_existing({"link"}), HasErrc(errc::not_found));
    EXPECT_THAT(root.open_existing({"magic", "hostname"}), HasErrc(errc::not_found));
    EXPECT_FALSE(put({"link", "new"}, "x"));
    EXPECT_FALSE(root.make_directory({"link", "dir"}));
    EXPECT_FALSE(root.remove({"link", "x"}));
    EXPECT_THAT(put({"from"}, "x"), IsOk());
    EXPECT_FALSE(root.rename({"from"}, {"link", "to"}, replace_mode::allowed));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outside.str()), {}), 1);
}

TEST_F(RootTest, TheRootItselfCannotBeChanged) {
    EXPECT_THAT(root.remove({}), HasErrc(errc::conflict));
    EXPECT_THAT(root.rename({"a"}, {}, replace_mode::allowed), ::testing::Not(IsOk()));
    EXPECT_THAT(root.make_directory({}), HasErrc(errc::conflict));
}

TEST_F(RootTest, ADirectoryDoesNotMoveIntoItself) {
    EXPECT_THAT(root.make_directory({"a"}), IsOk());
    EXPECT_THAT(root.rename({"a"}, {"a", "b"}, replace_mode::never), HasErrc(errc::conflict));
}

TEST_F(RootTest, TheSweepSparesWhatAnotherDoorIsWriting) {
    dir.write(".fjord-in/dead", "1");
    auto live = incoming_file::create(root, {"live"}, nullptr, {.size = 3});
    ASSERT_THAT(live, IsOk());
    auto second = root_directory::open(dir.str());
    ASSERT_THAT(second, IsOk());
    EXPECT_FALSE(std::filesystem::exists(dir.path(".fjord-in/dead")));
    EXPECT_THAT(live->write("abc"), IsOk());
    live->digest("abc");
    EXPECT_THAT(live->seal(), IsOk());
    EXPECT_THAT(live->publish({"x"}, replace_mode::never), IsOk());
    EXPECT_EQ(dir.read("x"), "abc");
}

TEST_F(RootTest, CachedOpenGivesTheSameAsTheBlockingOne) {
    dir.write("x", "abc");
    ASSERT_THAT(root.open_existing({"x"}), IsOk());
    auto const cached = root.open_cached({"x"});
    EXPECT_EQ(cached ? cached->facts.size : 3u, 3u);
    EXPECT_TRUE(cached || cached.error().code == errc::unavailable);
    EXPECT_THAT(root.open_cached({"absent"}), ::testing::Not(IsOk()));
}

TEST_F(RootTest, ListingsComeInBatchesAndLeaveOutWhatIsNotServed) {
    for (auto const* name : {"a", "b", "c"}) dir.write(name, "1");
    dir.write("bad\\name", "1");
    dir.write("bad\xffname", "1");
    std::filesystem::create_symlink("a", dir.path("link"));
    std::filesystem::create_directory(dir.path("d"));
    auto top = root.open_existing({});
    ASSERT_THAT(top, IsOk());
    auto reader = directory_reader::open(top->fd.get(), true);
    ASSERT_THAT(reader, IsOk());
    std::vector<std::string> names;
    for (;;) {
        auto const batch = reader->next(2);
        ASSERT_THAT(batch, IsOk());
        if (batch->empty()) break;
        EXPECT_LE(batch->size(), 2u);
        for (auto const& e : *batch) names.push_back(e.name);
    }
    EXPECT_THAT(names, UnorderedElementsAre("a", "b", "c", "d"));
}

TEST(Incoming, BrokenPromisesAreNamed) {
    digester d;
    d.update(std::string_view("hello"));
    auto const digests = d.finish();
    digest_set other;
    other.set(sha256_of("jello"));
    EXPECT_EQ(broken_promise({}, 5, digests), "");
    EXPECT_EQ(broken_promise({.size = 5, .digests = {digests}}, 5, digests), "");
    EXPECT_THAT(broken_promise({.size = 6}, 5, digests), ::testing::HasSubstr("5 bytes arrived, 6 were announced"));
    EXPECT_THAT(broken_promise({.digests = {digests, other}}, 5, digests), ::testing::HasSubstr("promised sha-256:"));
}

TEST(DigestRecord, IsBoundToSizeAndTime) {
    file_facts const facts{object_state::file, 5, 1'795'222'942'000'000'001, 9};
    digest_set digests;
    digests.set(sha256_of("hello"));
    auto const text = write_digest_record(facts, digests);
    auto const again = read_digest_record(text, facts);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->sha256, digests.sha256);
    auto other = facts;
    other.size = 6;
    EXPECT_FALSE(read_digest_record(text, other));
    other = facts;
    other.modified_ns += 1;
    EXPECT_FALSE(read_digest_record(text, other));
    for (auto const* bad : {"", "1", "2 5 1795222942000000001 sha-256:00", "1 5 1795222942000000001",
                            "1 5 1795222942000000001 sha-256:zz", "x y z"})
        EXPECT_FALSE(read_digest_record(bad, facts)) << bad;
}

}  // namespace
}  // namespace fjord::site
