// The quick way of GET and HEAD says what the whole way says, and knows when to leave a request to it.
#include "site/file_notes.hpp"
#include "site/stored_digests.hpp"
#include "tests/unit/site/door_harness.hpp"

#include <fcntl.h>

#include <filesystem>

namespace fjord::site::test {
namespace {

class DoorQuickTest : public DoorTest {
protected:
    // Files made by a test are remembered at once: the door's clock is an hour ahead of theirs.
    void SetUp() override {
        later.advance(std::chrono::duration_cast<milliseconds>(system_clock().now() - later.now()) + std::chrono::hours{1});
        w.time = &later;
        auto options = local_options(root.str());
        options.public_paths = {"/public"};
        start(std::move(options));
        put("/data/a.nc", content);
        put("/public/b", "for all");
        root.write("foreign.txt", "came by another way");
        put("/empty", "");
    }

    std::uint64_t quick() {
        return w.metrics.counter("fjord_http_quick_answers_total", "Plain GETs and HEADs answered by quick handlers").value();
    }
    // Whether the quick way answered.
    bool goes_quickly(std::string const& method, std::string const& path, secret token, fields const& headers = {}) {
        send(method, path, token, headers);  // now what is told of the file is known
        auto const before = quick();
        send(method, path, token, headers);
        return quick() > before;
    }
    static fields told(net::client_response const& answer) {
        fields out;
        for (auto const& [name, value] : answer.headers.items())
            if (name != "Date" && name != "X-Request-Id") out.emplace_back(name, value);
        return out;
    }

    manual_clock later;
    std::string const content = std::string(100'000, 'a') + std::string(50'000, 'b');
};

TEST_F(DoorQuickTest, says_what_the_whole_way_says) {
    auto const token = w.token(all);
    for (auto const* method : {"GET", "HEAD"}) {
        for (auto const* path : {"/data/a.nc", "/public/b", "/foreign.txt", "/empty"}) {
            for (fields const& headers : {fields{}, fields{{"Range", "bytes=10-19"}}, fields{{"Range", "bytes=-5"}},
                                          fields{{"Range", "bytes=99990-100009"}}, fields{{"Range", "lines=1-2"}}}) {
                bool const long_file = path == std::string("/data/a.nc");
                if (!long_file && !headers.empty() && headers.front().second != "bytes=-5") continue;
                if (path == std::string("/empty") && !headers.empty()) continue;  // no part of nothing
                EXPECT_TRUE(goes_quickly(method, path, token, headers)) << method << path;
                auto slowly = headers;
                slowly.emplace_back("Upgrade", "none");  // not plain
                auto const before = quick();
                auto const whole = send(method, path, token, slowly);
                EXPECT_EQ(quick(), before);
                auto const short_way = send(method, path, token, headers);
                EXPECT_EQ(short_way.status, whole.status) << method << path;
                EXPECT_EQ(short_way.body, whole.body) << method << path;
                EXPECT_EQ(told(short_way), told(whole)) << method << path;
            }
        }
    }
}

TEST_F(DoorQuickTest, serves_long_files_whole) {
    auto const token = w.token(all);
    EXPECT_TRUE(goes_quickly("GET", "/data/a.nc", token));
    EXPECT_EQ(send("GET", "/data/a.nc", token).body, content);
}

TEST_F(DoorQuickTest, leaves_conditions_digests_and_several_ranges_to_the_whole_way) {
    auto const token = w.token(all);
    for (fields const& headers :
         {fields{{"If-None-Match", "*"}}, fields{{"If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"}},
          fields{{"If-Match", "*"}}, fields{{"Range", "bytes=0-0,5-6"}}, fields{{"Range", "bytes=900000-"}},
          fields{{"Want-Digest", "adler32"}}, fields{{"Want-Repr-Digest", "sha-256=1"}},
          fields{{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}})
        EXPECT_FALSE(goes_quickly("GET", "/data/a.nc", token, headers)) << headers.front().first;
    EXPECT_EQ(send("GET", "/data/a.nc", token, {{"If-None-Match", "*"}}).status, 304u);
    EXPECT_EQ(send("GET", "/data/a.nc", token, {{"Range", "bytes=900000-"}}).status, 416u);
}

TEST_F(DoorQuickTest, needs_a_token_that_reads_here) {
    EXPECT_TRUE(goes_quickly("GET", "/data/a.nc", w.token("storage.read:/data")));
    EXPECT_TRUE(goes_quickly("GET", "/public/b", secret{}));
    EXPECT_FALSE(goes_quickly("GET", "/data/a.nc", secret{}));
    EXPECT_EQ(send("GET", "/data/a.nc", std::string{}).status, 401u);
    for (auto const* scope : {"storage.read:/dat", "storage.create:/data", "storage.modify:/data", "storage.stage:/data"}) {
        EXPECT_FALSE(goes_quickly("GET", "/data/a.nc", w.token(scope))) << scope;
        EXPECT_EQ(send("GET", "/data/a.nc", w.token(scope)).status, 403u) << scope;
    }
    EXPECT_FALSE(goes_quickly("GET", "/data/a.nc", secret("not.a.token")));
    EXPECT_EQ(send("GET", "/data/a.nc", secret("not.a.token")).status, 401u);
    EXPECT_FALSE(goes_quickly("HEAD", "/data/a.nc", w.token("storage.create:/data"))) << "who may only stat is told less";
}

TEST_F(DoorQuickTest, leaves_what_is_no_file_to_the_whole_way) {
    auto const token = w.token(all);
    std::filesystem::create_symlink(root.path("foreign.txt"), root.path("link"));
    for (auto const* path : {"/data", "/absent", "/.fjord-in/x", "/link", "/data/a.nc/x"})
        EXPECT_FALSE(goes_quickly("GET", path, token)) << path;
    EXPECT_EQ(send("GET", "/link").status, 404u);
    EXPECT_EQ(send("GET", "/absent").status, 404u);
}

TEST_F(DoorQuickTest, sees_every_change_at_once) {
    auto const token = w.token(all);
    auto const etag = [&] { return std::string(send("GET", "/data/a.nc", token).headers.get("ETag")); };
    etag();
    auto const first = etag();
    put("/data/a.nc", "another content");
    EXPECT_EQ(send("GET", "/data/a.nc", token).body, "another content");
    EXPECT_NE(etag(), first);
    root.write("data/a.nc", "yet another, in place");
    EXPECT_EQ(send("GET", "/data/a.nc", token).body, "yet another, in place");
    EXPECT_EQ(send("DELETE", "/data/a.nc").status, 204u);
    EXPECT_EQ(send("GET", "/data/a.nc", token).status, 404u);
}

TEST_F(DoorQuickTest, a_revoked_token_is_refused_from_the_next_request_on) {
    auto const token = w.token("storage.read:/");
    EXPECT_TRUE(goes_quickly("GET", "/data/a.nc", token));
    w.verifier->replace_issuers({});
    EXPECT_EQ(send("GET", "/data/a.nc", token).status, 401u);
}

TEST_F(DoorQuickTest, serves_below_a_prefix) {
    auto options = local_options(root.str());
    options.prefix = "/site/a";
    start(std::move(options));
    EXPECT_TRUE(goes_quickly("GET", "/site/a/data/a.nc", w.token(all)));
    EXPECT_EQ(send("GET", "/site/a/data/a.nc").body, content);
    EXPECT_EQ(send("GET", "/data/a.nc").status, 404u);
}

struct FileNotes : ::testing::Test {
    FileNotes() : fd(::open(dir.write("f", "content").c_str(), O_RDONLY | O_CLOEXEC)) {}
    file_facts facts() const {
        struct stat st {};
        ::fstat(fd.get(), &st);
        return facts_of(st);
    }
    wall_time const later = system_clock().now() + std::chrono::hours{1};

    fjord::test::temp_dir dir;
    unique_fd fd;
    file_notes notes;
};

TEST_F(FileNotes, remember_a_file_until_anything_of_it_changes) {
    auto const before = facts();
    EXPECT_EQ(notes.find(before), nullptr);
    auto const learnt = notes.learn(fd.get(), before, later);
    EXPECT_EQ(learnt->etag, entity_tag(before, std::nullopt));
    EXPECT_EQ(notes.find(before), learnt);
    digester digests;
    digests.update(std::string_view("content"));
    ASSERT_TRUE(store_digests(fd.get(), before, digests.finish()));
    EXPECT_EQ(notes.find(facts()), nullptr) << "an attribute has changed, so has the change time";
    EXPECT_TRUE(notes.learn(fd.get(), facts(), later)->digests);
}

TEST_F(FileNotes, do_not_remember_what_has_just_changed) {
    auto const now = facts();
    EXPECT_NE(notes.learn(fd.get(), now, now.modified() + milliseconds{100}), nullptr);
    EXPECT_EQ(notes.find(now), nullptr);
}

TEST_F(FileNotes, tell_files_apart_that_share_a_place) {
    auto const one = facts();
    auto const first = notes.learn(fd.get(), one, later);
    for (std::uint64_t inode = 1; inode < 20'000; ++inode) {
        auto other = one;
        other.inode = inode ^ 0x55555;
        if (other.inode == one.inode) continue;
        EXPECT_EQ(notes.find(other), nullptr);
        notes.learn(fd.get(), other, later);
        EXPECT_NE(notes.find(other), nullptr);
        EXPECT_NE(notes.find(other), first);
    }
}

}  // namespace
}  // namespace fjord::site::test
