// The door over real HTTPS with real tokens.
#include "door_harness.hpp"
#include "site/stored_digests.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

namespace fjord::site::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(DoorTest, AFilePutIsReadBackWithItsValidators) {
    auto const made = put("/a/b/c.txt", "hello", all, {{"Want-Repr-Digest", "sha-256=10"}});
    EXPECT_EQ(made.status, 201u) << "parents are made";
    EXPECT_EQ(made.headers.get("Repr-Digest"), repr_digest_header(sha256_of("hello")));
    auto const got = send("GET", "/a/b/c.txt");
    EXPECT_EQ(got.status, 200u);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.headers.get("ETag"), "\"" + sha256_of("hello").hex() + "\"");
    EXPECT_EQ(got.headers.get("ETag"), made.headers.get("ETag"));
    EXPECT_EQ(got.headers.get("Accept-Ranges"), "bytes");
    EXPECT_FALSE(got.headers.get("Last-Modified").empty());
    EXPECT_EQ(put("/a/b/c.txt", "again").status, 204u);
    EXPECT_EQ(send("GET", "/a/b/c.txt").body, "again");
    EXPECT_EQ(incoming(), 0u);
}

// Which digests a file gets when it comes in: the door's, those promised, those asked for.
TEST_F(DoorTest, ComputesTheDigestsThatSomebodyWants) {
    auto const stored = [&](std::string const& name) {
        unique_fd const fd(::open(root.path(name).c_str(), O_RDONLY | O_CLOEXEC));
        struct stat st {};
        ::fstat(fd.get(), &st);
        return stored_digests(fd.get(), facts_of(st)).value_or(digest_set{});
    };
    std::string const body(3'000'000, 'x');  // several buffers
    put("/plain", body);
    auto const plain = stored("plain");
    digester right;
    right.update(body);
    auto const digests = right.finish();
    EXPECT_EQ(plain.adler32, digests.adler32);
    EXPECT_EQ(plain.crc32c, digests.crc32c);
    EXPECT_FALSE(plain.sha256 || plain.md5);
    put("/promised", body, all, {{"Repr-Digest", repr_digest_header(*digests.sha256)}, {"Content-MD5", digests.md5->base64()}});
    EXPECT_EQ(stored("promised").sha256, digests.sha256);
    EXPECT_EQ(stored("promised").md5, digests.md5);
    auto const asked = put("/asked", body, all, {{"Want-Repr-Digest", "sha-256=9"}});
    EXPECT_EQ(asked.headers.get("Repr-Digest"), repr_digest_header(*digests.sha256));
    EXPECT_EQ(asked.headers.get("ETag"), send("HEAD", "/asked").headers.get("ETag"));
    EXPECT_EQ(send("HEAD", "/plain", all, {{"Want-Repr-Digest", "sha-256=9"}}).headers.get("Repr-Digest"),
              repr_digest_header(*digests.sha256))
        << "computed when it is asked for";
    EXPECT_EQ(stored("plain").sha256, digests.sha256) << "and kept";

    auto options = local_options(root.str());
    options.upload_digests = {digest_algorithm::sha256};
    start(std::move(options));
    put("/by-option", body);
    EXPECT_EQ(stored("by-option").sha256, digests.sha256);
    EXPECT_FALSE(stored("by-option").adler32);
    auto none = local_options(root.str());
    none.upload_digests = {};
    start(std::move(none));
    put("/bare", body);
    EXPECT_TRUE(stored("bare").empty());
    EXPECT_EQ(send("GET", "/bare").body, body);
}

TEST_F(DoorTest, TakesBodiesOfEverySizeAroundItsBuffers) {
    for (std::size_t size : {0u, 1u, 16'383u, 16'384u, 16'385u, 1'048'575u, 1'048'576u, 1'048'577u, 2'097'152u, 2'097'153u}) {
        std::string body(size, '\0');
        for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 >> 4);
        digester right;
        right.update(body);
        auto const digests = right.finish();
        for (bool const promised : {false, true}) {
            fields const headers =
                promised ? fields{{"Repr-Digest", repr_digest_header(*digests.sha256)}} : fields{{"Want-Digest", "adler32"}};
            auto const name = "/size" + std::to_string(size) + (promised ? "p" : "");
            auto const answer = put(name, body, all, headers);
            EXPECT_EQ(answer.status, 201u) << size;
            EXPECT_EQ(answer.headers.get("Digest"), promised ? "" : digest_header(*digests.adler32)) << size;
            EXPECT_EQ(send("GET", name).body, body) << size;
        }
    }
}

TEST_F(DoorTest, HeadTellsTheLengthAndNoBody) {
    root.write("x", "12345");
    auto const head = send("HEAD", "/x");
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.headers.get("Content-Length"), "5");
    EXPECT_EQ(head.body, "");
}

TEST_F(DoorTest, EmptyAndLargeFilesSurvive) {
    EXPECT_EQ(put("/empty", "").status, 201u);
    EXPECT_EQ(send("GET", "/empty").body, "");
    std::string large(3'500'000, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + i / 251);
    EXPECT_EQ(put("/large", large).status, 201u);
    EXPECT_TRUE(send("GET", "/large").body == large);
    EXPECT_TRUE(root.read("large") == large);
}

TEST_F(DoorTest, RangesAreServedSingleAndMultiple) {
    root.write("x.nc", "0123456789");
    auto const one = send("GET", "/x.nc", all, {{"Range", "bytes=2-4"}});
    EXPECT_EQ(one.status, 206u);
    EXPECT_EQ(one.body, "234");
    EXPECT_EQ(one.headers.get("Content-Range"), "bytes 2-4/10");
    auto const many = send("GET", "/x.nc", all, {{"Range", "bytes=0-1,5-6,-1"}});
    EXPECT_EQ(many.status, 206u);
    auto const type = many.headers.get("Content-Type");
    ASSERT_THAT(std::string(type), StartsWith("multipart/byteranges; boundary="));
    auto const boundary = std::string(type.substr(type.find('=') + 1));
    auto const part = [&](std::string const& range, std::string const& body) {
        return "--" + boundary + "\r\nContent-Type: application/x-netcdf\r\nContent-Range: bytes " + range + "/10\r\n\r\n" +
               body + "\r\n";
    };
    EXPECT_EQ(many.body, part("0-1", "01") + part("5-6", "56") + part("9-9", "9") + "--" + boundary + "--\r\n");
    auto const beyond = send("GET", "/x.nc", all, {{"Range", "bytes=10-"}});
    EXPECT_EQ(beyond.status, 416u);
    EXPECT_EQ(beyond.headers.get("Content-Range"), "bytes */10");
    EXPECT_EQ(send("GET", "/x.nc", all, {{"Range", "bytes=4-2"}}).status, 200u) << "a malformed range is no range";
}

TEST_F(DoorTest, ConditionsAreKept) {
    put("/x", "hello");
    auto const etag = std::string(send("HEAD", "/x").headers.get("ETag"));
    EXPECT_EQ(send("GET", "/x", all, {{"If-None-Match", etag}}).status, 304u);
    EXPECT_EQ(send("GET", "/x", all, {{"If-Match", "\"other\""}}).status, 412u);
    EXPECT_EQ(send("GET", "/x", all, {{"Range", "bytes=0-0"}, {"If-Range", "\"other\""}}).status, 200u);
    EXPECT_EQ(send("GET", "/x", all, {{"Range", "bytes=0-0"}, {"If-Range", etag}}).status, 206u);
    EXPECT_EQ(put("/x", "new", all, {{"If-None-Match", "*"}}).status, 412u);
    EXPECT_EQ(put("/x", "new", all, {{"If-Match", "\"other\""}}).status, 412u);
    EXPECT_EQ(put("/y", "new", all, {{"If-Match", "*"}}).status, 412u);
    EXPECT_EQ(put("/x", "new", all, {{"If-Match", etag}}).status, 204u);
    EXPECT_EQ(root.read("x"), "new");
}

TEST_F(DoorTest, DigestsAreToldInTheFormAndAlgorithmAskedFor) {
    root.write("x", "hello");  // not by the door: computed when asked for
    EXPECT_EQ(send("HEAD", "/x", all, {{"Want-Digest", "adler32"}}).headers.get("Digest"), "adler32=062c0215");
    EXPECT_EQ(send("HEAD", "/x", all, {{"Want-Digest", "md5"}}).headers.get("Digest"), "md5=XUFAKrxLKna5cZ2REBfFkg==");
    auto const crc = send("GET", "/x", all, {{"Want-Digest", "crc32c"}});
    EXPECT_THAT(std::string(crc.headers.get("Digest")), StartsWith("crc32c="));
    auto const ranged = send("GET", "/x", all, {{"Want-Repr-Digest", "sha-256=3, md5=1"}, {"Range", "bytes=0-0"}});
    EXPECT_EQ(ranged.headers.get("Repr-Digest"), repr_digest_header(sha256_of("hello")))
        << "of the whole file, also with a range";
    EXPECT_EQ(send("HEAD", "/x").headers.count("Digest"), 0u) << "nobody asked";
    EXPECT_EQ(send("HEAD", "/x", all, {{"Want-Digest", "sha-512"}}).headers.count("Digest"), 0u);
}

TEST_F(DoorTest, DigestsOfAFileChangedBehindTheDoorAreNotBelieved) {
    put("/x", "hello");
    root.write("x", "jello");
    auto const head = send("HEAD", "/x", all, {{"Want-Repr-Digest", "sha-256=1"}});
    EXPECT_EQ(head.headers.get("Repr-Digest"), repr_digest_header(sha256_of("jello")));
}

TEST_F(DoorTest, ABrokenPromiseLeavesNothing) {
    std::string const body = "hello";
    std::string const wrong = repr_digest_header(sha256_of("jello"));
    DoorTest::fields const cases[] = {
        {{"Repr-Digest", wrong}},
        {{"Content-Digest", wrong}},
        {{"Digest", "adler32=00000001"}},
        {{"Digest", "sha-256=" + sha256_of("jello").base64()}},
        {{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="}},
        {{"Repr-Digest", repr_digest_header(sha256_of("hello"))}, {"Digest", "adler32=00000001"}},
        {{"Repr-Digest", "sha-256=hello"}},
        {{"Content-MD5", "short"}},
    };
    for (auto const& headers : cases) {
        auto const answer = put("/x", body, all, headers);
        EXPECT_EQ(answer.status, 400u) << headers.front().first << ": " << headers.front().second;
        EXPECT_FALSE(exists("x"));
    }
    EXPECT_EQ(incoming(), 0u);
    EXPECT_EQ(
        put("/x", body, all, {{"Repr-Digest", repr_digest_header(sha256_of("hello"))}, {"Digest", "adler32=62c0215"}}).status,
        201u)
        << "the seven-digit adler32 of some clients is understood";
}

TEST_F(DoorTest, OddUploadsAreRefused) {
    EXPECT_EQ(put("/x", "hello", all, {{"Content-Range", "bytes 0-4/10"}}).status, 400u);
    EXPECT_EQ(put("/x", "hello", all, {{"Content-Encoding", "gzip"}}).status, 415u);
    EXPECT_EQ(put("/x/", "hello").status, 405u);
    EXPECT_EQ(put("/", "hello").status, 405u);
    put("/file", "1");
    EXPECT_EQ(put("/file/below", "hello").status, 409u) << "a parent is a file";
    EXPECT_EQ(put("/" + std::string(300, 'n'), "hello").status, 400u);
    EXPECT_EQ(incoming(), 0u);
}

TEST_F(DoorTest, AnUploadWhoseClientVanishesLeavesNothing) {
    struct vanishing {
        static net::asio::awaitable<result<std::size_t>> give(std::shared_ptr<std::size_t> sent, std::span<char> out) {
            if (*sent > 3'000'000) co_return fail(errc::cancelled, "gone");
            std::fill(out.begin(), out.end(), 'x');
            *sent += out.size();
            co_return out.size();
        }
    };
    net::client_request request;
    request.method = "PUT";
    request.url = site->url() + "/x";
    request.bearer = w.token(all);
    request.upload_length = 100'000'000;
    request.upload = [sent = std::make_shared<std::size_t>(0)](std::span<char> out) { return vanishing::give(sent, out); };
    EXPECT_FALSE(w.run(w.client->send(std::move(request))));
    EXPECT_TRUE(soon([this] { return incoming() == 0; }));
    EXPECT_FALSE(exists("x"));
}

TEST_F(DoorTest, FilesOfAKilledDoorAreSweptAtTheNextStart) {
    site.reset();
    root.write(".fjord-in/01HALFDONE", "half");
    start(local_options(root.str()));
    EXPECT_EQ(incoming(), 0u);
}

TEST_F(DoorTest, TheIncomingFolderDoesNotExistForAnybody) {
    root.write(".fjord-in/x", "half");
    for (auto const* method : {"GET", "HEAD", "DELETE", "PUT", "PROPFIND", "MKCOL"}) {
        EXPECT_EQ(send(method, "/.fjord-in/x", all, {{"Depth", "0"}}).status, 404u) << method;
        EXPECT_EQ(send(method, "/.fjord-in", all, {{"Depth", "0"}}).status, 404u) << method;
    }
    put("/a", "1");
    EXPECT_EQ(send("MOVE", "/a", all, {{"Destination", site->url() + "/.fjord-in/y"}}).status, 403u);
    EXPECT_THAT(send("PROPFIND", "/", all, {{"Depth", "1"}}).body, Not(HasSubstr("fjord-in")));
    EXPECT_THAT(send("GET", "/").body, Not(HasSubstr("fjord-in")));
}

TEST_F(DoorTest, NoPathLeavesTheRoot) {
    fjord::test::temp_dir outside;
    outside.write("secret", "s3cret");
    std::filesystem::create_directory_symlink(outside.str(), root.path("link"));
    std::filesystem::create_symlink(outside.path("secret"), root.path("file"));
    std::filesystem::create_symlink("../../../../../../etc", root.path("relative"));
    for (std::string const path : {"/link/secret", "/file", "/link", "/relative/passwd", "/link/"}) {
        EXPECT_EQ(send("GET", path).status, 404u) << path;
        EXPECT_EQ(send("HEAD", path).status, 404u) << path;
        EXPECT_EQ(send("PROPFIND", path, all, {{"Depth", "1"}}).status, 404u) << path;
        EXPECT_EQ(send("DELETE", path).status, 404u) << path;
    }
    EXPECT_GE(put("/link/new", "x").status, 400u);
    EXPECT_GE(put("/file", "x").status, 200u) << "the link itself may be replaced, what it points to not";
    EXPECT_EQ(outside.read("secret"), "s3cret");
    EXPECT_FALSE(std::filesystem::exists(outside.path("new")));
    EXPECT_GE(send("MKCOL", "/link/dir").status, 400u);
    put("/a", "1");
    EXPECT_GE(send("MOVE", "/a", all, {{"Destination", "/link/a"}}).status, 400u);
    EXPECT_FALSE(std::filesystem::exists(outside.path("a")));
    auto const listing = send("PROPFIND", "/", all, {{"Depth", "1"}}).body;
    EXPECT_THAT(listing, Not(HasSubstr("link")));
    EXPECT_THAT(listing, Not(HasSubstr("relative")));
}

TEST_F(DoorTest, SpelledTricksAreBadRequests) {
    root.write("a/b", "1");
    for (std::string const path : {"/a/../b", "/a/%2e%2e/b", "/%2e%2e/etc/passwd", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%00b",
                                   "/a//b", "/./a", "/a/.%2e/b", "/%252e%252e/x%2f", "/a/%ff", "/a%0ab"}) {
        net::client_request request;
        request.url = site->url() + path;
        request.bearer = w.token(all);
        auto const answer = w.run(w.client->send(std::move(request)));
        EXPECT_THAT(answer ? answer->status : 400u, ::testing::AnyOf(400u, 404u)) << path;
    }
}

TEST_F(DoorTest, WithoutTokenItIs401AndNamesTheScope) {
    put("/a%20b", "1");
    auto const answer = send("GET", "/a%20b", "");
    EXPECT_EQ(answer.status, 401u);
    auto const challenge = std::string(answer.headers.get("WWW-Authenticate"));
    EXPECT_THAT(challenge, HasSubstr("scope=\"storage.read:/a%20b\""));
    EXPECT_THAT(challenge, Not(HasSubstr("error=")));
    for (auto const* method : {"PUT", "DELETE", "MKCOL", "MOVE", "COPY", "PROPFIND", "HEAD"})
        EXPECT_EQ(send(method, "/x", "").status, 401u) << method;
}

TEST_F(DoorTest, OutsideTheScopeItIs403WhetherTheFileExistsOrNot) {
    put("/foo/bar", "1");
    put("/foo/bargain", "1");
    for (auto const* path : {"/foo/bargain", "/foo/absent", "/foo", "/"}) {
        auto const answer = send("GET", path, "storage.read:/foo/bar");
        EXPECT_EQ(answer.status, 403u) << path;
        EXPECT_THAT(std::string(answer.headers.get("WWW-Authenticate")), HasSubstr("insufficient_scope"));
    }
    EXPECT_EQ(send("GET", "/foo/bar", "storage.read:/foo/bar").status, 200u);
    EXPECT_EQ(send("GET", "/foo/bar/below", "storage.read:/foo/bar").status, 404u);
    EXPECT_EQ(send("GET", "/foo/bar", "storage.read:/foo/bar/").status, 403u) << "a trailing slash means the directory only";
    EXPECT_EQ(send("GET", "/foo/absent", "storage.stage:/foo").status, 403u);
    EXPECT_EQ(send("HEAD", "/foo/bar", "storage.stage:/foo").status, 200u);
}

TEST_F(DoorTest, CreateNeverOverwritesOrDeletes) {
    auto const* create = "storage.create:/";
    EXPECT_EQ(put("/x", "one", create).status, 201u);
    EXPECT_EQ(put("/x", "two", create).status, 403u);
    EXPECT_EQ(send("DELETE", "/x", create).status, 403u);
    EXPECT_EQ(send("DELETE", "/absent", create).status, 403u);
    EXPECT_EQ(put("/y", "other", create).status, 201u);
    EXPECT_EQ(send("MOVE", "/y", create, {{"Destination", "/x"}}).status, 403u);
    EXPECT_EQ(send("MOVE", "/y", create, {{"Destination", "/x"}, {"Overwrite", "F"}}).status, 412u);
    EXPECT_EQ(send("MOVE", "/y", create, {{"Destination", "/z"}}).status, 201u);
    EXPECT_EQ(root.read("x"), "one");
    EXPECT_EQ(root.read("z"), "other");
}

TEST_F(DoorTest, WhoMayOnlyStatLearnsNothingOfTheContent) {
    put("/x", "hello");
    auto const head = send("HEAD", "/x", "storage.create:/", {{"Want-Repr-Digest", "sha-256=1"}});
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.headers.get("Content-Length"), "5");
    EXPECT_EQ(head.headers.count("ETag"), 0u);
    EXPECT_EQ(head.headers.count("Repr-Digest"), 0u);
    EXPECT_EQ(send("GET", "/x", "storage.create:/").status, 403u);
    EXPECT_EQ(send("PROPFIND", "/", "storage.create:/", {{"Depth", "1"}}).status, 403u);
    EXPECT_THAT(send("PROPFIND", "/x", "storage.create:/", {{"Depth", "0"}}).body, Not(HasSubstr("getetag")));
}

TEST_F(DoorTest, PublicPathsNeedNoTokenForReading) {
    root.write("public/a", "1");
    root.write("publicity", "1");
    auto options = local_options(root.str());
    options.public_paths = {"/public"};
    start(std::move(options));
    EXPECT_EQ(send("GET", "/public/a", "").status, 200u);
    EXPECT_EQ(send("PROPFIND", "/public", "", {{"Depth", "1"}}).status, 207u);
    EXPECT_EQ(send("GET", "/public/absent", "").status, 404u);
    EXPECT_EQ(send("GET", "/publicity", "").status, 401u);
    EXPECT_EQ(put("/public/b", "x", "").status, 401u);
    EXPECT_EQ(send("GET", "/public/a", "storage.read:/elsewhere").status, 200u);
    EXPECT_EQ(send("GET", "/public/a", secret("not.a.token")).status, 401u) << "a bad token is told, not ignored";
    EXPECT_EQ(send("COPY", "/public/a", "", {{"Destination", "https://elsewhere.example/x"}}).status, 401u)
        << "reading is free, making this machine connect elsewhere is not";
}

TEST_F(DoorTest, ATicketInTheQueryIsAccepted) {
    put("/x", "hello");
    EXPECT_EQ(send("GET", "/x?ticket=" + w.token("storage.read:/x").reveal(), secret{}).status, 200u);
    EXPECT_EQ(send("GET", "/x?access_token=" + w.token("storage.read:/x").reveal(), secret{}).status, 400u);
}

TEST_F(DoorTest, DirectoriesAreMadeListedAndRemoved) {
    EXPECT_EQ(send("MKCOL", "/d/e").status, 409u) << "a parent is missing";
    EXPECT_EQ(send("MKCOL", "/d").status, 201u);
    EXPECT_EQ(send("MKCOL", "/d").status, 405u);
    EXPECT_EQ(send("MKCOL", "/d/e/").status, 201u);
    EXPECT_EQ(send("MKCOL", "/f", all, {}, "<xml/>").status, 415u);
    EXPECT_EQ(send("MKCOL", "/lead", "storage.create:/lead/deep").status, 201u)
        << "leading directories of a create scope may be made";
    EXPECT_EQ(send("MKCOL", "/other", "storage.create:/lead/deep").status, 403u);
    put("/d/a%20&%20b.tif", "123");
    EXPECT_EQ(send("PUT", "/d/a%20%26%20b.tif", all, {}, "123").status, 204u);
    auto const listing = send("PROPFIND", "/d", all, {{"Depth", "1"}});
    EXPECT_EQ(listing.status, 207u);
    EXPECT_THAT(listing.body, HasSubstr("<D:href>/d/</D:href>"));
    EXPECT_THAT(listing.body, HasSubstr("<D:href>/d/e/</D:href>"));
    EXPECT_THAT(listing.body, HasSubstr("<D:getcontentlength>3</D:getcontentlength>"));
    EXPECT_THAT(listing.body, HasSubstr("&amp;"));
    EXPECT_EQ(send("GET", "/d").body.find("e/\n") != std::string::npos, true);
    EXPECT_EQ(send("DELETE", "/d").status, 409u) << "not empty";
    EXPECT_EQ(send("DELETE", "/d/e").status, 204u);
    EXPECT_EQ(send("DELETE", "/d/a%20%26%20b.tif").status, 204u);
    EXPECT_EQ(send("DELETE", "/d").status, 204u);
    EXPECT_EQ(send("DELETE", "/d").status, 404u);
}

TEST_F(DoorTest, InfiniteDepthIsRefusedWithItsPrecondition) {
    for (DoorTest::fields const& headers : {DoorTest::fields{}, DoorTest::fields{{"Depth", "infinity"}}}) {
        auto const answer = send("PROPFIND", "/", all, headers);
        EXPECT_EQ(answer.status, 403u);
        EXPECT_THAT(answer.body, HasSubstr("propfind-finite-depth"));
    }
    put("/x", "123");
    EXPECT_EQ(send("PROPFIND", "/x").status, 207u) << "a file has no depth";
}

TEST_F(DoorTest, DirectoriesTellTheirSpace) {
    EXPECT_EQ(send("MKCOL", "/d").status, 201u);
    for (auto const* path : {"/", "/d"}) {
        auto const answer = send("PROPFIND", path, all, {{"Depth", "0"}});
        EXPECT_EQ(answer.status, 207u);
        EXPECT_THAT(answer.body, HasSubstr("<D:quota-available-bytes>")) << path;
        EXPECT_THAT(answer.body, HasSubstr("<D:quota-used-bytes>")) << path;
    }
}

TEST_F(DoorTest, PropfindTellsWhatItsBodyAsksFor) {
    put("/d/x.nc", "hello");
    auto ask = [&](std::string path, std::string what) {
        auto const body = R"(<?xml version="1.0"?><D:propfind xmlns:D="DAV:" xmlns:L="LCGDM:">)" + what + "</D:propfind>";
        return send("PROPFIND", std::move(path), all, {{"Depth", "0"}}, body).body;
    };
    auto const found = [](std::string const& properties, std::string const& status) {
        return "<D:propstat><D:prop>" + properties + "</D:prop><D:status>HTTP/1.1 " + status + "</D:status></D:propstat>";
    };
    EXPECT_THAT(ask("/d/x.nc", "<D:prop><D:getcontentlength/></D:prop>"),
                HasSubstr("</D:href>" + found("<D:getcontentlength>5</D:getcontentlength>", "200 OK") + "</D:response>"));
    EXPECT_THAT(ask("/d/x.nc", "<D:prop><L:mode/><D:resourcetype><D:collection/></D:resourcetype><D:quota-used-bytes/></D:prop>"),
                HasSubstr(found("<D:resourcetype/>", "200 OK") +
                          found("<mode xmlns=\"LCGDM:\"/><D:quota-used-bytes/>", "404 Not Found")));
    EXPECT_THAT(ask("/d", "<D:prop><D:quota-available-bytes/></D:prop>"),
                AllOf(HasSubstr("<D:prop><D:quota-available-bytes>"), Not(HasSubstr("getlastmodified")), Not(HasSubstr("404"))));
    EXPECT_THAT(ask("/d", "<D:propname/>"),
                AllOf(HasSubstr("<D:quota-used-bytes/>"), HasSubstr("<D:resourcetype/>"), Not(HasSubstr("collection"))));
    EXPECT_THAT(ask("/d", "<D:allprop/><D:include><L:mode/></D:include>"), HasSubstr("<D:quota-used-bytes>"));
    EXPECT_THAT(ask("/d", "<D:prop><L:a&amp;b/></D:prop>"), HasSubstr("PROPFIND body"));
    auto const listing =
        send("PROPFIND", "/d", all, {{"Depth", "1"}}, R"(<propfind xmlns="DAV:"><prop><getcontentlength/></prop></propfind>)")
            .body;
    EXPECT_THAT(listing, AllOf(HasSubstr("/d/x.nc</D:href>" + found("<D:getcontentlength>5</D:getcontentlength>", "200 OK")),
                               HasSubstr("/d/</D:href>" + found("<D:getcontentlength/>", "404 Not Found"))));
    for (auto const* bad : {"<propfind/>", "not xml", "<D:propfind xmlns:D=\"DAV:\"/>",
                            "<D:propfind xmlns:D=\"DAV:\"><D:allprop/><D:propname/></D:propfind>",
                            "<!DOCTYPE a [<!ENTITY b \"c\">]><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>"})
        EXPECT_EQ(send("PROPFIND", "/d", all, {{"Depth", "0"}}, bad).status, 400u) << bad;
}

TEST_F(DoorTest, WhoamiTellsTheEffectivePathsOfAToken) {
    auto options = local_options(root.str());
    options.public_paths = {"/public"};
    options.groups = {{"/vo/x y", "", {"/vo"}, {"/vo/managers"}}};
    start(options);
    auto ask = [&](secret token) { return send("GET", "/.well-known/fjord-whoami", std::move(token)); };
    auto answer = ask(w.token("storage.read:/a storage.create:/a/b/ storage.stage:/a"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_THAT(answer.body,
                HasSubstr(R"("storage":[{"path":"/a","may":["read","stage","stat"]},{"path":"/a/b/","may":["create","stat"]},)"
                          R"({"path":"/public","may":["read","stat"]}])"));
    EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
    auth::issuer_options based;
    based.url = issuer_url;
    based.audience = {audience};
    based.base_path = "/data/vo";
    w.verifier->replace_issuers({based});
    EXPECT_THAT(ask(w.token("storage.modify:/a")).body, HasSubstr(R"({"path":"/data/vo/a","may":["create","modify","stat"]})"));
    EXPECT_THAT(ask(secret{}).body, HasSubstr(R"({"anonymous":true,"storage":[{"path":"/public")"));
    EXPECT_EQ(ask(secret("not.a.token")).status, 401u);
    auth::mint_request member;
    member.subject = "tester";
    member.audience = {audience};
    member.groups = {"/vo"};
    EXPECT_THAT(ask(w.minter->mint(member)).body, HasSubstr(R"({"path":"/vo/x%20y","may":["read","stat"]})"));
    EXPECT_THAT(ask(w.minter->mint(member)).body, HasSubstr(R"("groups":["/vo"])"));
}

TEST_F(DoorTest, MoveKeepsTheRules) {
    put("/a", "1");
    put("/b", "2");
    EXPECT_EQ(send("MOVE", "/a", all).status, 400u);
    EXPECT_EQ(send("MOVE", "/a", all, {{"Destination", "https://elsewhere.example/a"}}).status, 502u);
    EXPECT_EQ(send("MOVE", "/a", all, {{"Destination", site->url() + "/a/../../x"}}).status, 400u);
    EXPECT_EQ(send("MOVE", "/a", all, {{"Destination", "/a"}}).status, 403u);
    EXPECT_EQ(send("MOVE", "/a", all, {{"Destination", "/b"}, {"Overwrite", "F"}}).status, 412u);
    EXPECT_EQ(send("MOVE", "/absent", all, {{"Destination", "/c"}}).status, 404u);
    EXPECT_EQ(send("MOVE", "/a", all, {{"Destination", site->url() + "/new/dir/a"}}).status, 201u) << "missing parents are made";
    EXPECT_EQ(send("MOVE", "/new/dir/a", all, {{"Destination", "/b"}}).status, 204u);
    EXPECT_EQ(root.read("b"), "1");
    EXPECT_EQ(send("MOVE", "/b", "storage.modify:/b", {{"Destination", "/c"}}).status, 403u)
        << "the target needs a scope as well";
}

TEST_F(DoorTest, OptionsSayWhatTheDoorIs) {
    auto const answer = send("OPTIONS", "/", "");
    EXPECT_EQ(answer.status, 204u);
    EXPECT_EQ(answer.headers.get("DAV"), "1");
    EXPECT_THAT(std::string(answer.headers.get("Allow")), HasSubstr("COPY"));
}

TEST_F(DoorTest, AMacaroonRequestIsAClean405) {
    EXPECT_EQ(send("POST", "/x", all, {{"Content-Type", "application/macaroon-request"}}, "{}").status, 405u);
}

TEST_F(DoorTest, APrefixStandsForTheRoot) {
    auto options = local_options(root.str());
    options.prefix = "/data";
    start(std::move(options));
    EXPECT_EQ(put("/data/x", "hello", "storage.create:/x").status, 201u) << "scopes are relative to the root";
    EXPECT_EQ(root.read("x"), "hello");
    EXPECT_EQ(send("GET", "/x").status, 404u);
    EXPECT_THAT(send("PROPFIND", "/data", all, {{"Depth", "1"}}).body, HasSubstr("<D:href>/data/x</D:href>"));
    EXPECT_EQ(send("MOVE", "/data/x", all, {{"Destination", site->url() + "/y"}}).status, 502u);
    EXPECT_EQ(send("MOVE", "/data/x", all, {{"Destination", site->url() + "/data/y"}}).status, 201u);
}

TEST_F(DoorTest, UploadsOverTheLimitAreRefusedEarly) {
    auto options = local_options(root.str());
    options.max_upload = 10;
    start(std::move(options));
    EXPECT_EQ(put("/x", std::string(11, 'x')).status, 413u);
    EXPECT_EQ(put("/x", std::string(10, 'x')).status, 201u);
}

TEST_F(DoorTest, SpecialFilesAreNotServed) {
    ASSERT_EQ(::mkfifo(root.path("pipe").c_str(), 0600), 0);
    EXPECT_EQ(send("GET", "/pipe").status, 404u) << "and nobody waits for a writer";
    EXPECT_EQ(send("HEAD", "/pipe").status, 404u);
    EXPECT_THAT(send("PROPFIND", "/", all, {{"Depth", "1"}}).body, Not(HasSubstr("pipe")));
}

}  // namespace
}  // namespace fjord::site::test
