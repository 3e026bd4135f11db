#pragma once
// A free loopback port that stays ours until a server takes it.
#include "base/file.hpp"

namespace fjord::cli {

struct reserved_port {
    int number = 0;
    // Bound with SO_REUSEADDR and never listening: a server that sets it too can bind the port beside it, while nobody who asks
    // for any port is given this one (Linux, bind conflict rules of TCP). Reset it for servers that want the port for themselves.
    unique_fd hold;
};

result<reserved_port> reserve_port();

}  // namespace fjord::cli
