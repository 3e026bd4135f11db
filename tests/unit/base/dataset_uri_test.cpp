#include "base/dataset_uri.hpp"

#include "base/error.hpp"
#include "tests/support/matchers.hpp"

#include <string>

using namespace fjord;
using namespace fjord::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

constexpr char empty_sha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(DatasetUri, NamesAllItsParts) {
    auto const uri = dataset_uri::parse(std::string("fjord://Broker.Example:8443/landsat%207/scene-1/B1/0/1.2?version=sha-256:") +
                                        empty_sha256);
    ASSERT_THAT(uri, IsOk());
    EXPECT_EQ(uri->host, "broker.example:8443");
    EXPECT_EQ(uri->collection, collection_id("landsat 7"));
    EXPECT_EQ(uri->item, item_id("scene-1"));
    EXPECT_EQ(uri->asset, asset_key("B1"));
    EXPECT_THAT(uri->member, ElementsAre("0", "1.2"));
    EXPECT_EQ(uri->version, sha256_of(""));
}

TEST(DatasetUri, ReadsTheShortForms) {
    EXPECT_EQ(dataset_uri::parse("c")->collection, collection_id("c"));
    auto const path = dataset_uri::parse("c/i/a");
    EXPECT_EQ(path->host, "");
    EXPECT_EQ(path->asset, asset_key("a"));
    auto const did = dataset_uri::parse("c:i:with:colons");
    EXPECT_EQ(did->collection, collection_id("c"));
    EXPECT_EQ(did->item, item_id("i:with:colons"));
    auto const colon_in_path = dataset_uri::parse("c:x/i");
    EXPECT_EQ(colon_in_path->collection, collection_id("c:x"));
    EXPECT_EQ(colon_in_path->item, item_id("i"));
}

TEST(DatasetUri, PrintsSoThatItReadsBack) {
    std::string const texts[] = {"c",
                                 "c%3Ax",
                                 "c/i",
                                 "c:x/i",
                                 "c/i/a",
                                 "c/i/a/m%20n/0.0",
                                 "fjord://host/c",
                                 "fjord://host:1/c/i%3F",
                                 "fjord://[::1]:8443/c/i/a",
                                 std::string("c/i?version=sha-256:") + empty_sha256};
    for (auto const& text : texts) {
        auto const uri = dataset_uri::parse(text);
        ASSERT_THAT(uri, IsOk()) << text;
        EXPECT_EQ(uri->str(), text);
    }
    EXPECT_EQ(dataset_uri::parse("fjord://host/c/i/a/m")->path(), "c/i/a/m");
    EXPECT_EQ(dataset_uri::parse("c:i")->str(), "c/i");
}

TEST(DatasetUri, RefusesMalformedOnes) {
    std::string const texts[] = {
        "",
        "/",
        "/c",
        "c/",
        "c//i",
        "c/i/",
        "c:",
        ":i",
        "fjord://",
        "fjord:///c",
        "fjord://host",
        "fjord://host/",
        "fjord://user@host/c",
        "fjord://host:0/c",
        "fjord://host:65536/c",
        "fjord://host:x/c",
        "fjord://host:/c",
        "fjord://[::1/c",
        "fjord://[::1]x/c",
        "fjord://[]/c",
        "fjord://ho st/c",
        "https://host/c",
        "c/../i",
        "c/%2e%2e/i",
        "c/./i",
        "c/a%2fb",
        "c/a%5Cb",
        "c/a\\b",
        "c/a%00",
        "c/%C3",
        "c/%",
        "c#x",
        "c?x=1",
        "c?version=",
        "c?version=md5:d41d8cd98f00b204e9800998ecf8427e",
        "c?version=sha-256:123",
        "c?",
        "c/" + std::string(256, 'x'),
        "c/i/a/" + std::string(20'000, 'x'),
    };
    for (auto const& text : texts) EXPECT_THAT(dataset_uri::parse(text), HasErrc(errc::invalid_argument)) << text;
}

TEST(DatasetUri, RefusesMoreSegmentsThanTheLimit) {
    std::string text = "c";
    for (int i = 0; i < 200; ++i) text += "/m";
    EXPECT_THAT(dataset_uri::parse(text), FailsWith(errc::invalid_argument, HasSubstr("128")));
}

TEST(DatasetUri, ReasonNamesThePart) {
    EXPECT_THAT(dataset_uri::parse("c/%2e%2e"), FailsWith(errc::invalid_argument, HasSubstr("the item")));
    EXPECT_THAT(dataset_uri::parse("c/i/a/x//y"), FailsWith(errc::invalid_argument, HasSubstr("the member")));
}

}  // namespace
