#pragma once
// What each verb needs, in one place: verb x scopes held x what is there -> go ahead, or a status. Pure; tests go through the
// whole table. Two steps, because a path outside the token's scope is refused before anybody looks whether it exists:
//
//   auto early = refuse_unseen(verb, held);                    // 403: nothing about the path is revealed
//   auto late = refuse_seen(verb, held, state, overwrite_ok);  // 403, 404, 405, 409, 412
#include <optional>
#include <string_view>

namespace fjord::site {

enum class verb {
    get,       // bytes of a file, names of a directory
    head,      // stat
    propfind,  // depth 0: stat
    list,      // PROPFIND depth 1
    put,
    remove,  // DELETE
    mkcol,
    move_source,  // MOVE asks twice: at its source
    move_target,  // and at its destination
    copy_pull,    // COPY with Source: writes here
    copy_push,    // COPY with Destination: reads here
};

enum class object_state { absent, file, directory };

// What the caller's token (or the configuration's public paths) grants on this very path. `modify` includes `create`, and
// each of them includes `stat` (WLCG profile v1.3); the maker of this value sees to that.
struct held_scopes {
    bool stat = false, read = false, create = false, modify = false;
};

struct refusal {
    unsigned status = 403;
    std::string_view scope;  // what would be enough, for 401 and 403; else empty
    std::string_view why;
};

// Before the path is looked at. Engaged: no state of the path could make this verb allowed.
std::optional<refusal> refuse_unseen(verb v, held_scopes held) noexcept;

// After. `overwrite`: false for "Overwrite: F" (COPY and MOVE) and "If-None-Match: *" (PUT).
std::optional<refusal> refuse_seen(verb v, held_scopes held, object_state state, bool overwrite) noexcept;

std::string_view name_of(verb v) noexcept;

}  // namespace fjord::site
