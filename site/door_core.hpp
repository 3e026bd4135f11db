#pragma once
// What the door's handlers share; inside of `site` only.
#include "base/log.hpp"
#include "site/acting.hpp"
#include "site/door.hpp"
#include "site/file_notes.hpp"
#include "site/pour.hpp"
#include "site/root.hpp"
#include "site/stored_digests.hpp"
#include "site/verbs.hpp"

#include <atomic>
#include <optional>

namespace fjord::site {

namespace asio = boost::asio;

struct door_core {
    door_core(door_options o, door_parts p, root_directory r);

    door_options options;
    door_parts parts;
    root_directory root;
    path_segments prefix;
    std::vector<path_segments> public_paths;
    group_access groups;
    std::vector<std::pair<std::string, path_segments>> scope_roots;  // of door_options
    std::atomic<std::size_t> copies{0};
    file_notes notes;

    counter &uploads, &upload_failures, &upload_bytes, &copies_done, &copies_failed, &copy_bytes;
};

using core_ptr = std::shared_ptr<door_core>;

// Runs work() on the pool as this account (null: as the door itself). Everything that touches a path goes through here.
template <class F>
asio::awaitable<std::invoke_result_t<F&>> on_pool_as(core_ptr core, account_ptr who, F work) {
    auto acting = [who = std::move(who), work = std::move(work)]() mutable { return act_as(who.get(), work); };
    co_return co_await on_pool(core->parts.pool, std::move(acting));
}

// A request that passed authentication and whose path its caller may at least ask about.
struct visit {
    verb action = verb::get;
    path_segments path;
    bool trailing_slash = false;
    std::shared_ptr<principal const> caller;
    account_ptr account;  // that the caller's files belong to; null in service mode
    secret token;         // as the client sent it; for the registration of uploads only
};

// Engaged refusal: the answer. Does nothing on disk. In mapped mode the caller's account is looked up, when the scopes allow the
// verb.
struct entry {
    std::optional<net::response> refused;
    visit at;
};
asio::awaitable<entry> enter(core_ptr core, net::request& req, verb action);

// What the caller may do at `path`, known to be (or to become) a file or a directory.
held_scopes held_at(door_core const& core, principal const& who, path_segments const& path, bool directory,
                    bool for_mkcol = false);

// "storage.read:/x" as the issuer of this caller would write it for our path; of an anonymous one, when there is a single issuer.
// Empty: no scope of that issuer could reach the path.
std::string scope_for(door_core const& core, principal const& who, std::string_view scope, path_segments const& path);

// 401 for an anonymous caller, 403 with the missing scope, or the bare status.
net::response refuse(door_core const& core, net::request const& req, visit const& v, refusal const& why);

// refuse_unseen and refuse_seen with what was found; also what lies under a hidden name is not there.
std::optional<net::response> check_state(door_core const& core, net::request const& req, visit const& v, object_state state,
                                         bool overwrite = true);

// stat on the pool; nothing exists under hidden names.
asio::awaitable<result<file_facts>> look(core_ptr core, account_ptr who, path_segments path);

// Something of the root that is open for reading; fd is null when the account may see it and not read it.
struct served {
    std::shared_ptr<unique_fd> fd;
    file_facts facts;
    std::optional<digest_set> digests;  // those stored with it
};
asio::awaitable<result<served>> open_served(core_ptr core, account_ptr who, path_segments path);
net::response may_not_read();  // 403 of the file system, for a served without fd

// What comes in, and for whom.
struct arrival {
    path_segments to;
    account_ptr owner;
    sender_promise promise;
};
// All bytes of `read` in a hidden file that is ready to be sealed; on failure the file is gone before this returns. `on_bytes`
// may be empty. errc::no_space, errc::limit_exceeded (max_upload), and what `read` fails with.
asio::awaitable<result<std::shared_ptr<incoming_file>>> take_in(core_ptr core, arrival what, byte_reader read,
                                                                std::function<void(std::size_t)> on_bytes);

// The path below our root that a Destination (absolute URL of this door or absolute path) names. errc::invalid_argument;
// errc::unsupported: another server's.
result<path_segments> own_path(door_core const& core, net::request const& req, std::string_view destination);

// One family of verbs per file: door_read.cpp, door_put.cpp, door_change.cpp, door_copy.cpp.
asio::awaitable<net::response> handle_get(core_ptr core, net::request& req);
bool serve_quickly(door_core const& core, net::quick_request const& req, net::quick_answer& answer);  // door_quick.cpp
asio::awaitable<net::response> handle_propfind(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_put(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_delete(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_mkcol(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_move(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_options(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_whoami(core_ptr core, net::request& req);
asio::awaitable<net::response> handle_copy(core_ptr core, net::request& req);

// COPY whose Destination is at this very door, and which brings no token for another.
bool is_local_copy(door_core const& core, net::request const& req);
asio::awaitable<net::response> handle_local_copy(core_ptr core, net::request& req);

}  // namespace fjord::site
