#include "site/identity.hpp"

#include "auth/groups.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "site/account_map.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace fjord::site {

namespace {

logger const log_("identity");
constexpr std::size_t max_remembered = 65'536;

// The map file, read again when it is another one or has changed. A version that does not parse is not taken: the last good one
// stays. Blocking: pool threads.
class map_file {
public:
    explicit map_file(std::string file) : file_(std::move(file)) {}

    result<void> load() {
        struct stat st {};
        if (::stat(file_.c_str(), &st) != 0) return error_from_errno(errno, "read " + file_);
        auto const stamp = std::tuple(st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        std::lock_guard lock(mutex_);
        if (stamp == stamp_) return {};
        auto text = read_file(file_);
        if (!text) return text.error();
        auto parsed = account_map::parse(*text);
        if (!parsed) return error(parsed.error().code, file_ + ": " + parsed.error().detail);
        map_ = std::move(*parsed);
        stamp_ = stamp;
        log_.info("map of accounts read", {{"file", file_}, {"people", map_.size()}});
        return {};
    }
    std::optional<std::string> find(std::string const& issuer, std::string const& subject) {
        if (auto fresh = load(); !fresh) log_.error("map of accounts not read again", {{"reason", fresh.error().message()}});
        std::lock_guard lock(mutex_);
        return map_.find(issuer, subject);
    }

private:
    std::string const file_;
    std::mutex mutex_;
    account_map map_;
    std::tuple<ino_t, off_t, time_t, long> stamp_{};
};

class methods_in_order final : public account_mapper {
public:
    methods_in_order(identity_options options, account_directory& accounts, net::http_client& client, blocking_pool& pool,
                     clock& time)
        : options_(std::move(options)),
          accounts_(accounts),
          client_(client),
          pool_(pool),
          time_(time),
          file_(options_.map_file) {}

    result<void> prepare() {
        for (auto& row : options_.groups) {
            if (auto urn = auth::normalise_entitlement(row.group))
                row.group = *urn;
            else if (!auth::is_group_name(row.group))
                return fail(errc::invalid_argument, "group_account: '" + row.group + "' is neither a group nor an entitlement");
            if (!is_account_name(row.account))
                return fail(errc::invalid_argument, "group_account: '" + row.account + "' is no account name");
        }
        return options_.map_file.empty() ? result<void>{} : file_.load();
    }

    boost::asio::awaitable<result<account_ptr>> account_for(principal who) override {
        auto const key = key_of(who);
        if (auto known = recall(key)) co_return std::move(*known);
        auto found = co_await search(std::move(who));
        remember(key, found);
        co_return found;
    }

private:
    struct remembered {
        result<account_ptr> what;
        steady_time until;
    };

    // All that the search looks at, so that a token with other groups is another question; with
    // lengths, so that no choice of names makes two people one.
    static std::string key_of(principal const& who) {
        std::string key;
        auto const add = [&key](std::string const& part) { key += std::to_string(part.size()) + ':' + part; };
        add(who.issuer);
        add(who.subject);
        add(who.account_hint);
        for (auto const& group : who.asserted_groups) add(group);
        return key;
    }
    std::optional<result<account_ptr>> recall(std::string const& key) {
        std::lock_guard lock(mutex_);
        auto const found = known_.find(key);
        if (found == known_.end()) return std::nullopt;
        if (found->second.until > time_.steady()) return found->second.what;
        known_.erase(found);
        return std::nullopt;
    }
    void remember(std::string const& key, result<account_ptr> const& what) {
        std::lock_guard lock(mutex_);
        if (known_.size() >= max_remembered) known_.clear();  // simple, and a second of look-ups at worst
        known_.insert_or_assign(key, remembered{what, time_.steady() + (what ? options_.keep : options_.keep_negative)});
    }

    boost::asio::awaitable<result<account_ptr>> search(principal who) {
        auto name = co_await name_of(who);
        if (!name) {
            log_.error("an account cannot be told", {{"issuer", who.issuer}, {"reason", name.error().message()}});
            co_return fail(errc::unavailable, "your account at this site cannot be told now; try again shortly");
        }
        if (name->empty()) co_return fail(errc::denied, "you have no account at this site");
        auto work = [this, wanted = *name]() -> result<account> {
            auto found = accounts_.find(wanted);
            if (!found) return found;
            if (auto fine = judge_account(*found, options_.min_uid); !fine) return fine.error();
            return found;
        };
        auto found = co_await on_pool(pool_, std::move(work));
        if (found) co_return std::make_shared<account const>(std::move(*found));
        log_.warn("a caller is mapped to an account that cannot be used",
                  {{"issuer", who.issuer}, {"account", *name}, {"reason", found.error().message()}});
        bool const for_now = found.error().code == errc::unavailable;
        co_return fail(for_now ? errc::unavailable : errc::denied,
                       for_now ? "your account at this site cannot be looked up now; try again shortly"
                               : "you have no usable account at this site");
    }

    // "": nobody. An error: a method could not be asked.
    boost::asio::awaitable<result<std::string>> name_of(principal const& who) {
        if (who.is_anonymous()) co_return options_.public_account;
        if (!options_.map_file.empty()) {
            auto work = [this, issuer = who.issuer, subject = who.subject]() -> result<std::optional<std::string>> {
                return file_.find(issuer, subject);
            };
            auto found = co_await on_pool(pool_, std::move(work));
            if (!found) co_return found.error();
            if (*found) co_return **found;
        }
        if (!options_.alise.url.empty()) {
            auto found = co_await ask_alise(client_, options_.alise, who.issuer, who.subject);
            if (!found) co_return found.error();
            if (*found) co_return **found;
        }
        for (auto const& row : options_.groups) {
            auto const& groups = who.asserted_groups;
            bool const holds = std::find(groups.begin(), groups.end(), row.group) != groups.end();
            if (holds && (row.issuer.empty() || row.issuer == who.issuer)) co_return row.account;
        }
        co_return who.account_hint;
    }

    identity_options options_;
    account_directory& accounts_;
    net::http_client& client_;
    blocking_pool& pool_;
    clock& time_;
    map_file file_;
    std::mutex mutex_;
    std::unordered_map<std::string, remembered> known_;
};

}  // namespace

result<std::unique_ptr<account_mapper>> make_account_mapper(identity_options options, account_directory& accounts,
                                                            net::http_client& client, blocking_pool& pool, clock& time) {
    auto made = std::make_unique<methods_in_order>(std::move(options), accounts, client, pool, time);
    if (auto ok = made->prepare(); !ok) return ok.error();
    return std::unique_ptr<account_mapper>(std::move(made));
}

}  // namespace fjord::site
