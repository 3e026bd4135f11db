// curl, which shows what the door says word by word: statuses, fields and bodies that every other client builds on.
#include "tests/integration/door_bench.hpp"

namespace fjord::test {
namespace {

class Curl : public ::testing::Test {
protected:
    door_bench& bench = door_bench::get();
    storage_site const& door = bench.a();
    secret all = bench.everything();

    // -i: the head is part of the output.
    client_run curl(std::vector<std::string> rest) { return curl(all, std::move(rest)); }
    client_run curl(secret const& token, std::vector<std::string> rest) {
        std::vector<std::string> argv{"curl", "-sS", "-i", "--cacert", bench.ca(), "--max-time", "60"};
        if (!token.empty()) argv.insert(argv.end(), {"-H", "Authorization: Bearer " + token.reveal()});
        argv.insert(argv.end(), rest.begin(), rest.end());
        return bench.run(std::move(argv));
    }
    static bool is(client_run const& r, int status) {
        return r.out.find("HTTP/1.1 " + std::to_string(status)) != std::string::npos;
    }
    static std::string body(client_run const& r) {
        auto const at = r.out.rfind("\r\n\r\n");
        return at == std::string::npos ? std::string() : r.out.substr(at + 4);
    }
};

TEST_F(Curl, UploadsAndDownloads) {
    auto const content = noise(3'000'000, 31);
    auto const put = curl({"-T", bench.write("curl-up", content), door.at("/data/curl/new/scene")});
    EXPECT_TRUE(is(put, 201)) << put;
    EXPECT_TRUE(bench.content(door, "/data/curl/new/scene") == content);
    auto const again = curl({"-T", bench.path("curl-up"), door.at("/data/curl/new/scene")});
    EXPECT_TRUE(is(again, 204)) << again;
    auto const got = bench.run({"curl", "-sS", "--cacert", bench.ca(), "--oauth2-bearer", all.reveal(), "-o",
                                bench.path("curl-got"), door.at("/data/curl/new/scene")});
    EXPECT_EQ(got.exit_code, 0) << got;
    EXPECT_TRUE(*read_file(bench.path("curl-got"), 1u << 30) == content);
}

TEST_F(Curl, StreamsOfUnknownLengthAreTakenWhole) {
    auto const r = curl({"-X", "PUT", "-H", "Transfer-Encoding: chunked", "-T", bench.write("curl-chunked", noise(300'000)),
                         door.at("/data/curl-chunked")});
    EXPECT_TRUE(is(r, 201)) << r;
    EXPECT_TRUE(bench.content(door, "/data/curl-chunked") == noise(300'000));
}

TEST_F(Curl, ResumesADownload) {
    auto const content = noise(100'000, 32);
    bench.place(door, "/data/curl-resume", content);
    bench.write("curl-part", content.substr(0, 40'000));
    auto const r = bench.run({"curl", "-sS", "--cacert", bench.ca(), "-H", "Authorization: Bearer " + all.reveal(), "-C", "-",
                              "-o", bench.path("curl-part"), door.at("/data/curl-resume")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(*read_file(bench.path("curl-part")) == content);
}

TEST_F(Curl, RangesSingleSuffixAndSeveral) {
    bench.place(door, "/data/curl-range", "0123456789");
    auto const one = curl({"-r", "2-4", door.at("/data/curl-range")});
    EXPECT_TRUE(is(one, 206) && one.says("Content-Range: bytes 2-4/10")) << one;
    EXPECT_EQ(body(one), "234");
    EXPECT_EQ(body(curl({"-r", "-3", door.at("/data/curl-range")})), "789");
    auto const two = curl({"-r", "0-1,8-9", door.at("/data/curl-range")});
    EXPECT_TRUE(is(two, 206) && two.says("multipart/byteranges")) << two;
    EXPECT_TRUE(two.says("bytes 0-1/10") && two.says("bytes 8-9/10")) << two;
    EXPECT_TRUE(is(curl({"-r", "10-", door.at("/data/curl-range")}), 416));
}

TEST_F(Curl, DigestsInOldAndNewForm) {
    bench.place(door, "/data/curl-digest", "Wikipedia");  // adler32 11e60398
    auto const old_form = curl({"-I", "-H", "Want-Digest: adler32", door.at("/data/curl-digest")});
    EXPECT_TRUE(old_form.says("Digest: adler32=11e60398")) << old_form;
    auto const new_form = curl({"-I", "-H", "Want-Repr-Digest: sha-256=10", door.at("/data/curl-digest")});
    EXPECT_TRUE(new_form.says("Repr-Digest: sha-256=:" + sha256_of("Wikipedia").base64() + ":")) << new_form;
}

TEST_F(Curl, ABrokenDigestLeavesNothing) {
    auto const r =
        curl({"-T", bench.write("curl-broken", "abc"), "-H", "Digest: adler32=00000001", door.at("/data/curl-broken")});
    EXPECT_TRUE(is(r, 400)) << r;
    EXPECT_TRUE(r.says("adler32")) << "the reason is told" << r;
    EXPECT_FALSE(bench.exists(door, "/data/curl-broken"));
}

TEST_F(Curl, PropfindListsWithProperties) {
    bench.place(door, "/data/curl-list/a b.tif", noise(99));
    auto const r = curl({"-X", "PROPFIND", "-H", "Depth: 1", door.at("/data/curl-list")});
    EXPECT_TRUE(is(r, 207)) << r;
    EXPECT_TRUE(r.says("/data/curl-list/a%20b.tif") && r.says("getcontentlength>99<")) << r;
}

TEST_F(Curl, DirectoriesAreMadeMovedAndRemoved) {
    EXPECT_TRUE(is(curl({"-X", "MKCOL", door.at("/data/curl-dir")}), 201));
    EXPECT_TRUE(is(curl({"-X", "MKCOL", door.at("/data/curl-dir")}), 405));
    EXPECT_TRUE(is(curl({"-X", "MKCOL", door.at("/data/curl-none/x")}), 409));
    auto const moved = curl({"-X", "MOVE", "-H", "Destination: " + door.at("/data/curl-dir.new"), door.at("/data/curl-dir")});
    EXPECT_TRUE(is(moved, 201)) << moved;
    EXPECT_TRUE(is(curl({"-X", "DELETE", door.at("/data/curl-dir.new")}), 204));
    EXPECT_TRUE(is(curl({"-X", "DELETE", door.at("/data/curl-dir.new")}), 404));
}

TEST_F(Curl, OptionsNamesTheVerbs) {
    auto const r = curl(secret(), {"-X", "OPTIONS", door.at("/data/")});
    EXPECT_EQ(r.exit_code, 0) << r;
    for (auto const* verb : {"COPY", "PROPFIND", "MKCOL", "MOVE", "PUT"}) EXPECT_TRUE(r.says(verb)) << r;
    EXPECT_TRUE(r.says("DAV: 1")) << r;
}

TEST_F(Curl, NoTokenIsAskedForOneWithTheScopeThatWouldDo) {
    auto const r = curl(secret(), {door.at("/data/curl-anything")});
    EXPECT_TRUE(is(r, 401)) << r;
    EXPECT_TRUE(r.says("WWW-Authenticate: Bearer") && r.says("scope=\"storage.read:/curl-anything\"")) << r;
    EXPECT_FALSE(r.says("error=")) << "no error code when no token was sent (RFC 6750 section 3.1)" << r;
}

TEST_F(Curl, OutsideTheScopeIs403AndInsideIs404) {
    auto const reader = bench.token("storage.read:/curl-area");
    auto const outside = curl(reader, {door.at("/data/curl-elsewhere/nothing")});
    EXPECT_TRUE(is(outside, 403) && outside.says("insufficient_scope")) << outside;
    bench.place(door, "/data/curl-elsewhere/something", "x");
    EXPECT_TRUE(is(curl(reader, {door.at("/data/curl-elsewhere/something")}), 403));
    EXPECT_TRUE(is(curl(reader, {door.at("/data/curl-area/nothing")}), 404));
    // A name that only begins like the scope's is another name.
    bench.place(door, "/data/curl-area2/secret", "x");
    EXPECT_TRUE(is(curl(reader, {door.at("/data/curl-area2/secret")}), 403));
}

TEST_F(Curl, GroupsReadAndWriteWhereTheSiteSaysSo) {
    auto const file = bench.write("curl-group", "x");
    auto const member = bench.group_token({"/vo"}), manager = bench.group_token({"/vo", "/vo/managers"});
    EXPECT_TRUE(is(curl(manager, {"-T", file, door.at("/data/vo/protected/a")}), 201));
    EXPECT_TRUE(is(curl(member, {door.at("/data/vo/protected/a")}), 200));
    EXPECT_TRUE(is(curl(member, {"-T", file, door.at("/data/vo/protected/b")}), 403));
    EXPECT_TRUE(is(curl(member, {"-T", file, door.at("/data/vo/b")}), 201));
    EXPECT_TRUE(is(curl(member, {door.at("/data/elsewhere")}), 403));
    EXPECT_TRUE(is(curl(bench.group_token({"/others"}), {door.at("/data/vo/b")}), 403));
}

TEST_F(Curl, WhoMayOnlyCreateCannotOverwriteOrRemove) {
    bench.place(door, "/data/curl-keep", "old");
    auto const creator = bench.token("storage.create:/");
    auto const file = bench.write("curl-new", "new");
    auto const r = curl(creator, {"-T", file, door.at("/data/curl-keep")});
    EXPECT_TRUE(is(r, 403) && r.says("storage.modify")) << r;
    EXPECT_TRUE(is(curl(creator, {"-X", "DELETE", door.at("/data/curl-keep")}), 403));
    EXPECT_TRUE(is(curl(creator, {door.at("/data/curl-keep")}), 403)) << "and not read";
    EXPECT_EQ(bench.content(door, "/data/curl-keep"), "old");
    EXPECT_TRUE(is(curl(creator, {"-T", file, door.at("/data/curl-fresh")}), 201));
}

TEST_F(Curl, CreateOnlyByCondition) {
    bench.place(door, "/data/curl-cond", "old");
    auto const r = curl({"-T", bench.write("curl-cond", "new"), "-H", "If-None-Match: *", door.at("/data/curl-cond")});
    EXPECT_TRUE(is(r, 412)) << r;
    EXPECT_EQ(bench.content(door, "/data/curl-cond"), "old");
}

TEST_F(Curl, AnExpiredTokenIs401AndSaysSinceWhen) {
    bench.place(door, "/data/curl-expired", "x");
    auto const r = curl(bench.expired_token("storage.read:/"), {door.at("/data/curl-expired")});
    EXPECT_TRUE(is(r, 401) && r.says("invalid_token") && r.says("expired")) << r;
}

TEST_F(Curl, ATokenForAnotherServiceIs401) {
    auto const r = curl(bench.token("storage.read:/", {"https://elsewhere.example"}), {door.at("/data/curl-aud")});
    EXPECT_TRUE(is(r, 401) && r.says("invalid_token") && r.says(door.url)) << "the right audience is named" << r;
}

TEST_F(Curl, MacaroonRequestsAreRefusedCleanly) {
    auto const r = curl({"-X", "POST", "-H", "Content-Type: application/macaroon-request", "-d",
                         R"({"caveats":[],"validity":"PT1M"})", door.at("/data/curl-macaroon")});
    EXPECT_TRUE(is(r, 405)) << r;
}

}  // namespace
}  // namespace fjord::test
