#pragma once
// One real `fjord serve broker` without a federation around it: plain HTTP on a free port, an issuer whose keys are in a file,
// a token of an administrator. It is started, killed and started again on the same directory.
#include "auth/auth.hpp"
#include "cli/demo/free_port.hpp"
#include "cli/demo/process.hpp"
#include "tests/support/raw_http.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace fjord::test {

class lone_broker {
public:
    // `dir` must exist. Throws std::runtime_error.
    lone_broker(std::string program, std::string dir) : program_(std::move(program)), dir_(std::move(dir)) {
        auto port = cli::reserve_port();
        if (!port) throw std::runtime_error(port.error().message());
        port_ = std::move(*port);
        auto minter = auth::minter::open(issuer, dir_ + "/issuer.pem", system_clock());
        if (!minter) throw std::runtime_error(minter.error().message());
        std::ofstream(dir_ + "/jwks.json") << minter->jwks();
        std::string const url = "https://localhost:" + std::to_string(port_.number);
        std::ofstream(dir_ + "/broker.toml")
            << "listen = [\"http://127.0.0.1:" << port_.number << "\"]\npublic_url = \"" << url
            << "\"\ntokens_over_http = true\naccess_log = false\ndata_dir = \"" << dir_ << "/data\"\n[log]\nfile = \"" << dir_
            << "/broker.log\"\n[[issuer]]\nurl = \"" << issuer << "\"\njwks_file = \"" << dir_
            << "/jwks.json\"\nadmin_groups = [\"/admins\"]\n";
        token = token_of("loader", {"/admins"});
    }

    std::string token_of(std::string const& subject, std::vector<std::string> groups) const {
        auto minter = auth::minter::open(issuer, dir_ + "/issuer.pem", system_clock());
        auth::mint_request m;
        m.subject = subject;
        m.audience = {"https://localhost:" + std::to_string(port_.number)};
        m.groups = std::move(groups);
        m.lifetime = std::chrono::hours(3);
        return minter->mint(m).reveal();
    }

    void start() {
        auto const ready = dir_ + "/ready";
        std::filesystem::remove(ready);
        cli::command c{{program_, "serve", "broker", "--config", dir_ + "/broker.toml", "--ready-file", ready}, {}, false, {}};
        c.log_file = dir_ + "/broker.out";
        auto started = cli::child_process::start(c);
        if (!started) throw std::runtime_error(started.error().message());
        process_ = std::move(*started);
        for (int i = 0; !std::filesystem::exists(ready); ++i) {
            if (!process_.running() || i > 12'000) throw std::runtime_error("the broker did not start; see " + c.log_file);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        // It listens before its index is read.
        while (ask("GET", "/readyz").status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    void kill() { process_.kill(); }
    void stop() { process_.stop(); }
    pid_t pid() const { return process_.pid(); }
    int port() const { return port_.number; }
    std::string const& dir() const { return dir_; }

    // As the administrator, or with another token.
    std::string request(std::string const& method, std::string const& target, std::string const& type = {},
                        std::string const& as = {}) const {
        return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + (as.empty() ? token : as) +
               "\r\n" + (type.empty() ? "" : "Content-Type: " + type + "\r\n");
    }
    struct answer {
        unsigned status = 0;
        std::string body;
    };
    answer ask(std::string const& method, std::string const& target, std::string const& body = {},
               std::string const& type = "application/json", std::string const& as = {}) const {
        raw_http http(port());
        http.send(request(method, target, body.empty() ? "" : type, as) +
                  "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        answer a;
        a.status = http.read_head();
        a.body = http.body();
        return a;
    }

    std::string token;

private:
    static constexpr char const* issuer = "https://issuer.example/vo";
    std::string program_, dir_;
    cli::reserved_port port_;
    cli::child_process process_;
};

}  // namespace fjord::test
