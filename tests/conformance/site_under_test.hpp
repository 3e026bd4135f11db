#pragma once
// A real storage server and the driver that speaks to it. One per server for the whole test program, started at first use, ended
// with the program. Everything is on loopback, in a temporary folder.
#include "base/pool.hpp"
#include "net/client.hpp"
#include "storage/driver.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fjord::test {

// What a server cannot do, so that the promise is another one there. Each with its reason in sites.cpp.
struct site_traits {
    bool empty_directories = true;    // a directory exists by itself
    bool percent_signs = true;        // a name may hold '%'
    bool encoded_destination = true;  // a rename decodes the new name
    bool question_marks = true;       // a name may hold '?'
    bool tokens = true;               // access is by the call's token
    bool third_party_copy = true;     // can pull from another server of its kind
};

class site_under_test {
public:
    virtual ~site_under_test() = default;
    // Why it cannot be tested on this machine; empty when it can. Starts nothing.
    virtual std::string missing() const { return {}; }
    virtual site_traits traits() const { return {}; }
    virtual std::unique_ptr<storage::driver> connect() = 0;
    // With credentials that the server does not know, for servers that go by credentials and not by tokens.
    virtual std::unique_ptr<storage::driver> connect_as_stranger() { return connect(); }
    // The same kind of driver for whatever listens there ("localhost:1234").
    virtual std::unique_ptr<storage::driver> connect_to(std::string const& authority) = 0;
    // Rights below the driver's root: "storage.read:/ storage.modify:/"
    virtual secret token(std::string const& scope) = 0;
    virtual secret foreign_token() = 0;  // of the right issuer for another site
    // A file that appears behind the server's back, below the driver's root (decoded path).
    virtual void place(std::string const& path, std::string const& content) = 0;

    // The other server of its kind: a URL there that can be pulled from, with the content placed. For third_party_copy.
    struct remote_file {
        std::string url;
        secret token;
    };
    virtual remote_file place_elsewhere(std::string const& path, std::string const& content) = 0;
};

// By parameter name: webdav_door, webdav_xrootd, root_xrootd, roots_xrootd, s3, s3_virtual_host.
site_under_test& site_named(std::string const& name);
std::vector<std::string> site_names();

blocking_pool& test_pool();

// A server that accepts connections and never says a word. Its port is taken for its lifetime.
class silent_server {
public:
    silent_server();
    ~silent_server();
    std::string authority() const { return "localhost:" + std::to_string(port_); }

private:
    int fd_ = -1;
    int port_ = 0;
};

}  // namespace fjord::test
