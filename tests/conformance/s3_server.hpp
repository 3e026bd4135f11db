#pragma once
// A real S3 server: Versity's gateway over a folder (deploy/fetch-peers puts it in build/peers), TLS, Signature Version 4, one
// bucket.
#include "cli/demo/process.hpp"
#include "storage/s3.hpp"
#include "tests/support/test_tls.hpp"

#include <string>

namespace fjord::test {

class s3_server {
public:
    static std::string missing();  // empty when the program is there
    static s3_server& get();       // with an authority of its own, one for the program; ends it when it does not come up
    explicit s3_server(test_tls const& tls);
    ~s3_server() { stop(); }

    std::string const& ca() const noexcept { return ca_; }
    // In the format of the AWS tools, 0600.
    std::string const& credentials_file() const noexcept { return keys_; }
    // "https://localhost:PORT/fjord", or "https://fjord.localhost:PORT" with virtual-host addressing.
    storage::s3_options options(bool virtual_host) const;
    // A file that appears in the bucket's folder, without the server.
    void place(std::string const& key, std::string const& content) const;
    std::string folder() const { return dir_ + "/data/fjord"; }
    std::string log() const;
    void stop();

private:
    std::string dir_, ca_, keys_;
    int port_ = 0;
    cli::child_process process_;
};

}  // namespace fjord::test
