#pragma once
// Two XRootD servers that trust the door bench's issuer and copy between each other (ofs.tpc). Started at first use; their folder
// is inside the bench's and goes with it.
#include "base/secret.hpp"
#include "cli/demo/process.hpp"

#include <memory>
#include <string>

namespace fjord::test {

class xrootd_pair {
public:
    struct server {
        int port = 0;
        std::string dir;
        cli::child_process process;
        std::string authority() const { return "localhost:" + std::to_string(port); }
        std::string audience() const { return "https://" + authority(); }
    };

    static xrootd_pair& get();  // ends the program when they do not come up
    server const& a() const noexcept { return a_; }
    server const& b() const noexcept { return b_; }
    // A third one that lets nobody in without a login by token (ztn). Started at first use.
    server const& with_login();
    secret token(std::string const& scope, server const& at) const;
    void place(server const& at, std::string const& path, std::string const& content) const;
    std::string log_of(server const& at) const;
    void stop();

private:
    xrootd_pair();
    void start(server& s, std::string const& name, std::string const& more);
    server a_, b_, with_login_;
};

}  // namespace fjord::test
