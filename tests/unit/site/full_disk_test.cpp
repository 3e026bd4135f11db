// A door on a disk of one megabyte: 507, and nothing left behind. Needs a tmpfs of its own; made as root, or in a user namespace.
#include "door_harness.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace fjord::site::test {
namespace {

using ::testing::HasSubstr;

constexpr int cannot_mount = 77;

// A mount namespace of our own: the disk is seen by nobody else and is gone with the process.
bool mount_small_disk(char const* where) {
    bool const isolated = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!isolated || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return ::mount("tmpfs", where, "tmpfs", 0, "size=1m") == 0;
}

class FullDisk : public DoorTest {
protected:
    // Before any thread is there, because namespaces belong to threads.
    static void SetUpTestSuite() {
        char const* where = std::getenv("FJORD_TEST_SMALL_DISK");
        if (!where) return;
        if (!mount_small_disk(where)) std::_Exit(cannot_mount);
        ::setenv("TMPDIR", where, 1);  // so that the root lies on it
    }
    void SetUp() override {}
    void fill_up() {
        start(local_options(root.str()));
        EXPECT_EQ(put("/kept", std::string(600'000, 'k')).status, 201u);
        auto const announced = put("/a/x", std::string(900'000, 'x'));
        EXPECT_EQ(announced.status, 507u) << "told before the bytes travel";
        EXPECT_THAT(announced.body, HasSubstr("disk is full"));
        EXPECT_EQ(chunked("/a/y").status, 507u) << "told in mid body";
        EXPECT_FALSE(exists("a/x") || exists("a/y"));
        EXPECT_EQ(incoming(), 0u);
        EXPECT_EQ(put("/small", std::string(100'000, 's')).status, 201u) << "the room of failed uploads is free again";
        EXPECT_EQ(send("GET", "/kept").body.size(), 600'000u);
    }
    // No Content-Length: the door cannot know beforehand.
    net::client_response chunked(std::string const& path) {
        struct endless {
            static net::asio::awaitable<result<std::size_t>> give(std::shared_ptr<std::size_t> left, std::span<char> out) {
                auto const n = std::min(out.size(), *left);
                std::fill_n(out.begin(), n, 'y');
                *left -= n;
                co_return n;
            }
        };
        net::client_request request;
        request.method = "PUT";
        request.url = site->url() + path;
        request.bearer = w.token(all);
        request.upload = [left = std::make_shared<std::size_t>(1'500'000)](std::span<char> out) {
            return endless::give(left, out);
        };
        auto answer = w.run(w.client->send(std::move(request)));
        EXPECT_TRUE(answer) << answer.error().message();
        return answer ? *answer : net::client_response{};
    }
};

TEST_F(FullDisk, Is507AndLeavesNoPartialFile) {
    if (std::getenv("FJORD_TEST_SMALL_DISK")) return fill_up();
    auto const child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::setenv("FJORD_TEST_SMALL_DISK", root.str().c_str(), 1);
        ::execl("/proc/self/exe", "test_site", "--gtest_filter=FullDisk.*", static_cast<char*>(nullptr));
        std::_Exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    // Containers without the right to mount cannot make a small disk.
    if (WIFEXITED(status) && WEXITSTATUS(status) == cannot_mount)
        GTEST_SKIP() << "this environment does not allow mounting a tmpfs";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "see the output above";
}

}  // namespace
}  // namespace fjord::site::test
