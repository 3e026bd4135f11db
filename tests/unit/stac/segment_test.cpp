// One segment by itself: what was put in comes out, by row, by id and by value; after merging too; and damaged bytes are refused.
#include "stac/segment.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "stac/item_scan.hpp"
#include "stac/json_scan.hpp"
#include "stac/segment_builder.hpp"
#include "stac/segment_format.hpp"
#include "tests/unit/stac/random_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

namespace fjord::stac::test {
namespace {

struct built {
    std::vector<plain_item> items;
    std::vector<std::string> documents;
    std::shared_ptr<segment const> data;
};

built build(unsigned seed, int count, segment_limits limits, std::string const& prefix = "i") {
    random_world world(seed);
    built out;
    segment_builder builder(limits);
    for (int i = 0; i < count; ++i) {
        out.items.push_back(world.item("c", prefix + std::to_string(i)));
        out.documents.push_back(document_of(out.items.back()));
    }
    for (int i = 0; i < count; ++i)
        builder.add(out.items[i].id, static_cast<std::uint32_t>(i), scan_item(out.documents[i]).value());
    out.data = builder.build();
    return out;
}

// Every property of every row: the column gives the value, or a range around it, or says that it does not know.
void expect_columns_tell_the_truth(segment const& s, std::size_t row, std::string const& document,
                                   std::map<std::string, int>* ranges) {
    auto const properties = scan_item(document).value().properties;
    for (auto const& c : s.columns()) {
        auto const json = find_member(properties, c.name);
        auto const code = c.codes[row];
        if (code == column::opaque) continue;
        if (!json) {
            ASSERT_EQ(code, column::absent) << c.name;
            continue;
        }
        auto const real = cql2::value_of_json(*json);
        if (auto const v = c.value(code)) {
            ASSERT_EQ(v->type, real.type) << c.name;
            ASSERT_EQ(v->number, real.number) << c.name;
            ASSERT_EQ(v->text, real.text) << c.name;
            ASSERT_EQ(v->truth, real.truth) << c.name;
            ASSERT_EQ(v->items.size(), real.items.size()) << c.name;
        } else if (c.type == column::kind::values) {
            if (ranges) ++(*ranges)[std::string(c.name)];
            auto const low = cql2::value_of_json(c.low(column::entry(code))),
                       high = cql2::value_of_json(c.high(column::entry(code)));
            ASSERT_LE(*cql2::compare(low, real), 0) << c.name;
            ASSERT_GE(*cql2::compare(high, real), 0) << c.name;
        } else {
            ASSERT_EQ(*cql2::as_time(*c.value(code, true)), *cql2::as_time(real)) << c.name;
        }
    }
}

void expect_row_is(segment const& s, std::size_t row, plain_item const& p, std::string const& document) {
    ASSERT_EQ(s.ids().of_row(row), p.id);
    ASSERT_EQ(s.sort_time(row), p.sort_time());
    ASSERT_EQ(s.time(row), (time_interval{p.start, p.end}));
    ASSERT_EQ(s.has_datetime(row), p.datetime.has_value());
    ASSERT_EQ(s.shape(row) == outline::kind::none, !p.shape);
    if (!p.shape) return;
    auto const boxes = p.shape->boxes();
    auto const scan = scan_item(document).value();
    ASSERT_EQ(scan.boxes, boxes);
    auto const b = s.bounds(row).as_box();
    ASSERT_TRUE(covers(b, boxes[0])) << document;
    auto const slack = slack_of(b);
    ASSERT_LE(boxes[0].west - b.west, slack);
    ASSERT_LE(b.east - boxes[0].east, slack);
    std::array<point, outline::max_points> ring;
    double error = 0;
    auto const n = s.ring(row, ring, error);
    ASSERT_EQ(n, scan.shape.type == outline::kind::ring ? scan.shape.size : 0u);
    ASSERT_GE(error, scan.shape.error);
    ASSERT_LE(error, scan.shape.error == 0 ? 0 : scan.shape.error + 20 * error_of(b));
    for (std::size_t i = 0; i < n; ++i) {
        ASSERT_LE(std::hypot(ring[i].x - scan.shape.at[i].x, ring[i].y - scan.shape.at[i].y), error_of(b));
    }
    ASSERT_EQ(s.z(row)[0], p.z_low);
}

TEST(segment_test, WhatIsPutInComesOut) {
    auto const b = build(5, 700, {});
    auto const& s = *b.data;
    ASSERT_EQ(s.rows(), 700u);
    instant newer = open_end;
    std::string before;
    for (std::size_t row = 0; row < s.rows(); ++row) {
        auto const i = s.stamp(row);
        expect_row_is(s, row, b.items[i], b.documents[i]);
        expect_columns_tell_the_truth(s, row, b.documents[i], nullptr);
        ASSERT_EQ(s.ids().find(b.items[i].id), row);
        ASSERT_TRUE(s.ids().may_hold(id_list::hash(b.items[i].id)));
        ASSERT_LE(s.sort_time(row), newer);
        if (s.sort_time(row) == newer) ASSERT_LT(before, b.items[i].id);
        newer = s.sort_time(row), before = b.items[i].id;
    }
    EXPECT_FALSE(s.ids().find("absent"));
    EXPECT_EQ(s.ids().find_place("zzz").rank, 700u);
    EXPECT_EQ(s.ids().find_place("").rank, 0u);
}

TEST(segment_test, RangesStayAroundTheirValuesThroughMerging) {
    segment_limits const tight{.column_bytes = 40, .small_rows = 0};
    std::map<std::string, int> ranges;
    std::vector<built> parts;
    segment_builder all(tight);
    for (unsigned seed = 1; seed <= 3; ++seed) {
        parts.push_back(build(seed, 900, tight, "p" + std::to_string(seed) + "-"));
        auto const& p = parts.back();
        for (std::size_t row = 0; row < p.data->rows(); ++row)
            expect_columns_tell_the_truth(*p.data, row, p.documents[p.data->stamp(row)], &ranges);
        auto rows = row_set::all(900);
        rows.drop(seed);
        all.add(*p.data, rows);
    }
    EXPECT_GT(ranges["name"] + ranges["wild"], 500) << "nothing was packed as ranges";
    ranges.clear();
    std::vector<std::uint32_t> places;
    auto const merged = all.build(&places);
    ASSERT_EQ(merged->rows(), 3 * 899u);
    std::size_t added = 0;
    for (unsigned part = 0; part < 3; ++part) {
        for (std::size_t row = 0; row < 900; ++row) {
            if (row == part + 1) continue;
            auto const i = parts[part].data->stamp(row);
            auto const at = places[added++];
            expect_row_is(*merged, at, parts[part].items[i], parts[part].documents[i]);
            expect_columns_tell_the_truth(*merged, at, parts[part].documents[i], &ranges);
        }
    }
    EXPECT_GT(ranges["name"] + ranges["wild"], 500);
    // Each value is found inside of its range, so a range that shrinks while merging would have failed above.
}

TEST(segment_test, TheTreeFindsEveryBox) {
    auto const b = build(9, 2000, {});
    random_world world(1);
    for (int i = 0; i < 200; ++i) {
        double const w = world.degree(-180, 170), s = world.degree(-90, 80), size = world.upto(40) / 2.0;
        box const q{w, s, w + size, s + size};
        row_set walked(b.data->rows()), wanted(b.data->rows());
        b.data->tree().walk([&](box4 const& n) { return intersects(n.as_box(), q) ? 1 : 0; },
                            [&](std::size_t row, bool) {
                                if (intersects(b.data->bounds(row).as_box(), q)) walked.add(row);
                            });
        for (std::size_t row = 0; row < b.data->rows(); ++row)
            if (!b.data->bounds(row).empty() && intersects(b.data->bounds(row).as_box(), q)) wanted.add(row);
        ASSERT_EQ(walked, wanted);
    }
}

TEST(segment_test, DamagedBytesAreRefused) {
    auto const b = build(7, 60, {});
    std::vector<std::byte> const whole(b.data->bytes().begin(), b.data->bytes().end());
    auto const open = [](std::vector<std::byte> bytes) {
        auto owner = std::make_shared<std::vector<std::byte>>(std::move(bytes));
        return segment::open(owner, *owner);
    };
    ASSERT_TRUE(open(whole));
    for (std::size_t cut : {whole.size() - 1, whole.size() / 2, sizeof(format::header), std::size_t{5}, std::size_t{0}})
        EXPECT_FALSE(open({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)})) << cut;
    for (std::size_t at = 0; at < whole.size(); at += 37) {
        auto bytes = whole;
        bytes[at] ^= std::byte{0x40};
        EXPECT_FALSE(open(bytes)) << at;
    }
}

}  // namespace
}  // namespace fjord::stac::test
