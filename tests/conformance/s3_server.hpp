#pragma once
// A real S3 server: Versity's gateway over a folder (deploy/fetch-peers puts it in build/peers), TLS, Signature Version 4, one
// bucket. Started at first use, ended with the program.
#include "cli/demo/process.hpp"
#include "storage/s3.hpp"

#include <string>

namespace fjord::test {

class s3_server {
public:
    static std::string missing();  // empty when the program is there
    static s3_server& get();       // ends the program when it does not come up

    std::string ca() const { return dir_ + "/ca.pem"; }
    // "https://localhost:PORT/fjord", or "https://fjord.localhost:PORT" with virtual-host addressing.
    storage::s3_options options(bool virtual_host) const;
    // A file that appears in the bucket's folder, without the server.
    void place(std::string const& key, std::string const& content) const;
    std::string folder() const { return dir_ + "/data/fjord"; }
    std::string log() const;
    void stop();

private:
    s3_server();
    std::string dir_;
    int port_ = 0;
    cli::child_process process_;
};

}  // namespace fjord::test
