// DELETE, MKCOL, MOVE and OPTIONS.
#include "base/text.hpp"
#include "site/door_core.hpp"
#include "site/tree.hpp"

namespace fjord::site {

namespace {

asio::awaitable<result<void>> remove(core_ptr core, visit const& at) {
    auto work = [core, path = at.path] { return core->root.remove(path); };
    co_return co_await on_pool_as(core, at.account, std::move(work));
}

// RFC 4918 section 9.6.1: a directory goes with all below it. Piece by piece, so that others get their turn on the pool.
asio::awaitable<result<void>> remove_all(core_ptr core, visit const& at) {
    for (;;) {
        auto work = [core, path = at.path] { return remove_some(core->root, path, 1024); };
        auto gone = co_await on_pool_as(core, at.account, std::move(work));
        if (!gone) co_return gone.error();
        if (*gone) co_return result<void>{};
    }
}

asio::awaitable<result<void>> make(core_ptr core, visit const& at) {
    auto work = [core, path = at.path] { return core->root.make_directory(path); };
    co_return co_await on_pool_as(core, at.account, std::move(work));
}

asio::awaitable<result<void>> move(core_ptr core, visit const& from, path_segments to, replace_mode mode) {
    auto work = [core, from = from.path, to = std::move(to), mode] { return core->root.rename(from, to, mode); };
    co_return co_await on_pool_as(core, from.account, std::move(work));
}

}  // namespace

asio::awaitable<net::response> handle_delete(core_ptr core, net::request& req) {
    auto e = co_await enter(core, req, verb::remove);
    if (e.refused) co_return std::move(*e.refused);
    auto const facts = co_await look(core, e.at.account, e.at.path);
    if (!facts && facts.error().code != errc::conflict) co_return net::problem(facts.error());
    auto const state = facts ? facts->state : object_state::absent;
    if (auto refused = check_state(*core, req, e.at, state)) co_return std::move(*refused);
    if (state == object_state::file && e.at.trailing_slash) co_return net::problem(404, "there is nothing at this path");
    auto const depth = trim(req.headers.get("Depth"));
    if (state == object_state::directory && core->options.recursive_delete && !depth.empty() && !iequals(depth, "infinity"))
        co_return net::problem(
            400, "a directory is removed with all below it: Depth must be infinity or absent (RFC 4918 section 9.6.1)");
    bool const whole = state == object_state::directory && core->options.recursive_delete && !e.at.path.empty();
    result<void> removed;
    if (whole)
        removed = co_await remove_all(core, e.at);
    else
        removed = co_await remove(core, e.at);
    if (removed) co_return net::empty_response(204);
    if (removed.error().code == errc::conflict && state == object_state::directory && !whole)
        co_return net::problem(409,
                               "the directory is not empty: remove what is in it first (this site does not remove whole trees)");
    co_return net::problem(removed.error());
}

asio::awaitable<net::response> handle_mkcol(core_ptr core, net::request& req) {
    auto e = co_await enter(core, req, verb::mkcol);
    if (e.refused) co_return std::move(*e.refused);
    // RFC 4918 section 9.3: a body that is not understood is 415.
    if (auto body = co_await net::read_body(req, 4096); !body || !body->empty())
        co_return net::problem(415, "MKCOL takes no body");
    auto const facts = co_await look(core, e.at.account, e.at.path);
    if (!facts) co_return net::problem(facts.error());
    if (auto refused = check_state(*core, req, e.at, facts->state)) co_return std::move(*refused);
    auto made = co_await make(core, e.at);
    if (made) co_return net::empty_response(201);
    if (made.error().code == errc::not_found) co_return net::problem(409, "a parent of this directory is missing; make it first");
    if (made.error().code == errc::already_exists) co_return net::problem(405, "something exists at this path");
    co_return net::problem(made.error());
}

asio::awaitable<net::response> handle_move(core_ptr core, net::request& req) {
    auto e = co_await enter(core, req, verb::move_source);
    if (e.refused) co_return std::move(*e.refused);
    auto const overwrite = trim(req.headers.get("Overwrite"));
    if (!overwrite.empty() && !iequals(overwrite, "T") && !iequals(overwrite, "F"))
        co_return net::problem(400, "Overwrite must be T or F");
    if (req.headers.count("Destination") != 1) co_return net::problem(400, "MOVE needs exactly one Destination");
    auto to = own_path(*core, req, req.headers.get("Destination"));
    // RFC 4918 section 9.9.4: 502 when the destination is on another server.
    if (!to) co_return net::problem(to.error().code == errc::unsupported ? 502 : 400, to.error().message());
    auto target = e.at;
    target.action = verb::move_target;
    target.path = *to;
    target.trailing_slash = false;
    if (auto const why = refuse_unseen(verb::move_target, held_at(*core, *target.caller, target.path, false)))
        co_return refuse(*core, req, target, *why);
    if (root_directory::is_hidden(target.path)) co_return net::problem(403, "this name is reserved");

    auto const from_facts = co_await look(core, e.at.account, e.at.path);
    if (!from_facts && from_facts.error().code != errc::conflict) co_return net::problem(from_facts.error());
    auto const from_state = from_facts ? from_facts->state : object_state::absent;
    if (auto refused = check_state(*core, req, e.at, from_state)) co_return std::move(*refused);
    auto const to_facts = co_await look(core, target.account, target.path);
    if (!to_facts) co_return net::problem(to_facts.error());
    bool const may_overwrite = !iequals(overwrite, "F");
    if (e.at.path == target.path) co_return net::problem(403, "source and destination are the same (RFC 4918 section 9.9.4)");
    if (auto refused = check_state(*core, req, target, to_facts->state, may_overwrite)) co_return std::move(*refused);
    bool const replace = to_facts->state == object_state::file && may_overwrite;
    auto moved = co_await move(core, e.at, target.path, replace ? replace_mode::allowed : replace_mode::never);
    if (moved) co_return net::empty_response(replace ? 204 : 201);
    if (moved.error().code == errc::already_exists)
        co_return net::problem(412, "something appeared at the destination meanwhile");
    co_return net::problem(moved.error());
}

// Open to all: it tells what the door can do, not what it holds.
asio::awaitable<net::response> handle_options(core_ptr, net::request&) {
    auto answer = net::empty_response(204);
    answer.headers.set("DAV", "1");
    answer.headers.set("MS-Author-Via", "DAV");
    answer.headers.set("Allow", "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE, COPY, PROPFIND");
    co_return answer;
}

}  // namespace fjord::site
