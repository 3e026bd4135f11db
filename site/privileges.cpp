#include "site/privileges.hpp"

#include "base/log.hpp"
#include "site/account.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace fjord::site {

namespace {

logger const log_("site");

constexpr std::uint64_t needed = (std::uint64_t{1} << CAP_SETUID) | (std::uint64_t{1} << CAP_SETGID);

struct capability_sets {
    std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};

result<capability_sets> read_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (::syscall(SYS_capget, &header, data.data()) != 0)
        return fail(errc::internal, "cannot read the capabilities of the process: " + std::generic_category().message(errno));
    auto const join = [&](auto member) { return std::uint64_t{data[1].*member} << 32 | data[0].*member; };
    return capability_sets{join(&__user_cap_data_struct::effective), join(&__user_cap_data_struct::permitted),
                           join(&__user_cap_data_struct::inheritable)};
}

result<void> keep_only(std::uint64_t wanted) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    for (int half = 0; half < 2; ++half)
        data[static_cast<std::size_t>(half)].effective = data[static_cast<std::size_t>(half)].permitted =
            static_cast<std::uint32_t>(wanted >> (32 * half));
    if (::syscall(SYS_capset, &header, data.data()) != 0)
        return fail(errc::denied, "cannot give up capabilities: " + std::generic_category().message(errno));
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(errc::internal, "cannot set no_new_privs: " + std::generic_category().message(errno));
    return {};
}

result<void> become(std::string const& name) {
    auto const who = make_account_directory({})->find(name);
    if (!who) return error(who.error().code, "identity.service_account: " + who.error().message());
    auto const failed = [&name](char const* call) {
        return error(errc::denied, "cannot become " + name + ": " + call + ": " + std::generic_category().message(errno));
    };
    // Permitted capabilities are to survive the change of the user; the effective ones are raised again afterwards.
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("PR_SET_KEEPCAPS");
    if (::setgroups(who->groups.size(), who->groups.data()) != 0) return failed("setgroups");
    if (::setresgid(who->gid, who->gid, who->gid) != 0) return failed("setresgid");
    if (::setresuid(who->uid, who->uid, who->uid) != 0) return failed("setresuid");
    ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    return {};
}

}  // namespace

result<void> settle_privileges(privilege_plan const& plan) {
    ::umask(plan.umask);
    bool const changes = ::geteuid() == 0 && !plan.service_account.empty();
    if (!plan.act_as_others && !changes) return {};
    auto const have = read_capabilities();
    if (!have) return have.error();
    if (plan.act_as_others && (have->permitted & needed) != needed)
        return fail(
            errc::denied,
            "identity.mode = \"mapped\" acts as other accounts and needs the capabilities CAP_SETUID and CAP_SETGID, which "
            "this process does not have. In the systemd unit write: AmbientCapabilities=CAP_SETUID CAP_SETGID and "
            "CapabilityBoundingSet=CAP_SETUID CAP_SETGID; or start as root with identity.service_account");
    if (changes) {
        if (auto became = become(plan.service_account); !became) return became.error();
    }
    if (auto kept = keep_only(plan.act_as_others ? needed : 0); !kept) return kept.error();
    log_.info("privileges settled", {{"uid", static_cast<std::uint64_t>(::geteuid())},
                                     {"capabilities", plan.act_as_others ? "CAP_SETUID CAP_SETGID" : "none"}});
    return {};
}

result<mode_t> parse_umask(std::string const& text) {
    mode_t mask = 0;
    bool ok = !text.empty() && text.size() <= 5;
    for (char c : text) {
        ok = ok && c >= '0' && c <= '7';
        mask = mask * 8 + static_cast<mode_t>(c - '0');
    }
    if (!ok || mask > 0777) return fail(errc::invalid_argument, "'" + text + "' is no umask; write it like 0027");
    return mask;
}

}  // namespace fjord::site
