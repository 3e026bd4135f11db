#include "site/acting.hpp"

#include "base/log.hpp"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace fjord::site {

namespace {

logger const log_("site");

#ifdef SYS_setgroups32
constexpr long setgroups_call = SYS_setgroups32;
#else
constexpr long setgroups_call = SYS_setgroups;
#endif

// Whom this thread acts as; null: the door itself.
thread_local account const* acting = nullptr;

bool set_groups(std::vector<gid_t> const& groups) noexcept {
    return ::syscall(setgroups_call, groups.size(), groups.data()) == 0;
}

// The calls give the identity before; asking with -1, which is nobody, changes nothing and tells the present one.
bool set_user(uid_t uid) noexcept {
    ::setfsuid(uid);
    return static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) == uid;
}
bool set_group(gid_t gid) noexcept {
    ::setfsgid(gid);
    return static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) == gid;
}

[[noreturn]] void end_process(char const* why) noexcept {
    // Plain and short: nothing that could open a file under the wrong identity.
    static constexpr char prefix[] = "fjord: a thread cannot go on under another account's identity: ";
    (void)!::write(STDERR_FILENO, prefix, sizeof prefix - 1);
    (void)!::write(STDERR_FILENO, why, std::char_traits<char>::length(why));
    (void)!::write(STDERR_FILENO, "\n", 1);
    std::abort();
}

}  // namespace

borrowed_identity::borrowed_identity(account const& who) noexcept {
    if (acting) {
        if (acting != &who && !(*acting == who)) end_process("it acts as another one already");
        taken_ = nested_ = true;
        return;
    }
    auto const count = ::getgroups(0, nullptr);
    if (count < 0) return;
    own_groups_.resize(static_cast<std::size_t>(count));
    if (::getgroups(count, own_groups_.data()) != count) return;
    own_uid_ = static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1)));
    own_gid_ = static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1)));
    // Groups first: once the user has changed, nothing must be left to do.
    if (!set_groups(who.groups)) return;
    acting = &who;
    if (set_group(who.gid) && set_user(who.uid)) {
        taken_ = true;
        return;
    }
    if (!set_user(own_uid_) || !set_group(own_gid_) || !set_groups(own_groups_)) end_process("half of it was taken on");
    acting = nullptr;
}

borrowed_identity::~borrowed_identity() {
    if (!taken_ || nested_) return;
    if (!set_user(own_uid_) || !set_group(own_gid_) || !set_groups(own_groups_)) end_process("it cannot be given back");
    acting = nullptr;
}

error borrowed_identity::refusal(account const& who) {
    log_.error("cannot act as a mapped account: the process lacks CAP_SETUID and CAP_SETGID", {{"account", who.name}});
    return fail(errc::internal, "the door cannot act as account " + who.name);
}

}  // namespace fjord::site
