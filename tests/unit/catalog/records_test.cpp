#include "catalog/records_json.hpp"

#include "support.hpp"

namespace fjord::catalog {
namespace {

wall_time at(std::int64_t ms) { return wall_time{milliseconds{ms}}; }

// Encoding is one-to-one, so equal bytes after a round trip mean equal records.
template <class Record>
Record round_trip(Record const& written, Record start = {}) {
    must(decode(encode(written), start));
    EXPECT_EQ(encode(start), encode(written));
    return start;
}

digest_set all_digests() {
    digester d;
    d.update("content");
    return d.finish();
}

TEST(CatalogRecords, DocumentsComeBackByteForByte) {
    std::string awkward = "{ \"n\": 1.10, \"big\":123456789012345678901234567890,\r\n\t\"e\":1E+2, \"s\":\"\\u00e9\\/\" }\n";
    awkward += std::string("\0\xff\x01", 3);
    for (auto const& document : {std::string(), awkward, std::string(1 << 20, 'x')}) {
        item_record i{.document = document, .created = at(5), .updated = at(7), .etag = "ab"};
        auto back = round_trip(i);
        EXPECT_EQ(back.document, document);
        EXPECT_EQ(back.created, at(5));
        EXPECT_EQ(back.etag, "ab");
        EXPECT_EQ(round_trip(collection_record{.document = document, .owner = "org"}).document, document);
        EXPECT_EQ(round_trip(policy_record{.document = document, .version = 9}).document, document);
    }
}

TEST(CatalogRecords, VersionsAndMembersRoundTrip) {
    numbered_version v{{.digests = all_digests(),
                        .size = UINT64_MAX,
                        .media_type = "image/tiff",
                        .filename = "a.tif",
                        .tree = true,
                        .members = 1'000'000,
                        .registered = at(1'795'222'942'123)},
                       12};
    auto back = round_trip(v);
    EXPECT_EQ(back.ordinal, 12u);
    EXPECT_EQ(back.version.size, UINT64_MAX);
    EXPECT_EQ(back.version.members, 1'000'000u);
    EXPECT_TRUE(back.version.tree);
    EXPECT_EQ(compare(back.version.digests, v.version.digests), digest_match::equal);
    EXPECT_EQ(back.version.digests.adler32, v.version.digests.adler32);
    EXPECT_EQ(round_trip(asset_pointer{version_of("x"), 3}).version, version_of("x"));
    EXPECT_EQ(round_trip(tree_member{"p", 7, version_of("m")}).id, version_of("m"));
}

TEST(CatalogRecords, RevocationsRoundTrip) {
    auto const back = round_trip(revocation_record{.issuer = "https://i",
                                                   .whole_issuer = true,
                                                   .issued_before = at(7),
                                                   .made_by = "root@https://i",
                                                   .reason = "key lost",
                                                   .created = at(8),
                                                   .expires = at(9)});
    EXPECT_EQ(back.issuer, "https://i");
    EXPECT_TRUE(back.whole_issuer);
    EXPECT_EQ(back.issued_before, at(7));
    EXPECT_EQ(back.made_by, "root@https://i");
    EXPECT_EQ(back.reason, "key lost");
    EXPECT_EQ(back.created, at(8));
    EXPECT_EQ(back.expires, at(9));
}

TEST(CatalogRecords, ReplicasRoundTripInEveryState) {
    for (auto state : {replica_state::copying, replica_state::available, replica_state::suspect, replica_state::bad,
                       replica_state::deleting}) {
        replica_record r{
            .state = state, .size = 5, .path = "c/i/a%20b.tif", .verified_at = at(9), .reason = "it \"was\" \xff cut"};
        auto back = round_trip(r);
        EXPECT_EQ(back.state, state);
        EXPECT_EQ(back.verified_at, r.verified_at);
        EXPECT_EQ(back.reason, r.reason) << "texts of peers are kept as they came";
    }
    EXPECT_EQ(round_trip(replica_record{}).verified_at, std::nullopt);
}

TEST(CatalogRecords, OperationsRoundTrip) {
    site_record s{.kind = "door",
                  .url = "https://h:1/p",
                  .attributes = {{"country", "DE"}, {"tier", "1"}},
                  .jurisdiction = "DE",
                  .enabled = false,
                  .created = at(1),
                  .updated = at(2)};
    s.honours = {{"path_boundary", "false"}, {"digests", "adler32,md5"}};
    EXPECT_EQ(round_trip(s).attributes, s.attributes);
    EXPECT_EQ(round_trip(s).honours, s.honours);
    EXPECT_EQ(round_trip(probe_record{.finished = at(4), .document = "{\"rows\": []}"}).document, "{\"rows\": []}");
    EXPECT_FALSE(round_trip(s).enabled);
    rule_record r{.uri = "C/I",
                  .collection = "C",
                  .filter = "eo:cloud_cover < 10",
                  .filter_lang = "cql2-text",
                  .sites = "tier=1",
                  .copies = 2,
                  .lifetime = seconds{86400},
                  .priority = 5,
                  .activity = "twin",
                  .comment = "c",
                  .owner = "me@issuer",
                  .created = at(3)};
    EXPECT_EQ(round_trip(r).lifetime, seconds{86400});
    EXPECT_EQ(round_trip(rule_record{}).lifetime, std::nullopt);
    transfer_record t{.asset = ref("c", "i", "a"),
                      .version = version_of("1"),
                      .from = site_id("x"),
                      .to = site_id("y"),
                      .mode = "pull",
                      .state = transfer_state::failed,
                      .attempt = 3,
                      .bytes = 1,
                      .total = 2,
                      .priority = 4,
                      .activity = "twin",
                      .staging_path = ".s",
                      .final_path = "f",
                      .reason = "refused",
                      .created = at(1),
                      .updated = at(2),
                      .not_before = at(3)};
    auto back = round_trip(t);
    EXPECT_EQ(back.asset, t.asset);
    EXPECT_EQ(back.version, t.version);
    EXPECT_EQ(back.not_before, t.not_before);
    EXPECT_EQ(back.state, transfer_state::failed);
    upload_record u{.asset = ref("c", "i", "a"),
                    .site = site_id("s"),
                    .path = "p",
                    .media_type = "t",
                    .filename = "f",
                    .owner = "o",
                    .size = 0,
                    .digests = all_digests(),
                    .expires = at(8)};
    EXPECT_EQ(round_trip(u).size, 0u);
    EXPECT_EQ(round_trip(u).site, u.site);
    EXPECT_EQ(round_trip(upload_record{}).size, std::nullopt);
}

TEST(CatalogRecords, MembersOfLaterReleasesAreIgnored) {
    replica_record r;
    must(decode(R"({"v":1,"state":"bad","size":3,"colour":{"deep":[1]},"path":"p"})", r));
    EXPECT_EQ(r.state, replica_state::bad);
    EXPECT_EQ(r.path, "p");
    numbered_version v;
    must(decode(R"({"v":1,"n":1,"size":1,"digests":{"sha3-512":"00","adler32":"0a1b2c3d"}})", v));
    EXPECT_TRUE(v.version.digests.adler32);
}

TEST(CatalogRecords, ARecordOfANewerLayoutIsRefusedNotGuessed) {
    site_record s;
    EXPECT_TRUE(failed_with(decode(R"({"v":2,"kind":"door"})", s), errc::unsupported));
}

TEST(CatalogRecords, DamagedBytesAreCorrupt) {
    for (std::string_view bad : {"", "{", "[]", "{}", R"({"v":0})", R"({"v":1,"size":-1,"state":"bad"})", R"({"v":1})",
                                 R"({"v":1,"state":"gone"})", R"({"v":1,"state":3})", R"({"v":1,"state":"bad","path":7})"}) {
        replica_record r;
        EXPECT_TRUE(failed_with(decode(bad, r), errc::corrupt)) << bad;
    }
    auto framed = encode(item_record{.document = "{}"});
    for (auto const& bad :
         {std::string(), std::string("{}"), framed.substr(0, 4), framed.substr(0, 9), std::string("\x01\xff\xff\xff\xff")}) {
        item_record i;
        EXPECT_TRUE(failed_with(decode(bad, i), errc::corrupt));
    }
}

TEST(CatalogRecords, AssetNamesAreReadBackAndCheckedOnce) {
    asset_ref a = ref("c d", "i\xc3\xa9", "a:b");
    EXPECT_EQ(must(parse_asset_ref(a.str())), a);
    for (auto bad : {"", "c", "c/i", "c/i/a/m", "c//a", "/c/i", "c/../a", "c/%2e%2e/a", "c/i%2fx/a", "c/i/%00", "c/i/%zz"})
        EXPECT_TRUE(failed_with(parse_asset_ref(bad), errc::invalid_argument)) << bad;
}

}  // namespace
}  // namespace fjord::catalog
