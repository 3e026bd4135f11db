// The WebDAV driver against a real door: what `storage` promises and what `site` serves fit together.
#include "storage/webdav.hpp"

#include "door_harness.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::site::test {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;
using storage::driver;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

struct text_io {
    static net::asio::awaitable<result<void>> take(std::shared_ptr<std::string> to, std::string_view bytes) {
        to->append(bytes);
        co_return result<void>{};
    }
    static net::asio::awaitable<result<std::size_t>> give(std::shared_ptr<std::string> rest, std::span<char> out) {
        auto const n = std::min(out.size(), rest->size());
        std::copy_n(rest->begin(), n, out.begin());
        rest->erase(0, n);
        co_return n;
    }
};

class Conformance : public DoorTest {
protected:
    void SetUp() override {
        DoorTest::SetUp();
        at = storage::make_webdav_driver(site->url(), *w.client);
    }
    storage::call call(std::string scope = all) { return {w.token(std::move(scope)), system_clock().steady() + seconds{10}}; }
    result<void> write(std::string path, std::string text, bool overwrite = false) {
        auto const size = text.size();
        auto rest = std::make_shared<std::string>(std::move(text));
        storage::byte_source source = [rest](std::span<char> out) { return text_io::give(rest, out); };
        return w.run(at->write(call(), std::move(path), size, std::move(source), overwrite));
    }
    result<std::string> read(std::string path, std::optional<byte_span> span = std::nullopt) {
        auto text = std::make_shared<std::string>();
        storage::byte_sink sink = [text](std::string_view bytes) { return text_io::take(text, bytes); };
        auto done = w.run(at->read(call(), std::move(path), span, std::move(sink)));
        if (!done) return done.error();
        return *text;
    }
    std::unique_ptr<driver> at;
};

TEST_F(Conformance, WhatIsWrittenIsReadWholeAndInRanges) {
    std::string const bytes(1'200'000, 'z');
    EXPECT_THAT(write("a/b%20c.nc", bytes + "tail"), IsOk());
    EXPECT_TRUE(read("a/b%20c.nc").value() == bytes + "tail");
    EXPECT_EQ(read("a/b%20c.nc", byte_span{1'199'999, 1'200'004}).value(), "ztail");
    EXPECT_EQ(read("a/b%20c.nc", byte_span{5, 5}).value(), "");
    EXPECT_THAT(read("a/b%20c.nc", byte_span{2'000'000, 2'000'001}), HasErrc(errc::invalid_argument));
    EXPECT_THAT(read("absent"), HasErrc(errc::not_found));
    EXPECT_THAT(write("empty", ""), IsOk());
    EXPECT_EQ(read("empty").value(), "");
}

TEST_F(Conformance, StatTellsFilesFromDirectories) {
    EXPECT_THAT(write("d/x", "12345"), IsOk());
    auto const file = w.run(at->stat(call(), "d/x"));
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->size, 5u);
    EXPECT_FALSE(file->directory);
    EXPECT_TRUE(file->etag.size() > 2 && file->etag.front() == '"' && file->etag.back() == '"') << file->etag;
    EXPECT_TRUE(file->modified);
    auto const directory = w.run(at->stat(call(), "d"));
    ASSERT_THAT(directory, IsOk());
    EXPECT_TRUE(directory->directory);
    EXPECT_THAT(w.run(at->stat(call(), "absent")), HasErrc(errc::not_found));
    EXPECT_THAT(w.run(at->stat(call("storage.read:/elsewhere"), "d/x")), HasErrc(errc::denied));
    EXPECT_THAT(w.run(at->stat({secret{}, system_clock().steady() + seconds{5}}, "d/x")), HasErrc(errc::unauthenticated));
}

TEST_F(Conformance, WritingKeepsWhatExistsUnlessTold) {
    EXPECT_THAT(write("x", "one"), IsOk());
    EXPECT_THAT(write("x", "two"), HasErrc(errc::already_exists));
    EXPECT_EQ(read("x").value(), "one");
    EXPECT_THAT(write("x", "two", true), IsOk());
    EXPECT_EQ(read("x").value(), "two");
}

TEST_F(Conformance, DirectoriesAreMadeWithParentsAndListed) {
    EXPECT_THAT(w.run(at->make_directory(call(), "a/b/c")), IsOk());
    EXPECT_THAT(w.run(at->make_directory(call(), "a/b/c")), IsOk());
    EXPECT_THAT(w.run(at->make_directory(call("storage.create:/lead/ing/dir"), "lead/ing/dir")), IsOk());
    EXPECT_THAT(write("a/b/x%20y", "12"), IsOk());
    auto const entries = w.run(at->list(call(), "a/b"));
    ASSERT_THAT(entries, IsOk());
    std::vector<std::string> names;
    for (auto const& e : *entries) names.push_back(e.name + (e.stat.directory ? "/" : ":" + std::to_string(e.stat.size)));
    EXPECT_THAT(names, UnorderedElementsAre("c/", "x y:2"));
    EXPECT_THAT(w.run(at->list(call(), "absent")), HasErrc(errc::not_found));
    auto const top = w.run(at->list(call(), ""));
    ASSERT_THAT(top, IsOk());
    EXPECT_EQ(top->size(), 2u);
}

TEST_F(Conformance, ALargeDirectoryIsListedWhole) {
    for (int i = 0; i < 1500; ++i) root.write("many/f" + std::to_string(i), "");
    auto const entries = w.run(at->list(call(), "many"));
    ASSERT_THAT(entries, IsOk());
    EXPECT_EQ(entries->size(), 1500u);
}

TEST_F(Conformance, RemoveAndRename) {
    EXPECT_THAT(write("x", "one"), IsOk());
    EXPECT_THAT(write("y", "two"), IsOk());
    EXPECT_THAT(w.run(at->rename(call(), "x", "y")), HasErrc(errc::already_exists));
    EXPECT_THAT(w.run(at->rename(call(), "x", "new/z")), IsOk());
    EXPECT_EQ(read("new/z").value(), "one");
    EXPECT_THAT(w.run(at->remove(call(), "x")), HasErrc(errc::not_found));
    EXPECT_THAT(w.run(at->remove(call(), "y")), IsOk());
    EXPECT_THAT(w.run(at->remove(call("storage.create:/"), "new/z")), HasErrc(errc::denied));
}

TEST_F(Conformance, ChecksumsOfAllFourAlgorithmsAreTold) {
    EXPECT_THAT(write("x", "hello"), IsOk());
    digester d;
    d.update(std::string_view("hello"));
    auto const expected = d.finish();
    for (auto const a : {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5}) {
        auto const told = w.run(at->checksum(call(), "x", {a}));
        ASSERT_THAT(told, IsOk()) << name_of(a);
        EXPECT_EQ(*told, *expected.get(a));
    }
    EXPECT_EQ(w.run(at->checksum(call(), "x", {digest_algorithm::adler32, digest_algorithm::sha256}))->algorithm(),
              digest_algorithm::adler32)
        << "the first wish wins";
}

TEST_F(Conformance, ThirdPartyCopiesGoBothWaysBetweenTwoDoors) {
    fjord::test::temp_dir other_root;
    running_door other(w, local_options(other_root.str()));
    auto there = storage::make_webdav_driver(other.url(), *w.client);
    std::string const bytes(700'000, 'c');
    EXPECT_THAT(write("x", bytes), IsOk());

    std::uint64_t seen = 0;
    storage::third_party_request pull;
    pull.local_path = "in/x";
    pull.remote_url = site->url() + "/x";
    pull.remote_token = w.token("storage.read:/x");
    pull.on_progress = [&seen](storage::copy_progress const& p) { seen = p.bytes; };
    pull.require_checksum = true;
    EXPECT_THAT(w.run(there->third_party_copy(call("storage.create:/in"), pull)), IsOk());
    EXPECT_EQ(seen, bytes.size());
    EXPECT_TRUE(other_root.read("in/x") == bytes);
    EXPECT_THAT(w.run(there->third_party_copy(call("storage.create:/in"), pull)), HasErrc(errc::already_exists))
        << "Overwrite: F is always sent";

    storage::third_party_request push;
    push.mode = storage::copy_mode::push;
    push.local_path = "x";
    push.remote_url = other.url() + "/pushed";
    push.remote_token = w.token("storage.create:/pushed");
    EXPECT_THAT(w.run(at->third_party_copy(call("storage.read:/x"), push)), IsOk());
    EXPECT_TRUE(other_root.read("pushed") == bytes);

    push.local_path = "absent";
    EXPECT_THAT(w.run(at->third_party_copy(call(), push)), HasErrc(errc::not_found));
    pull.local_path = "in/y";
    pull.remote_token = w.token("storage.read:/elsewhere");
    EXPECT_THAT(w.run(there->third_party_copy(call("storage.create:/in"), pull)), HasErrc(errc::denied));
    EXPECT_FALSE(std::filesystem::exists(other_root.path("in/y")));
}

}  // namespace
}  // namespace fjord::site::test
