#pragma once
// Acting as an account, on this thread only. File system identity and groups of Linux belong to threads: setfsuid(2), setfsgid(2)
// and the raw setgroups(2) (glibc's wrapper would change all threads). A descriptor opened meanwhile serves any thread later.
//
//   return act_as(who.get(), [&] { return root.look(path); });     // result<T>; `who` null: as the door itself
//
// The identity is given back before act_as returns. If it cannot be, or if the work throws, the process ends: a thread that kept
// somebody's identity would act for everybody after. Needs CAP_SETUID and CAP_SETGID (privileges.hpp).
#include "base/error.hpp"
#include "site/account.hpp"

#include <type_traits>
#include <utility>

namespace fjord::site {

class borrowed_identity {
public:
    explicit borrowed_identity(account const& who) noexcept;
    ~borrowed_identity();  // aborts when the thread's own identity cannot be had back
    borrowed_identity(borrowed_identity const&) = delete;
    borrowed_identity& operator=(borrowed_identity const&) = delete;
    // False: the kernel refused, and the thread is what it was.
    bool taken() const noexcept { return taken_; }
    static error refusal(account const& who);

private:
    std::vector<gid_t> own_groups_;
    uid_t own_uid_ = 0;
    gid_t own_gid_ = 0;
    bool taken_ = false;
    bool nested_ = false;  // the thread acts as this account already
};

// errc::internal: the kernel refused the identity; else what `work` returns. Does not block by itself.
template <class F>
std::invoke_result_t<F&> act_as(account const* who, F&& work) noexcept {
    if (!who) return work();
    borrowed_identity const identity(*who);
    if (!identity.taken()) return borrowed_identity::refusal(*who);
    return work();
}

}  // namespace fjord::site
