// Ids of every shape: found by row and by id, in order, and where an id that is not there would be.
#include "stac/id_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

namespace fjord::stac {
namespace {

struct kept {
    id_sections sections;
    id_list list;
};

std::unique_ptr<kept> keep(std::vector<std::string> const& ids) {
    auto out = std::make_unique<kept>();
    std::vector<std::string_view> const views(ids.begin(), ids.end());
    out->sections = encode_ids(views);
    auto const& s = out->sections;
    out->list = id_list::open(ids.size(), s.alphabet, s.text, s.blocks, s.rank_of_row, s.row_of_rank, s.bloom).value();
    return out;
}

void expect_found(std::vector<std::string> const& ids, std::vector<std::string> const& others) {
    auto const k = keep(ids);
    auto const& list = k->list;
    auto sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t row = 0; row < ids.size(); ++row) {
        ASSERT_EQ(list.of_row(row), ids[row]);
        ASSERT_EQ(list.find(ids[row]), row);
        ASSERT_TRUE(list.may_hold(id_list::hash(ids[row])));
        auto const next = (row * 7 + 3) % ids.size();
        ASSERT_EQ(list.compare_rows(row, next), ids[row] <=> ids[next]);
    }
    for (std::size_t rank = 0; rank < ids.size(); ++rank) ASSERT_EQ(list.of_rank(rank), sorted[rank]);
    std::size_t wrongly_held = 0;
    for (auto const& o : others) {
        auto const place = list.find_place(o);
        auto const at = std::lower_bound(sorted.begin(), sorted.end(), o);
        ASSERT_EQ(place.rank, static_cast<std::size_t>(at - sorted.begin())) << o;
        ASSERT_EQ(place.exact, at != sorted.end() && *at == o) << o;
        auto const row = static_cast<std::size_t>(o.size() * 31) % ids.size();
        ASSERT_EQ(list.compare(row, place), ids[row] <=> o) << ids[row] << " against " << o;
        wrongly_held += !place.exact && list.may_hold(id_list::hash(o));
    }
    EXPECT_LE(wrongly_held, others.size() / 20 + 2);
}

// Near the ids there are: a character more, less, or another.
std::vector<std::string> neighbours(std::vector<std::string> const& ids, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::string> out{"", "zzzzzz", std::string(400, 'x'), "\x01"};
    for (int i = 0; i < 2000; ++i) {
        auto id = ids[random() % ids.size()];
        auto const at = random() % (id.size() + 1);
        switch (random() % 4) {
            case 0:
                id = id.substr(0, at);
                break;
            case 1:
                id.insert(at, 1, static_cast<char>(' ' + random() % 94));
                break;
            case 2:
                if (at < id.size()) id[at] = static_cast<char>(' ' + random() % 94);
                break;
            default:
                id += 'z';
        }
        out.push_back(std::move(id));
    }
    return out;
}

TEST(id_list, IdsOfOneShapeArePackedTightly) {
    std::set<std::string> ids;
    for (int i = 0; i < 5000; ++i)
        ids.insert("S2" + std::string(i % 2 ? "A" : "B") + "_" + std::to_string(10000 + i * 7) + "_2021" +
                   std::to_string(1000 + i % 997) + "_0_L2A");
    std::vector<std::string> const list(ids.begin(), ids.end());
    auto const k = keep(list);
    EXPECT_LT(k->list.bytes(), list.size() * 11);
    expect_found(list, neighbours(list, 1));
}

TEST(id_list, IdsOfAnyShapeAreFound) {
    std::mt19937 random(5);
    std::set<std::string> ids;
    while (ids.size() < 3000) {
        std::string id;
        for (auto n = 1 + random() % 60; n > 0; --n)
            id += static_cast<char>(random() % 3 ? 'a' + random() % 26 : ' ' + random() % 94);
        ids.insert(id);
        if (random() % 3 == 0) ids.insert(id + "-1");
        ids.insert("a long name that many items share, number " + std::to_string(ids.size()));
    }
    std::vector<std::string> list(ids.begin(), ids.end());
    std::shuffle(list.begin(), list.end(), random);
    expect_found(list, neighbours(list, 2));
}

TEST(id_list, PrefixesOfEachOtherAndOneAloneAreFound) {
    std::vector<std::string> const nested{"a", "ab", "abc", "abcd", "b", "ba", "\xC3\xA9", "\xC3\xA9t\xC3\xA9"};
    expect_found(nested, neighbours(nested, 3));
    expect_found({"only"}, neighbours({"only"}, 4));
    std::vector<std::string> long_ones;
    for (int i = 0; i < 40; ++i) long_ones.push_back(std::string(300, 'p') + std::to_string(i));
    expect_found(long_ones, neighbours(long_ones, 5));
}

}  // namespace
}  // namespace fjord::stac
