// What the XRootD driver does with its caller's time, against servers that say nothing. What it promises against a real server
// stands in tests/conformance.
#include "storage/xrootd.hpp"

#include "tests/support/matchers.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace fjord::storage {
namespace {

using fjord::test::HasErrc;

// Accepts, and never says a word; hangs up when told.
class mute_server {
public:
    mute_server() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof a;
        bool const ok = fd_ >= 0 && ::bind(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 && ::listen(fd_, 16) == 0 &&
                        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&a), &size) == 0;
        if (!ok) throw std::runtime_error("no port for a mute server");
        port_ = ntohs(a.sin_port);
    }
    ~mute_server() { hang_up(); }
    std::string url() const { return "root://localhost:" + std::to_string(port_) + "//data"; }
    void hang_up() {
        if (fd_ >= 0) ::close(fd_);  // the kernel resets what it had accepted
        fd_ = -1;
    }

private:
    int fd_;
    int port_ = 0;
};

blocking_pool& pool() {
    static auto& pool = *new blocking_pool(2, 100);
    return pool;
}

// A program must not end while a thread of its pool is inside XrdCl: the library would be taken down under it.
class XrootdDriver : public ::testing::Test {
protected:
    ~XrootdDriver() override {
        while (pool().waiting() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
};

std::unique_ptr<driver> connect(mute_server const& server) { return make_xrootd_driver(server.url(), pool()).value(); }

call within(std::chrono::milliseconds time) { return {secret("t0ken"), system_clock().steady() + time}; }

asio::awaitable<result<std::size_t>> nothing(std::span<char>) { co_return std::size_t{0}; }

TEST_F(XrootdDriver, OtherUrlsAreRefused) {
    EXPECT_THAT(make_xrootd_driver("https://h/x", pool()), HasErrc(errc::invalid_argument));
    EXPECT_THAT(make_xrootd_driver("root://h//a/../b", pool()), HasErrc(errc::invalid_argument));
}

TEST_F(XrootdDriver, EveryCallEndsAtItsDeadline) {
    mute_server server;
    auto const d = connect(server);
    auto const began = std::chrono::steady_clock::now();
    auto const soon = [] { return within(std::chrono::milliseconds(200)); };
    std::vector<digest_algorithm> const any{digest_algorithm::adler32};
    std::vector<byte_span> const spans{{0, 1}};
    byte_sink sink = [](std::string_view) -> asio::awaitable<result<void>> { co_return result<void>{}; };
    byte_source source = nothing;
    third_party_request copy;
    copy.local_path = "x";
    copy.remote_url = server.url() + "/y";
    EXPECT_THAT(test::run(d->stat(soon(), "x")), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->read(soon(), "x", std::nullopt, sink)), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->read_vector(soon(), "x", spans)), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->write(soon(), "x", 0, source, false)), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->make_directory(soon(), "x")), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->list(soon(), "x")), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->remove(soon(), "x")), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->rename(soon(), "x", "y")), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->checksum(soon(), "x", any)), HasErrc(errc::timed_out));
    EXPECT_THAT(test::run(d->third_party_copy(soon(), copy)), HasErrc(errc::timed_out));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST_F(XrootdDriver, ACancelledCallEndsAtOnce) {
    mute_server server;
    auto const d = connect(server);
    test::detail::lasting_context context;
    asio::cancellation_signal stop;
    bool ended = false;
    auto end = [&ended](std::exception_ptr, result<stat_info> r) {
        ended = true;
        EXPECT_FALSE(r);
    };
    asio::co_spawn(context.get(), d->stat(within(std::chrono::hours(1)), "x"), asio::bind_cancellation_slot(stop.slot(), end));
    context.get().poll();
    EXPECT_FALSE(ended);
    stop.emit(asio::cancellation_type::terminal);
    test::detail::drive(
        context.get(), [&] { return ended; }, std::chrono::seconds(5));
}

// Answers that come when nobody waits any more, or when the waiter's context is gone. A sanitizer sees what this does not.
TEST_F(XrootdDriver, LateAnswersFindNobodyAndDoNoHarm) {
    mute_server server;
    auto d = connect(server);
    {
        asio::io_context context(1);  // destroyed with a call under way
        asio::co_spawn(context, d->stat(within(std::chrono::hours(1)), "x"), [](std::exception_ptr, result<stat_info>) {});
        context.poll();
    }
    EXPECT_THAT(test::run(d->stat(within(std::chrono::milliseconds(100)), "x")), HasErrc(errc::timed_out));
    d.reset();
    server.hang_up();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
}

}  // namespace
}  // namespace fjord::storage
