// The driver against servers that answer as real ones do, faults included.
#include "storage/webdav.hpp"

#include "fake_site.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::storage {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using test::fake_site;
using test::seen_request;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

call soon(char const* token = "t0ken") { return {secret(token), system_clock().steady() + seconds{5}}; }

net::response propfind_file(std::string const& href, std::uint64_t size) {
    return net::text_response(
        207,
        R"(<D:multistatus xmlns:D="DAV:"><D:response><D:href>)" + href + "</D:href><D:propstat><D:prop><D:getcontentlength>" +
            std::to_string(size) +
            "</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>",
        "application/xml");
}

std::vector<std::string> methods(std::vector<seen_request> const& requests) {
    std::vector<std::string> out;
    for (auto const& r : requests) out.push_back(r.method);
    return out;
}

byte_sink into(std::shared_ptr<std::string> text) {
    struct sink {
        static boost::asio::awaitable<result<void>> take(std::shared_ptr<std::string> to, std::string bytes) {
            to->append(bytes);
            co_return result<void>{};
        }
    };
    return [text](std::string_view bytes) { return sink::take(text, std::string(bytes)); };
}

byte_source from(std::string bytes) {
    struct source {
        static boost::asio::awaitable<result<std::size_t>> give(std::shared_ptr<std::string> rest, std::span<char> out) {
            auto const n = std::min(out.size(), rest->size());
            std::copy_n(rest->begin(), n, out.begin());
            rest->erase(0, n);
            co_return n;
        }
    };
    return [rest = std::make_shared<std::string>(std::move(bytes))](std::span<char> out) { return source::give(rest, out); };
}

third_party_request pull_request() {
    third_party_request request;
    request.local_path = "fed/x.nc";
    request.remote_url = "https://src.example:1094/fed/x.nc";
    request.remote_token = secret("r3ad");
    return request;
}

result<void> copy_answered(unsigned status, std::string body, std::vector<seen_request>* seen = nullptr) {
    fake_site site([&](seen_request const&) { return net::text_response(status, body); });
    auto driver = make_webdav_driver(site.url() + "/data/", site.client());
    auto outcome = site.run(driver->third_party_copy(soon(), pull_request()));
    if (seen) *seen = site.seen();
    return outcome;
}

TEST(WebdavCopy, TheRequestCarriesWhatServersNeed) {
    std::vector<seen_request> seen;
    EXPECT_THAT(copy_answered(201, "success: Created", &seen), IsOk());
    ASSERT_EQ(seen.size(), 1u);
    auto const& h = seen[0].headers;
    EXPECT_EQ(seen[0].path, "/data/fed/x.nc");
    EXPECT_EQ(h.get("Source"), "https://src.example:1094/fed/x.nc");
    EXPECT_EQ(h.count("Destination"), 0u);
    EXPECT_EQ(h.get("Credential"), "none");
    EXPECT_EQ(h.get("Overwrite"), "F");
    EXPECT_EQ(h.get("Authorization"), "Bearer t0ken");
    EXPECT_EQ(h.get("TransferHeaderAuthorization"), "Bearer r3ad");
}

TEST(WebdavCopy, A2xxIsNoSuccessWithoutTheWord) {
    for (unsigned const status : {200u, 201u, 202u}) {
        EXPECT_THAT(copy_answered(status, "success: Created"), IsOk()) << status;
        EXPECT_THAT(copy_answered(status, "Perf Marker\nStripe Index: 0\nEnd\n"),
                    FailsWith(errc::unavailable, HasSubstr("unknown state")))
            << status;
        EXPECT_THAT(copy_answered(status, ""), FailsWith(errc::unavailable, HasSubstr("unknown state"))) << status;
    }
}

TEST(WebdavCopy, AFailureLineSaysWhatKindItIs) {
    EXPECT_THAT(copy_answered(201, "failure: Remote side failed with status code 403; error message: \"no\""),
                HasErrc(errc::denied));
    EXPECT_THAT(copy_answered(202, "failure: rejected GET: 404 Not Found\n"), HasErrc(errc::not_found));
    EXPECT_THAT(copy_answered(202, "aborted: shutdown\n"), FailsWith(errc::unavailable, HasSubstr("shutdown")));
}

TEST(WebdavCopy, RefusalsBeforeTheStartKeepTheirKind) {
    EXPECT_THAT(copy_answered(412, "exists"), HasErrc(errc::already_exists));
    EXPECT_THAT(copy_answered(400, "Unable to create /x; no such file or directory"), HasErrc(errc::not_found));
    EXPECT_THAT(copy_answered(401, ""), HasErrc(errc::unauthenticated));
    EXPECT_THAT(copy_answered(307, ""), HasErrc(errc::unsupported));
}

boost::asio::awaitable<result<void>> stalling_body(net::body_writer& to) {
    auto sent = co_await to.write("Perf Marker\nStripe Index: 0\nStripe Bytes Transferred: 7\nEnd\n");
    if (!sent) co_return sent;
    for (int i = 0; i < 100 && sent; ++i) {
        boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, milliseconds{50});
        co_await pause.async_wait(boost::asio::use_awaitable);
        sent = co_await to.write("\n");  // bytes, but no marker
    }
    co_return sent;
}

TEST(WebdavCopy, BytesWithoutMarkersAreAStall) {
    fake_site site([](seen_request const&) {
        net::response answer;
        answer.status = 202;
        answer.body = net::produced_body{std::nullopt, &stalling_body};
        return answer;
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    auto request = pull_request();
    request.stall = seconds{1};
    std::uint64_t told = 0;
    request.on_progress = [&told](copy_progress const& p) { told = p.bytes; };
    EXPECT_THAT(site.run(driver->third_party_copy(soon(), request)), FailsWith(errc::timed_out, HasSubstr("no progress marker")));
    EXPECT_EQ(told, 7u);
}

TEST(WebdavChecksum, AnotherAlgorithmThanAskedIsNotTaken) {
    // XRootD 5.5.3 answers sha-256 with adler32.
    fake_site site([](seen_request const&) {
        auto answer = net::empty_response(200);
        answer.headers.set("Digest", "adler32=cc0a1f4c");
        return answer;
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    EXPECT_THAT(site.run(driver->checksum(soon(), "x", {digest_algorithm::sha256})), HasErrc(errc::unsupported));
    auto const adler = site.run(driver->checksum(soon(), "x", {digest_algorithm::sha256, digest_algorithm::adler32}));
    ASSERT_THAT(adler, IsOk());
    EXPECT_EQ(adler->text(), "adler32:cc0a1f4c");
}

TEST(WebdavChecksum, ServersThatReadOnlyTheFirstNameAreAskedAgain) {
    fake_site site([](seen_request const& req) {
        auto answer = net::empty_response(200);
        if (req.headers.get("Want-Digest").starts_with("md5")) answer.headers.set("Digest", "md5=1B2M2Y8AsgTpgAmY7PhCfg==");
        return answer;
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    auto const found = site.run(driver->checksum(soon(), "x", {digest_algorithm::sha256, digest_algorithm::md5}));
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->text(), "md5:d41d8cd98f00b204e9800998ecf8427e");
}

TEST(WebdavChecksum, AnAnswerThatTheServerLostIsAskedForOnceMore) {
    fake_site site([](seen_request const&) {
        auto answer = net::empty_response(200);
        answer.headers.set("Digest", "adler32=cc0a1f4c");
        return answer;
    });
    site.never_answer_the_first();
    auto const driver = make_webdav_driver(site.url(), site.client(), milliseconds{50});
    auto const told = site.run(driver->checksum(soon(), "x", {digest_algorithm::adler32}));
    ASSERT_THAT(told, IsOk());
    EXPECT_EQ(told->hex(), "cc0a1f4c");
    EXPECT_EQ(site.seen().size(), 1u) << "of two, one was answered";
}

TEST(WebdavChecksum, TheOldFieldIsWrittenWithoutWeights) {
    // XRootD 5.5.3 takes "crc32c;q=1" for a name it does not know.
    fake_site site([](seen_request const&) { return net::empty_response(200); });
    auto driver = make_webdav_driver(site.url(), site.client());
    std::vector const wanted{digest_algorithm::crc32c, digest_algorithm::adler32};
    EXPECT_THAT(site.run(driver->checksum(soon(), "x", wanted)), HasErrc(errc::unsupported));
    EXPECT_EQ(site.seen().front().headers.get("Want-Digest"), "crc32c, adler32");
    EXPECT_EQ(site.seen().front().headers.get("Want-Repr-Digest"), "crc32c=10, adler=9");
}

TEST(WebdavChecksum, TheNewFieldIsPreferred) {
    fake_site site([](seen_request const&) {
        auto answer = net::empty_response(200);
        answer.headers.set("Repr-Digest", repr_digest_header(sha256_of("x")));
        answer.headers.set("Digest", "adler32=00000001");
        return answer;
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    auto const found = site.run(driver->checksum(soon(), "x", {digest_algorithm::sha256, digest_algorithm::adler32}));
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(*found, sha256_of("x"));
}

TEST(WebdavRename, AnExistingTargetIsNeverReplaced) {
    // XRootD 5.5.3 would replace it whatever Overwrite says.
    fake_site site(
        [](seen_request const& req) { return req.method == "PROPFIND" ? propfind_file(req.path, 3) : net::empty_response(201); });
    auto driver = make_webdav_driver(site.url(), site.client());
    EXPECT_THAT(site.run(driver->rename(soon(), "a", "b")), HasErrc(errc::already_exists));
    EXPECT_THAT(methods(site.seen()), ElementsAre("PROPFIND"));
}

TEST(WebdavRename, DestinationIsAnAbsoluteUrl) {
    fake_site site([](seen_request const& req) { return net::empty_response(req.method == "PROPFIND" ? 404 : 201); });
    auto driver = make_webdav_driver(site.url() + "/data", site.client());
    EXPECT_THAT(site.run(driver->rename(soon(), "a%20b", "c/d")), IsOk());
    auto const move = site.seen().back();
    EXPECT_EQ(move.path, "/data/a%20b");
    EXPECT_EQ(move.headers.get("Destination"), site.url() + "/data/c/d");
    EXPECT_EQ(move.headers.get("Overwrite"), "F");
}

TEST(WebdavRename, WhatCannotBeLookedAtIsNotReplacedEither) {
    fake_site site([](seen_request const& req) { return net::empty_response(req.method == "PROPFIND" ? 403 : 201); });
    auto driver = make_webdav_driver(site.url(), site.client());
    EXPECT_THAT(site.run(driver->rename(soon(), "a", "b")), HasErrc(errc::denied));
    EXPECT_THAT(methods(site.seen()), ElementsAre("PROPFIND"));
}

TEST(WebdavWrite, SizeBytesAndConditionArrive) {
    fake_site site([](seen_request const& req) { return net::empty_response(req.method == "PROPFIND" ? 404 : 201); });
    auto driver = make_webdav_driver(site.url(), site.client());
    std::string const bytes(300'000, 'x');
    EXPECT_THAT(site.run(driver->write(soon(), "a", bytes.size(), from(bytes), false)), IsOk());
    auto const put = site.seen().back();
    EXPECT_EQ(put.method, "PUT");
    EXPECT_EQ(put.body, bytes);
    EXPECT_EQ(put.headers.get("If-None-Match"), "*");
}

TEST(WebdavWrite, AnExistingNameIsReportedBeforeBytesTravel) {
    fake_site site([](seen_request const& req) { return propfind_file(req.path, 3); });
    auto driver = make_webdav_driver(site.url(), site.client());
    EXPECT_THAT(site.run(driver->write(soon(), "a", 1, from("x"), false)), HasErrc(errc::already_exists));
    EXPECT_THAT(methods(site.seen()), ElementsAre("PROPFIND"));
}

TEST(WebdavWrite, AFullSiteSaysSo) {
    fake_site site([](seen_request const&) { return net::problem(507, "the site's disk is full"); });
    auto driver = make_webdav_driver(site.url(), site.client());
    EXPECT_THAT(site.run(driver->write(soon(), "a", 1, from("x"), true)), FailsWith(errc::no_space, HasSubstr("disk is full")));
}

TEST(WebdavMkcol, ParentsAreMadeFromTheTop) {
    std::vector<std::string> made;
    fake_site site([&made](seen_request const& req) {
        auto const parent = req.path.substr(0, req.path.rfind('/'));
        bool const has_parent = parent.empty() || std::find(made.begin(), made.end(), parent) != made.end();
        if (!has_parent) return net::empty_response(409);
        if (std::find(made.begin(), made.end(), req.path) != made.end()) return net::empty_response(405);
        made.push_back(req.path);
        return net::empty_response(201);
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    EXPECT_THAT(site.run(driver->make_directory(soon(), "a/b/c")), IsOk());
    EXPECT_THAT(made, ElementsAre("/a", "/a/b", "/a/b/c"));
    EXPECT_THAT(site.run(driver->make_directory(soon(), "a/b/c/")), IsOk()) << "an existing directory is success";
}

TEST(WebdavList, OnlyDirectChildrenOfTheDirectoryCount) {
    fake_site site([](seen_request const&) {
        std::string xml = R"(<D:multistatus xmlns:D="DAV:">)";
        for (auto const* href : {"/data", "https://elsewhere/data/a%20b.nc", "/data/sub/", "/data/sub/deeper", "/etc/passwd",
                                 "/data/..", "/data/%2e%2e"})
            xml += std::string("<D:response><D:href>") + href + "</D:href></D:response>";
        return net::text_response(207, xml + "</D:multistatus>", "application/xml");
    });
    auto driver = make_webdav_driver(site.url() + "/data", site.client());
    auto const entries = site.run(driver->list(soon(), ""));
    ASSERT_THAT(entries, IsOk());
    std::vector<std::string> names;
    for (auto const& e : *entries) names.push_back(e.name);
    EXPECT_THAT(names, ElementsAre("a b.nc", "sub"));
}

TEST(WebdavStat, HeadStandsInWherePropfindIsUnknown) {
    fake_site site([](seen_request const& req) {
        auto answer = net::empty_response(req.method == "PROPFIND" ? 405 : 200);
        if (req.method == "HEAD") answer.head_length = 42;
        return answer;
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    auto const info = site.run(driver->stat(soon(), "x"));
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(info->size, 42u);
}

TEST(WebdavRead, ARangeIsCutOutOfAWholeAnswer) {
    fake_site site([](seen_request const&) { return net::text_response(200, "0123456789"); });
    auto driver = make_webdav_driver(site.url(), site.client());
    auto text = std::make_shared<std::string>();
    EXPECT_THAT(site.run(driver->read(soon(), "x", byte_span{3, 6}, into(text))), IsOk());
    EXPECT_EQ(*text, "345");
}

TEST(WebdavRead, AnotherRangeIsCorruptAndOneBeyondTheEndIsRefused) {
    fake_site site([](seen_request const& req) {
        auto answer = net::text_response(req.path == "/whole" ? 200 : 206, "0123");
        answer.headers.set("Content-Range", "bytes 0-3/10");
        return answer;
    });
    auto driver = make_webdav_driver(site.url(), site.client());
    auto text = std::make_shared<std::string>();
    EXPECT_THAT(site.run(driver->read(soon(), "x", byte_span{3, 6}, into(text))), HasErrc(errc::corrupt));
    EXPECT_THAT(site.run(driver->read(soon(), "whole", byte_span{3, 6}, into(text))), HasErrc(errc::invalid_argument));
}

TEST(WebdavDeadline, APassedDeadlineSendsNothing) {
    fake_site site([](seen_request const&) { return net::empty_response(200); });
    auto driver = make_webdav_driver(site.url(), site.client());
    call late{secret("t"), system_clock().steady() - seconds{1}};
    EXPECT_THAT(site.run(driver->remove(late, "x")), HasErrc(errc::timed_out));
    EXPECT_TRUE(site.seen().empty());
}

}  // namespace
}  // namespace fjord::storage
