#include "auth/key_ring.hpp"

#include <gtest/gtest.h>

namespace fjord::auth {
namespace {

using advice = key_ring::advice;

std::shared_ptr<key_set const> keys(std::vector<std::string> kids) {
    std::vector<jwk> list;
    for (auto& kid : kids) list.push_back({std::move(kid), key_family::p256, {}, {}});
    return std::make_shared<key_set const>(std::move(list));
}

class KeyRing : public ::testing::Test {
protected:
    advice ask(std::string_view kid = "a") { return ring.ask(kid, now); }
    void arrive(std::vector<std::string> kids, seconds max_age = seconds{3600}) {
        ring.arrived(keys(std::move(kids)), {max_age}, now);
    }
    key_ring ring;
    steady_time now{std::chrono::hours(1000)};
};

TEST_F(KeyRing, OneFetchesAndTheOthersWait) {
    EXPECT_EQ(ask(), advice::fetch);
    EXPECT_EQ(ask(), advice::wait);
    EXPECT_EQ(ask("b"), advice::wait);
    arrive({"a"});
    EXPECT_EQ(ask(), advice::use);
}

TEST_F(KeyRing, MaxAgeIsClampedToOneToSixHours) {
    for (auto [age, fresh] : {std::pair{0, 3600}, {60, 3600}, {7200, 7200}, {86400, 6 * 3600}}) {
        key_ring r;
        r.ask("a", now);
        r.arrived(keys({"a"}), {seconds{age}}, now);
        EXPECT_EQ(r.ask("a", now + seconds{fresh} - milliseconds{1}), advice::use) << age;
        EXPECT_EQ(r.ask("a", now + seconds{fresh}), advice::use_and_refresh) << age;
    }
}

TEST_F(KeyRing, StaleKeysServeWhileOneRefreshRuns) {
    ask();
    arrive({"a"});
    now += std::chrono::hours(2);
    EXPECT_EQ(ask(), advice::use_and_refresh);
    EXPECT_EQ(ask(), advice::use);
    ring.failed(now);
    EXPECT_EQ(ask(), advice::use);
    now += key_ring::stale_retry_pause;
    EXPECT_EQ(ask(), advice::use_and_refresh);
}

TEST_F(KeyRing, KeysExpireAfterTwoDays) {
    ask();
    arrive({"a"});
    now += key_ring::lifetime - milliseconds{1};
    EXPECT_EQ(ask(), advice::use_and_refresh);
    ring.failed(now);
    now += key_ring::stale_retry_pause;
    EXPECT_EQ(ask(), advice::fetch);
    ring.failed(now);
    EXPECT_EQ(ask(), advice::refuse_all);
    now += key_ring::retry_pause;
    EXPECT_EQ(ask(), advice::fetch);
}

TEST_F(KeyRing, UnknownKidsCauseOneFetchInFiveMinutes) {
    ask();
    arrive({"a"});
    EXPECT_EQ(ask("x"), advice::refuse_key) << "the keys came this moment";
    now += seconds{1};
    EXPECT_EQ(ask("x"), advice::fetch);
    EXPECT_EQ(ask("y"), advice::wait);
    arrive({"a"});
    now += seconds{2};
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(ask("kid" + std::to_string(i)), advice::refuse_key);
    now += seconds{297};
    EXPECT_EQ(ask("x"), advice::refuse_key);
    now += seconds{1};
    EXPECT_EQ(ask("x"), advice::fetch);
}

TEST_F(KeyRing, KeysOutOfAFileServeAndAreAskedAboutSoon) {
    EXPECT_EQ(ask(), advice::fetch);
    ring.arrived(keys({"a"}), {.max_age = seconds{0}, .usable = seconds{7200}, .second_hand = true}, now);
    EXPECT_EQ(ask(), advice::use);
    EXPECT_EQ(ask("new"), advice::fetch) << "the issuer may have rotated since";
    ring.failed(now);
    now += key_ring::stale_retry_pause;
    EXPECT_EQ(ask(), advice::use_and_refresh);
    ring.failed(now);
    now += seconds{7200};
    EXPECT_EQ(ask(), advice::fetch) << "they have expired";
}

TEST_F(KeyRing, KeysOutOfAFileThatAreNotDueWait) {
    EXPECT_EQ(ask(), advice::fetch);
    ring.arrived(keys({"a"}), {.max_age = seconds{900}, .usable = seconds{86400}, .second_hand = true}, now);
    now += seconds{899};
    EXPECT_EQ(ask(), advice::use);
    now += seconds{1};
    EXPECT_EQ(ask(), advice::use_and_refresh);
}

TEST_F(KeyRing, AFailedRefetchForAnUnknownKidSpendsTheAllowance) {
    ask();
    arrive({"a"});
    now += seconds{1};
    EXPECT_EQ(ask("x"), advice::fetch);
    ring.failed(now);
    EXPECT_EQ(ask("x"), advice::refuse_key);
    EXPECT_EQ(ask("a"), advice::use);
}

}  // namespace
}  // namespace fjord::auth
