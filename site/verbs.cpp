#include "site/verbs.hpp"

namespace fjord::site {

namespace {

constexpr std::string_view read_scope = "storage.read";
constexpr std::string_view create_scope = "storage.create";
constexpr std::string_view modify_scope = "storage.modify";

constexpr refusal no_scope(std::string_view scope) { return {403, scope, "the token does not grant this here"}; }
constexpr refusal absent{404, {}, "there is nothing at this path"};
constexpr refusal create_only{403, modify_scope, "something exists at this path, and overwriting needs storage.modify"};
constexpr refusal must_not_exist{412, {}, "something exists at this path, and the request forbids overwriting"};

// PUT, COPY pull and the target of MOVE: writing a file where there may be one.
std::optional<refusal> refuse_write(verb v, held_scopes held, object_state state, bool overwrite) noexcept {
    if (state == object_state::absent) return std::nullopt;
    if (!overwrite) return must_not_exist;
    if (!held.modify) return create_only;
    if (state == object_state::file) return std::nullopt;
    if (v == verb::put) return refusal{405, {}, "a directory exists at this path"};
    return refusal{409, {}, "a directory exists at this path"};
}

}  // namespace

std::optional<refusal> refuse_unseen(verb v, held_scopes held) noexcept {
    switch (v) {
        case verb::head:
        case verb::propfind:
            return held.stat ? std::nullopt : std::optional(no_scope(read_scope));
        case verb::get:
        case verb::list:
        case verb::copy_push:
            return held.read ? std::nullopt : std::optional(no_scope(read_scope));
        case verb::put:
        case verb::mkcol:
        case verb::copy_pull:
        case verb::move_source:
        case verb::move_target:
            return held.create ? std::nullopt : std::optional(no_scope(create_scope));
        case verb::remove:
            return held.modify ? std::nullopt : std::optional(no_scope(modify_scope));
    }
    return no_scope({});
}

std::optional<refusal> refuse_seen(verb v, held_scopes held, object_state state, bool overwrite) noexcept {
    bool const there = state != object_state::absent;
    switch (v) {
        case verb::get:
        case verb::head:
        case verb::propfind:
        case verb::list:
        case verb::remove:
            return there ? std::nullopt : std::optional(absent);
        case verb::put:
        case verb::copy_pull:
        case verb::move_target:
            return refuse_write(v, held, state, overwrite);
        case verb::mkcol:
            return there ? std::optional(refusal{405, {}, "something exists at this path"})
                         : std::nullopt;  // RFC 4918 section 9.3.1
        case verb::move_source:
            if (!there) return absent;
            // storage.create renames files; directories need storage.modify (WLCG profile v1.3).
            if (state == object_state::directory && !held.modify) return no_scope(modify_scope);
            return std::nullopt;
        case verb::copy_push:
            if (!there) return absent;
            if (state == object_state::directory) return refusal{400, {}, "a directory cannot be copied, only files can"};
            return std::nullopt;
    }
    return no_scope({});
}

std::string_view name_of(verb v) noexcept {
    switch (v) {
        case verb::get:
            return "GET";
        case verb::head:
            return "HEAD";
        case verb::propfind:
        case verb::list:
            return "PROPFIND";
        case verb::put:
            return "PUT";
        case verb::remove:
            return "DELETE";
        case verb::mkcol:
            return "MKCOL";
        case verb::move_source:
        case verb::move_target:
            return "MOVE";
        case verb::copy_pull:
        case verb::copy_push:
            return "COPY";
    }
    return "";
}

}  // namespace fjord::site
