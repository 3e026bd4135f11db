#include "site/verbs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fjord::site {

void PrintTo(verb v, std::ostream* os) { *os << name_of(v); }

namespace {

// The scopes a token can hold, as one letter each: modify implies create, and every one of them implies stat.
held_scopes held(std::string_view letters) {
    held_scopes h;
    h.read = letters.find('r') != std::string_view::npos;
    h.modify = letters.find('m') != std::string_view::npos;
    h.create = h.modify || letters.find('c') != std::string_view::npos;
    h.stat = h.read || h.create || letters.find('s') != std::string_view::npos;
    return h;
}

// The answer a caller sees: 0 = go ahead.
unsigned status(verb v, std::string_view scopes, object_state state, bool overwrite) {
    auto const h = held(scopes);
    if (auto const early = refuse_unseen(v, h)) return early->status;
    if (auto const late = refuse_seen(v, h, state, overwrite)) return late->status;
    return 0;
}

struct row {
    verb v;
    char const* scopes;  // - none, s stat (stage), r read, c create, m modify
    unsigned absent, file, directory;
};

// Every verb with every single scope, and combinations where they could matter.
constexpr row with_overwrite[] = {
    {verb::get, "-", 403, 403, 403},
    {verb::get, "s", 403, 403, 403},
    {verb::get, "r", 404, 0, 0},
    {verb::get, "c", 403, 403, 403},
    {verb::get, "m", 403, 403, 403},
    {verb::get, "rm", 404, 0, 0},
    {verb::head, "-", 403, 403, 403},
    {verb::head, "s", 404, 0, 0},
    {verb::head, "r", 404, 0, 0},
    {verb::head, "c", 404, 0, 0},
    {verb::head, "m", 404, 0, 0},
    {verb::propfind, "-", 403, 403, 403},
    {verb::propfind, "s", 404, 0, 0},
    {verb::propfind, "r", 404, 0, 0},
    {verb::propfind, "c", 404, 0, 0},
    {verb::propfind, "m", 404, 0, 0},
    {verb::list, "-", 403, 403, 403},
    {verb::list, "s", 403, 403, 403},
    {verb::list, "r", 404, 0, 0},
    {verb::list, "c", 403, 403, 403},
    {verb::list, "m", 403, 403, 403},
    {verb::put, "-", 403, 403, 403},
    {verb::put, "s", 403, 403, 403},
    {verb::put, "r", 403, 403, 403},
    {verb::put, "c", 0, 403, 403},
    {verb::put, "m", 0, 0, 405},
    {verb::put, "rc", 0, 403, 403},
    {verb::remove, "-", 403, 403, 403},
    {verb::remove, "s", 403, 403, 403},
    {verb::remove, "r", 403, 403, 403},
    {verb::remove, "c", 403, 403, 403},
    {verb::remove, "m", 404, 0, 0},
    {verb::remove, "rc", 403, 403, 403},
    {verb::mkcol, "-", 403, 403, 403},
    {verb::mkcol, "s", 403, 403, 403},
    {verb::mkcol, "r", 403, 403, 403},
    {verb::mkcol, "c", 0, 405, 405},
    {verb::mkcol, "m", 0, 405, 405},
    {verb::move_source, "-", 403, 403, 403},
    {verb::move_source, "s", 403, 403, 403},
    {verb::move_source, "r", 403, 403, 403},
    {verb::move_source, "c", 404, 0, 403},
    {verb::move_source, "m", 404, 0, 0},
    {verb::move_target, "-", 403, 403, 403},
    {verb::move_target, "s", 403, 403, 403},
    {verb::move_target, "r", 403, 403, 403},
    {verb::move_target, "c", 0, 403, 403},
    {verb::move_target, "m", 0, 0, 409},
    {verb::copy_pull, "-", 403, 403, 403},
    {verb::copy_pull, "s", 403, 403, 403},
    {verb::copy_pull, "r", 403, 403, 403},
    {verb::copy_pull, "c", 0, 403, 403},
    {verb::copy_pull, "m", 0, 0, 409},
    {verb::copy_push, "-", 403, 403, 403},
    {verb::copy_push, "s", 403, 403, 403},
    {verb::copy_push, "r", 404, 0, 400},
    {verb::copy_push, "c", 403, 403, 403},
    {verb::copy_push, "m", 403, 403, 403},
};

TEST(Verbs, TheWholeTableHolds) {
    for (auto const& r : with_overwrite) {
        EXPECT_EQ(status(r.v, r.scopes, object_state::absent, true), r.absent) << name_of(r.v) << " " << r.scopes << " absent";
        EXPECT_EQ(status(r.v, r.scopes, object_state::file, true), r.file) << name_of(r.v) << " " << r.scopes << " file";
        EXPECT_EQ(status(r.v, r.scopes, object_state::directory, true), r.directory)
            << name_of(r.v) << " " << r.scopes << " directory";
    }
}

TEST(Verbs, ForbiddenOverwritingIs412ForWhoMayWriteAtAll) {
    for (auto const v : {verb::put, verb::move_target, verb::copy_pull}) {
        for (auto const* scopes : {"c", "m"}) {
            EXPECT_EQ(status(v, scopes, object_state::absent, false), 0u) << name_of(v) << scopes;
            EXPECT_EQ(status(v, scopes, object_state::file, false), 412u) << name_of(v) << scopes;
            EXPECT_EQ(status(v, scopes, object_state::directory, false), 412u) << name_of(v) << scopes;
        }
        EXPECT_EQ(status(v, "r", object_state::file, false), 403u) << "who may not write is not told that there is a file";
    }
}

TEST(Verbs, WithoutAnyFittingScopeTheStateMakesNoDifference) {
    constexpr std::array verbs{verb::get,   verb::head,        verb::propfind,    verb::list,      verb::put,      verb::remove,
                               verb::mkcol, verb::move_source, verb::move_target, verb::copy_pull, verb::copy_push};
    for (auto const v : verbs)
        for (unsigned bits = 0; bits < 16; ++bits) {
            held_scopes const h{bits % 2 != 0, bits / 2 % 2 != 0, bits / 4 % 2 != 0, bits / 8 != 0};
            auto const early = refuse_unseen(v, h);
            if (early) {
                EXPECT_EQ(early->status, 403u);
                EXPECT_FALSE(early->scope.empty()) << "the answer names what would be enough: " << name_of(v);
            }
        }
}

TEST(Verbs, CreateAloneNeverChangesWhatExists) {
    for (auto const v : {verb::put, verb::remove, verb::move_target, verb::copy_pull, verb::mkcol})
        for (auto const state : {object_state::file, object_state::directory})
            for (bool const overwrite : {true, false}) EXPECT_NE(status(v, "c", state, overwrite), 0u) << name_of(v);
}

}  // namespace
}  // namespace fjord::site
