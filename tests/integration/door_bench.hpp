#pragma once
// What real storage clients meet: two Fjord doors, the issuer they trust, and on demand an XRootD 5.5.3 server that trusts the
// same issuer. Real processes, TLS, a temporary folder; one set for the whole test program, ended with it.
//
// The doors and XRootD serve the same shape: below /data by token (scope paths are rooted there: storage.read:/x opens /data/x),
// /public for everyone, /data/vo for the group /vo, and
// writing below /data/vo/protected for /vo/managers only (doors). Door b removes whole trees. FJORD_SHOW=1 prints every client
// command and its output, tokens masked.
#include "auth/auth.hpp"
#include "base/file.hpp"
#include "base/secret.hpp"
#include "cli/demo/free_port.hpp"
#include "cli/demo/process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace fjord::test {

struct storage_site {
    std::string url;     // "https://localhost:PORT"
    std::string folder;  // what stands at its path "/"
    std::string at(std::string const& path) const { return url + path; }
    std::string davs(std::string const& path) const { return "davs" + url.substr(5) + path; }
};

// A finished client command; printing it shows the command line (tokens masked), the exit code and the output.
struct client_run {
    std::string shown;
    int exit_code = -1;
    std::string out, err;

    bool says(std::string_view text) const { return out.find(text) != std::string::npos || err.find(text) != std::string::npos; }
};
std::ostream& operator<<(std::ostream& os, client_run const& r);

class door_bench {
public:
    static door_bench& get();  // starts issuer and doors at the first call; ends the program when they do not come up

    storage_site const& a() const noexcept { return a_; }
    storage_site const& b() const noexcept { return b_; }
    // Started at the first call, and again when it has crashed. Its log is at xrootd().folder/../log.
    storage_site const& xrootd();
    bool xrootd_crashed();  // since it was asked for last
    std::string const& issuer() const noexcept { return issuer_url_; }

    // A token of the trusted issuer for all three sites (gfal2 sends one token to both ends), or for `audience`.
    secret token(std::string const& scope, std::vector<std::string> audience = {});
    secret group_token(std::vector<std::string> groups);
    secret expired_token(std::string const& scope);
    secret everything() { return token("storage.read:/ storage.modify:/"); }

    std::string path(std::string const& name) const { return dir_ + "/" + name; }
    std::string ca() const { return path("ca.pem"); }
    std::string ca_folder() const { return path("certs"); }

    // A local file for uploads.
    std::string write(std::string const& name, std::string const& content) const;
    // A file that stands at a site, put there behind its back (folders are made).
    void remove(storage_site const& site, std::string const& file) const;
    void place(storage_site const& site, std::string const& file, std::string const& content) const;
    // Its content there; "(absent)" when there is nothing.
    std::string content(storage_site const& site, std::string const& file) const;
    bool exists(storage_site const& site, std::string const& file) const;

    // Runs a client in a clean environment: PATH, HOME, the certificate folder, and BEARER_TOKEN when there is a token.
    client_run run(std::vector<std::string> argv, secret const& token = {}, cli::environment env = {});

    // A line of this role's log holds all of these.
    bool logged(std::string const& role, std::vector<std::string> const& words) const;

    void stop();  // ends all servers and searches their logs for tokens

private:
    door_bench();
    void write_configs();
    void start(std::string const& role);
    void wait_ready(std::string const& role);
    std::string masked(std::string text) const;
    [[noreturn]] void give_up(std::string const& why);

    std::string dir_, issuer_url_;
    storage_site a_, b_, xrootd_;
    std::map<std::string, cli::reserved_port> ports_;
    std::map<std::string, cli::child_process> processes_;
    std::vector<std::string> tokens_;
    bool stopped_ = false;
};

// Deterministic bytes without repetition.
std::string noise(std::size_t size, unsigned seed = 1);
bool have_program(std::string const& name);
bool have_xrootd();
// The file's digest at the site as a client sees it ("cc0a1f4c"); empty when it is not told.
std::string adler32_at(storage_site const& site, std::string const& file);
std::string adler32_of(std::string const& content);

// For SetUp: skips where the program is missing, naming the Debian package.
#define FJORD_NEEDS(program, package)          \
    if (!::fjord::test::have_program(program)) \
    GTEST_SKIP() << "needs " program " (Debian: " package "; deploy/install-deps --run)"

}  // namespace fjord::test
