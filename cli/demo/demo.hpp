#pragma once
// A whole federation on loopback, doing the main job on real rasters, step by step, with the real command behind each step.
#include <string>

namespace fjord::cli {

struct demo_args {
    bool keep = false;
    bool xrootd = false;
    bool json = false;
    int port_base = 0;  // 0: free ports
    std::string dir;    // empty: a temporary folder, removed afterwards
    std::string data;   // folder with the sample rasters
};

int run_demo(demo_args const& a);

}  // namespace fjord::cli
