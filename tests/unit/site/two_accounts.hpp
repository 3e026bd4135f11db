#pragma once
// Two people with accounts of their own and a group they share; nothing is added to the machine's user database, because the
// kernel knows numbers only. Tests that act as them need CAP_SETUID and CAP_SETGID, which CI has as root.
#include "door_harness.hpp"
#include "site/account.hpp"
#include "site/account_mapper.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <mutex>

namespace fjord::site::test {

inline constexpr uid_t alice_uid = 60'001, bob_uid = 60'002;
inline constexpr gid_t alice_gid = 60'001, bob_gid = 60'002, shared_gid = 60'010;

inline account alice_account() { return {"alice", alice_uid, alice_gid, {alice_gid, shared_gid}}; }
inline account bob_account() { return {"bob", bob_uid, bob_gid, {bob_gid, shared_gid}}; }
inline account carol_account() { return {"carol", 60'003, 60'003, {60'003}}; }

inline bool may_act_as_others() { return ::geteuid() == 0; }

// Subjects are account names; anybody else has no account.
class named_accounts final : public account_mapper {
public:
    named_accounts() {
        for (auto const& one : {alice_account(), bob_account(), carol_account()})
            known_[one.name] = std::make_shared<account const>(one);
    }
    boost::asio::awaitable<result<account_ptr>> account_for(principal who) override {
        if (who.subject == "nobody-knows") co_return fail(errc::unavailable, "the account service cannot be asked");
        auto const found = known_.find(who.subject);
        if (found == known_.end()) co_return fail(errc::denied, "you have no account at this site");
        co_return found->second;
    }

private:
    std::map<std::string, account_ptr> known_;
};

// A memory disk where there is one: thousands of files are made.
inline std::string fast_folder() {
    auto pattern = std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/fjord-test-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make " + pattern);
    return pattern;
}

// A root with one private directory each (0700) and a shared one (2770, group of both).
class MappedDoor : public DoorTest {
protected:
    void SetUp() override {
        if (!may_act_as_others()) GTEST_SKIP() << "acting as other accounts needs CAP_SETUID and CAP_SETGID; run as root";
        base = fast_folder();
        make("", 0, 0, 0755);
        make("/root", 0, 0, 0755);
        make("/root/alice", alice_uid, alice_gid, 0700);
        make("/root/bob", bob_uid, bob_gid, 0700);
        make("/root/shared", 0, shared_gid, 02770);
        begin();
    }
    void TearDown() override {
        site.reset();
        if (!base.empty()) std::filesystem::remove_all(base);
    }
    void begin() {
        auto options = local_options(base + "/root");
        options.notes_folder = base + "/notes";
        options.public_paths = {"/public"};
        start(std::move(options), nullptr, &accounts);
    }
    void make(std::string const& name, uid_t uid, gid_t gid, mode_t mode) const {
        auto const path = base + name;
        ::mkdir(path.c_str(), 0700);
        EXPECT_EQ(::chown(path.c_str(), uid, gid), 0) << path;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0) << path;
    }
    net::client_response as(std::string const& who, std::string method, std::string path, std::string body = {},
                            fields const& headers = {}) {
        return send(std::move(method), std::move(path), w.token(all, {}, who), headers, std::move(body));
    }
    struct stat facts(std::string const& name) const {
        struct stat st {};
        EXPECT_EQ(::lstat((base + "/root" + name).c_str(), &st), 0) << name;
        return st;
    }
    bool there(std::string const& name) const { return std::filesystem::exists(base + "/root" + name); }
    // Hidden files anywhere below the root, and notes about them.
    std::size_t leftovers() const {
        std::size_t count = 0;
        for (auto const& e : std::filesystem::recursive_directory_iterator(base))
            if (e.path().filename().string().starts_with(".fjord-in-")) ++count;
        return count;
    }

    std::string base;
    named_accounts accounts;
};

}  // namespace fjord::site::test
