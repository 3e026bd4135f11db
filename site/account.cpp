#include "site/account.hpp"

#include "base/text.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace fjord::site {

namespace {

constexpr std::size_t max_entry = 1u << 20;
constexpr int max_groups = 65536;  // NGROUPS_MAX of Linux

// Asks with a growing buffer, as the interface wants it. Null entry: no such account.
int ask_user_database(std::string const& name, passwd& entry, std::vector<char>& text, passwd*& found) {
    for (text.resize(4096);; text.resize(2 * text.size())) {
        int const rc = ::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
        if (rc != ERANGE || text.size() >= max_entry) return rc;
    }
}

result<std::vector<gid_t>> groups_of(passwd const& entry) {
    std::vector<gid_t> groups(64);
    for (;;) {
        int count = static_cast<int>(groups.size());
        if (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) >= 0) {
            groups.resize(static_cast<std::size_t>(count));
            return groups;
        }
        if (count <= static_cast<int>(groups.size()) || count > max_groups)
            return fail(errc::unavailable, "the groups of account " + std::string(entry.pw_name) + " cannot be had");
        groups.resize(static_cast<std::size_t>(count));
    }
}

class machine_accounts final : public account_directory {
public:
    explicit machine_accounts(std::vector<account> listed) : listed_(std::move(listed)) {}

    result<account> find(std::string const& name) override {
        auto const known = std::find_if(listed_.begin(), listed_.end(), [&](account const& a) { return a.name == name; });
        if (known != listed_.end()) return *known;
        if (!is_account_name(name)) return fail(errc::not_found, "'" + name + "' is no account name");
        passwd entry{};
        passwd* found = nullptr;
        std::vector<char> text;
        int const rc = ask_user_database(name, entry, text, found);
        // POSIX lets these mean "not found" as well as 0 with no entry.
        bool const absent = rc == 0 || rc == ENOENT || rc == ESRCH || rc == EBADF || rc == EPERM;
        if (!found && absent) return fail(errc::not_found, "there is no account " + name + " on this machine");
        if (!found)
            return fail(errc::unavailable,
                        "the user database cannot be asked for " + name + ": " + std::generic_category().message(rc));
        auto groups = groups_of(entry);
        if (!groups) return groups.error();
        return account{name, entry.pw_uid, entry.pw_gid, std::move(*groups)};
    }

private:
    std::vector<account> const listed_;
};

}  // namespace

result<void> judge_account(account const& who, uid_t min_uid) {
    if (who.uid == 0) return fail(errc::denied, "account " + who.name + " is the superuser, and nobody is mapped to it");
    if (who.uid == static_cast<uid_t>(-1) || who.gid == static_cast<gid_t>(-1))
        return fail(errc::denied, "account " + who.name + " has no usable uid and gid");
    if (who.uid < min_uid)
        return fail(errc::denied, "account " + who.name + " has uid " + std::to_string(who.uid) + ", below the minimum of " +
                                      std::to_string(min_uid) + " (identity.min_uid)");
    bool const rooted = who.gid == 0 || std::find(who.groups.begin(), who.groups.end(), gid_t{0}) != who.groups.end();
    if (rooted) return fail(errc::denied, "account " + who.name + " is in group 0, and nobody is mapped to such accounts");
    return {};
}

std::unique_ptr<account_directory> make_account_directory(std::vector<account> listed) {
    return std::make_unique<machine_accounts>(std::move(listed));
}

bool is_account_name(std::string_view name) noexcept {
    if (name.ends_with('$')) name.remove_suffix(1);
    if (name.empty() || name.size() > 255 || name.front() == '-' || name == "." || name == "..") return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '@';  // '@': accounts of joined domains
    });
}

}  // namespace fjord::site
