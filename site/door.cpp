#include "site/door.hpp"

#include "base/dataset_uri.hpp"
#include "base/text.hpp"
#include "site/door_core.hpp"

#include <algorithm>

namespace fjord::site {

namespace {

constexpr std::string_view ticket_parameter = "ticket";

bool is_below(path_segments const& path, path_segments const& top) {
    return path.size() >= top.size() && std::equal(top.begin(), top.end(), path.begin());
}

result<path_segments> configured_path(std::string_view what, std::string_view text) {
    auto decoded = decode_path(text);
    if (!decoded)
        return fail(errc::invalid_argument, std::string(what) + " '" + std::string(text) + "': " + decoded.error().message());
    return std::move(decoded->segments);
}

// The token as sent, whichever way authenticate() will accept.
secret sent_token(net::request const& req) {
    auto value = trim(req.headers.get("Authorization"));
    if (value.empty()) return secret(std::string(req.query.get(ticket_parameter)));
    take_until(value, ' ');
    return secret(std::string(trim(value)));
}

}  // namespace

door_core::door_core(door_options o, door_parts p, root_directory r)
    : options(std::move(o)),
      parts(p),
      root(std::move(r)),
      uploads(p.metrics.counter("fjord_site_uploads_total", "Files taken in by PUT")),
      upload_failures(p.metrics.counter("fjord_site_upload_failures_total", "PUTs that left nothing behind")),
      upload_bytes(p.metrics.counter("fjord_site_upload_bytes_total", "Bytes taken in by PUT")),
      copies_done(p.metrics.counter("fjord_site_copies_total", "Third-party copies by result", {{"result", "success"}})),
      copies_failed(p.metrics.counter("fjord_site_copies_total", "Third-party copies by result", {{"result", "failure"}})),
      copy_bytes(p.metrics.counter("fjord_site_copy_bytes_total", "Bytes moved by third-party copies")) {}

result<std::unique_ptr<door>> door::open(door_options options, door_parts parts) {
    auto prefix = configured_path("prefix", options.prefix);
    if (!prefix) return prefix.error();
    std::vector<path_segments> public_paths;
    for (auto const& text : options.public_paths) {
        auto path = configured_path("public path", text);
        if (!path) return path.error();
        public_paths.push_back(std::move(*path));
    }
    std::vector<std::pair<std::string, path_segments>> scope_roots;
    for (auto const& [issuer, text] : options.scope_roots) {
        auto path = configured_path("base path", text);
        if (!path) return path.error();
        scope_roots.emplace_back(issuer, std::move(*path));
    }
    auto groups = group_access::make(options.groups);
    if (!groups) return groups.error();
    if (parts.accounts && options.notes_folder.empty())
        return fail(errc::invalid_argument, "mapped mode needs a folder for notes of uploads under way");
    auto root = root_directory::open(options.root, parts.accounts ? options.notes_folder : std::string{});
    if (!root) return root.error();
    auto core = std::make_shared<door_core>(std::move(options), parts, std::move(*root));
    core->prefix = std::move(*prefix);
    core->public_paths = std::move(public_paths);
    core->scope_roots = std::move(scope_roots);
    core->groups = std::move(*groups);
    return std::unique_ptr<door>(new door(std::move(core)));
}

door::door(std::shared_ptr<door_core> core) : core_(std::move(core)) {}

void door::add_routes(net::router& routes) const {
    std::string pattern;
    for (auto const& segment : core_->prefix) pattern += "/" + segment;
    pattern += "/{path...}";
    // Bodies and answers of any size at any pace: the server's stall limit ends the dead ones.
    net::route_options const streaming{.max_body = 0, .time_limit = std::chrono::seconds{0}};
    net::route_options const small{.max_body = 64u << 10};
    auto const bind = [core = core_](auto handle) { return [core, handle](net::request& req) { return handle(core, req); }; };
    routes.add("GET", pattern, bind(&handle_get), streaming);
    routes.add("HEAD", pattern, bind(&handle_get), streaming);
    routes.add("PUT", pattern, bind(&handle_put), streaming);
    routes.add("COPY", pattern, bind(&handle_copy), streaming);
    routes.add("PROPFIND", pattern, bind(&handle_propfind), streaming);
    routes.add("DELETE", pattern, bind(&handle_delete), small);
    routes.add("MKCOL", pattern, bind(&handle_mkcol), small);
    routes.add("MOVE", pattern, bind(&handle_move), small);
    routes.add("OPTIONS", pattern, bind(&handle_options), small);
    routes.add("GET", "/.well-known/fjord-whoami", bind(&handle_whoami), small);
    auto const quickly = [core = core_](net::quick_request const& req, net::quick_answer& answer) {
        return serve_quickly(*core, req, answer);
    };
    routes.add_quick("GET", pattern, quickly);
    routes.add_quick("HEAD", pattern, quickly);
}

held_scopes held_at(door_core const& core, principal const& who, path_segments const& path, bool directory, bool for_mkcol) {
    held_scopes held;
    held.stat = auth::allows(who, "storage.stat", path, directory);
    held.read = auth::allows(who, "storage.read", path, directory);
    held.modify = auth::allows(who, "storage.modify", path, directory);
    auto const by_group = core.groups.at(who, path);
    held.read = held.read || by_group.read;
    held.modify = held.modify || by_group.write;
    // Only MKCOL may touch the directories that lead to a create scope (WLCG profile v1.3).
    held.create = held.modify || auth::allows(who, "storage.create", path, directory && for_mkcol);
    auto const is_public = [&path](path_segments const& top) { return is_below(path, top); };
    if (std::any_of(core.public_paths.begin(), core.public_paths.end(), is_public)) held.read = true;
    held.stat = held.stat || held.read || held.create;
    return held;
}

std::string scope_for(door_core const& core, principal const& who, std::string_view scope, path_segments const& path) {
    if (scope.empty()) return {};
    path_segments root;
    auto const& roots = core.scope_roots;
    if (who.is_anonymous() && roots.size() == 1) root = roots.front().second;
    for (auto const& [issuer, its_root] : roots)
        if (issuer == who.issuer) root = its_root;
    if (!is_below(path, root)) return {};
    path_segments const below(path.begin() + static_cast<std::ptrdiff_t>(root.size()), path.end());
    return std::string(scope) + ":" + (below.empty() ? "/" : href_text(below));
}

net::response refuse(door_core const& core, net::request const& req, visit const& v, refusal const& why) {
    if (why.status != 403) {
        auto answer = net::problem(why.status, why.why);
        if (why.status == 405) answer.headers.set("Allow", "OPTIONS, GET, HEAD, PROPFIND, DELETE, MOVE");
        return answer;
    }
    auto const scope = scope_for(core, *v.caller, why.scope, v.path);
    if (v.caller->is_anonymous()) return auth::unauthorized(req, core.options.realm, scope);
    return auth::insufficient_scope(req, core.options.realm, scope, why.why);
}

// The account that the caller acts as here; no account means no access, and never somebody else's.
asio::awaitable<void> find_account(core_ptr core, net::request const& req, entry& e) {
    auto found = co_await core->parts.accounts->account_for(*e.at.caller);
    if (found)
        e.at.account = std::move(*found);
    else if (found.error().code == errc::denied && e.at.caller->is_anonymous())
        e.refused = auth::unauthorized(req, core->options.realm, scope_for(*core, *e.at.caller, "storage.read", e.at.path));
    else
        e.refused = net::problem(found.error());
    if (e.refused && e.refused->status == 503) e.refused->headers.set("Retry-After", "10");
}

asio::awaitable<entry> enter(core_ptr core, net::request& req, verb action) {
    entry e;
    e.at.action = action;
    e.at.path = req.rest;
    e.at.trailing_slash = req.path.trailing_slash;
    e.at.token = sent_token(req);
    e.refused = co_await auth::authenticate(req, core->parts.tokens, core->options.realm, ticket_parameter);
    if (e.refused) co_return e;
    e.at.caller = req.caller;
    // Whether it is a file or a directory is not known yet: refused is what neither could be allowed.
    bool const mkcol = action == verb::mkcol;
    auto const why = refuse_unseen(action, held_at(*core, *e.at.caller, e.at.path, true, mkcol));
    if (why && refuse_unseen(action, held_at(*core, *e.at.caller, e.at.path, false)))
        e.refused = refuse(*core, req, e.at, *why);
    else if (root_directory::is_hidden(e.at.path))
        e.refused = net::problem(404, "there is nothing at this path");
    else if (core->parts.accounts)
        co_await find_account(core, req, e);
    co_return e;
}

std::optional<net::response> check_state(door_core const& core, net::request const& req, visit const& v, object_state state,
                                         bool overwrite) {
    bool const mkcol = v.action == verb::mkcol;
    bool const directory = state == object_state::directory || (state == object_state::absent && (mkcol || v.trailing_slash));
    auto const held = held_at(core, *v.caller, v.path, directory, mkcol);
    auto why = refuse_unseen(v.action, held);
    if (!why) why = refuse_seen(v.action, held, state, overwrite);
    if (why) return refuse(core, req, v, *why);
    return std::nullopt;
}

asio::awaitable<result<file_facts>> look(core_ptr core, account_ptr who, path_segments path) {
    if (root_directory::is_hidden(path)) co_return file_facts{};
    auto work = [core, path = std::move(path)] { return core->root.look(path); };
    co_return co_await on_pool_as(core, std::move(who), std::move(work));
}

asio::awaitable<result<served>> open_served(core_ptr core, account_ptr who, path_segments path) {
    if (root_directory::is_hidden(path)) co_return fail(errc::not_found, "there is nothing at this path");
    auto const finish = [core](result<opened> got) -> result<served> {
        if (!got) return got.error();
        served out{std::make_shared<unique_fd>(std::move(got->fd)), got->facts, std::nullopt};
        if (out.facts.state == object_state::file)
            out.digests = core->notes.learn(out.fd->get(), out.facts, core->parts.time.now())->digests;
        return out;
    };
    auto const unreadable = [core, path](error why) -> result<served> {
        auto const facts = core->root.look(path);
        if (!facts || facts->state == object_state::absent) return why;
        return served{nullptr, *facts, std::nullopt};
    };
    // What the kernel has in memory needs no other thread; a file's digests are at hand when they were read before.
    auto const from_memory = [&] { return core->root.open_cached(path); };
    auto cached = act_as(who.get(), from_memory);
    if (!cached && cached.error().code != errc::unavailable && cached.error().code != errc::denied) co_return cached.error();
    auto const note = cached ? core->notes.find(cached->facts) : nullptr;
    if (note || (cached && cached->facts.state != object_state::file)) {
        served out{std::make_shared<unique_fd>(std::move(cached->fd)), cached->facts, std::nullopt};
        if (note) out.digests = note->digests;
        co_return out;
    }
    auto work = [core, path = std::move(path), finish, unreadable]() -> result<served> {
        auto found = core->root.open_existing(path);
        return !found && found.error().code == errc::denied ? unreadable(found.error()) : finish(std::move(found));
    };
    co_return co_await on_pool_as(core, std::move(who), std::move(work));
}

net::response may_not_read() { return net::problem(403, "the permissions of the file system do not let this account read it"); }

asio::awaitable<result<std::shared_ptr<incoming_file>>> take_in(core_ptr core, arrival what, byte_reader read,
                                                                std::function<void(std::size_t)> on_bytes) {
    using made_file = result<std::shared_ptr<incoming_file>>;
    auto& wanted = what.promise.wanted;
    wanted.insert(wanted.end(), core->options.upload_digests.begin(), core->options.upload_digests.end());
    auto begin = [core, what = std::move(what)]() -> made_file {
        auto made = incoming_file::create(core->root, what.to, what.owner, what.promise);
        if (!made) return made.error();
        return std::make_shared<incoming_file>(std::move(*made));
    };
    auto file = co_await on_pool(core->parts.pool, std::move(begin));
    if (!file) co_return file.error();
    auto poured = co_await pour(core->parts.pool, *file, std::move(read), core->options.max_upload, std::move(on_bytes));
    if (poured) co_return std::move(*file);
    auto drop = [file = *file]() -> result<void> {
        file->discard();
        return {};
    };
    (void)co_await on_pool(core->parts.pool, std::move(drop));
    co_return poured.error();
}

result<path_segments> own_path(door_core const& core, net::request const& req, std::string_view destination) {
    std::string text(trim(destination));
    if (!text.starts_with('/')) {
        // WebDAV clients write dav(s) for http(s); the server it names must be this one.
        if (iequals(std::string_view(text).substr(0, 3), "dav")) text = "http" + text.substr(3);
        auto parts = net::parse_url(text);
        if (!parts) return error(errc::invalid_argument, "Destination: " + parts.error().message());
        auto const ours = net::parse_url(req.base_url);
        if (!ours || ours->origin() != parts->origin())
            return fail(errc::unsupported, "Destination names another server than this one");
        if (!parts->query.empty()) return fail(errc::invalid_argument, "Destination must not have a query");
        text = parts->path;
    }
    auto decoded = decode_path(text);
    if (!decoded) return error(errc::invalid_argument, "Destination: " + decoded.error().message());
    auto& segments = decoded->segments;
    if (!is_below(segments, core.prefix)) return fail(errc::unsupported, "Destination lies outside of this door's paths");
    segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(core.prefix.size()));
    return std::move(segments);
}

}  // namespace fjord::site
