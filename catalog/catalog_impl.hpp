#pragma once
// What catalog.cpp (commits) and the reads share. Private to the folder.
#include "catalog/catalog.hpp"
#include "catalog/dispatcher.hpp"

namespace fjord::catalog {

struct catalog::impl {
    impl(store& s, clock& t) : rows(s), time(t), observers(s) {}

    store& rows;
    clock& time;
    dispatcher observers;
};

}  // namespace fjord::catalog
