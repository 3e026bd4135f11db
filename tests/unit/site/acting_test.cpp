// Identities of threads: taken on, given back, never kept, never mixed up.
#include "site/acting.hpp"

#include "base/pool.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"
#include "two_accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

namespace fjord::site::test {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

uid_t present_uid() { return static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))); }
gid_t present_gid() { return static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))); }
std::vector<gid_t> present_groups() {
    std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
    EXPECT_GE(::getgroups(static_cast<int>(groups.size()), groups.data()), 0);
    return groups;
}

class Acting : public ::testing::Test {
protected:
    void SetUp() override {
        if (!may_act_as_others()) GTEST_SKIP() << "acting as other accounts needs CAP_SETUID and CAP_SETGID; run as root";
        ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    }
    account const alice = alice_account(), bob = bob_account();
};

TEST_F(Acting, TheIdentityIsTakenOnAndGivenBack) {
    auto const before = present_groups();
    auto const look = [&]() -> result<int> {
        EXPECT_EQ(present_uid(), alice_uid);
        EXPECT_EQ(present_gid(), alice_gid);
        EXPECT_THAT(present_groups(), ElementsAre(alice_gid, shared_gid));
        return 7;
    };
    EXPECT_EQ(act_as(&alice, look).value(), 7);
    EXPECT_EQ(present_uid(), 0u);
    EXPECT_EQ(present_gid(), 0u);
    EXPECT_EQ(present_groups(), before);
}

TEST_F(Acting, FailuresGiveItBackToo) {
    auto const fails = []() -> result<void> { return fail(errc::not_found, "nothing"); };
    EXPECT_THAT(act_as(&alice, fails), HasErrc(errc::not_found));
    EXPECT_EQ(present_uid(), 0u);
}

TEST_F(Acting, WithoutAnAccountTheDoorActsAsItself) {
    auto const look = []() -> result<uid_t> { return present_uid(); };
    EXPECT_EQ(act_as(nullptr, look).value(), 0u);
}

TEST_F(Acting, OtherThreadsKeepTheirs) {
    auto const look = [&]() -> result<void> {
        uid_t seen = 1;
        std::thread([&seen] { seen = present_uid(); }).join();
        // A new thread inherits; one that was there before is what counts.
        EXPECT_EQ(seen, alice_uid);
        return {};
    };
    std::atomic<int> step{0};
    uid_t seen = 1;
    std::thread witness([&] {
        while (step != 1) std::this_thread::yield();
        seen = present_uid();
        step = 2;
    });
    auto const wait = [&]() -> result<void> {
        step = 1;
        while (step != 2) std::this_thread::yield();
        return {};
    };
    EXPECT_THAT(act_as(&alice, wait), IsOk());
    witness.join();
    EXPECT_EQ(seen, 0u);
    EXPECT_THAT(act_as(&alice, look), IsOk());
}

TEST_F(Acting, PermissionsMeanSomethingMeanwhile) {
    fjord::test::temp_dir dir;
    ASSERT_EQ(::chmod(dir.str().c_str(), 0755), 0);
    auto const file = dir.write("private", "alice's");
    ASSERT_EQ(::chown(file.c_str(), alice_uid, alice_gid), 0);
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    auto const open_it = [&]() -> result<int> {
        unique_fd const fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        return fd ? 0 : errno;
    };
    EXPECT_EQ(act_as(&alice, open_it).value(), 0);
    EXPECT_EQ(act_as(&bob, open_it).value(), EACCES);
}

TEST_F(Acting, TheSameIdentityMayBeTakenOnAgainInside) {
    auto const inner = []() -> result<uid_t> { return present_uid(); };
    auto const outer = [&]() -> result<uid_t> {
        EXPECT_EQ(act_as(&alice, inner).value(), alice_uid);
        return present_uid();
    };
    EXPECT_EQ(act_as(&alice, outer).value(), alice_uid);
    EXPECT_EQ(present_uid(), 0u);
}

TEST_F(Acting, TenThousandInterleavedFilesBelongToTheRightAccount) {
    auto const base = fast_folder();
    ASSERT_EQ(::chmod(base.c_str(), 0777), 0);
    unique_fd const dir(::open(base.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    constexpr int files = 10'000;
    std::atomic<int> failures{0};
    {
        blocking_pool pool(3, files);
        for (int i = 0; i < files; ++i)
            asio::post(pool.native(), [&, i] {
                auto const make = [&]() -> result<void> {
                    unique_fd const fd(::openat(dir.get(), std::to_string(i).c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0666));
                    if (!fd) ++failures;
                    return {};
                };
                if (!act_as(i % 2 ? &alice : &bob, make)) ++failures;
            });
        pool.join();
    }
    EXPECT_EQ(failures, 0);
    int wrong = 0;
    for (int i = 0; i < files; ++i) {
        struct stat st {};
        ASSERT_EQ(::fstatat(dir.get(), std::to_string(i).c_str(), &st, 0), 0) << i;
        if (st.st_uid != (i % 2 ? alice_uid : bob_uid) || st.st_gid != (i % 2 ? alice_gid : bob_gid)) ++wrong;
    }
    EXPECT_EQ(wrong, 0);
    std::filesystem::remove_all(base);
}

using ActingDeathTest = Acting;

TEST_F(ActingDeathTest, AnExceptionBetweenTakeOnAndGiveBackEndsTheProcess) {
    auto const crash = []() -> result<void> { throw std::runtime_error("a fault in the middle"); };
    EXPECT_DEATH((void)act_as(&alice, crash), "a fault in the middle");
}

TEST_F(ActingDeathTest, AnIdentityThatCannotBeGivenBackEndsTheProcess) {
    auto const lose = []() -> result<void> {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2]{};
        ::syscall(SYS_capset, &header, none);
        return {};
    };
    EXPECT_DEATH((void)act_as(&alice, lose), "cannot be given back");
}

TEST_F(ActingDeathTest, TwoIdentitiesAtOnceEndTheProcess) {
    auto const inner = []() -> result<void> { return {}; };
    auto const outer = [&]() -> result<void> { return act_as(&bob, inner); };
    EXPECT_DEATH((void)act_as(&alice, outer), "acts as another one already");
}

TEST_F(ActingDeathTest, WithoutCapabilitiesNothingIsTakenOn) {
    auto const try_it = [&] {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2]{};
        ::syscall(SYS_capset, &header, none);
        bool ran = false;
        auto const work = [&]() -> result<void> {
            ran = true;
            return {};
        };
        auto const outcome = act_as(&alice, work);
        bool const fine = !ran && !outcome && outcome.error().code == errc::internal && present_uid() == 0;
        std::_Exit(fine ? 42 : 1);
    };
    EXPECT_EXIT(try_it(), ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace fjord::site::test
