#pragma once
// The demo's federation: keys, certificates, configuration files, tokens and processes in one folder (contract, "The demo's
// federation"). Everything it starts ends with it.
#include "cli/demo/process.hpp"

#include "base/file.hpp"
#include "base/secret.hpp"

#include <map>
#include <string>
#include <vector>

namespace fjord::cli {

struct federation_options {
    std::string dir;
    int port_base = 0;  // 0: free ports
    bool xrootd = false;
    std::string program;  // path of this executable
};

class federation {
public:
    explicit federation(federation_options o) : options_(std::move(o)) {}

    // Writes keys, certificates, tokens and configuration, starts all roles and waits until each answers.
    // errc::unavailable with the end of the log of the role that did not come up.
    result<void> start();
    result<void> write_env(std::vector<std::string> const& collections) const;  // env.json, last
    void stop_role(std::string const& role) { processes_.at(role).stop(); }
    void kill_role(std::string const& role) { processes_.at(role).kill(); }  // SIGKILL, as a crash would
    result<void> restart(std::string const& role);                           // starts it again and waits until it answers
    void stop_all();
    bool all_running();

    std::string const& dir() const noexcept { return options_.dir; }
    std::string path(std::string const& name) const { return options_.dir + "/" + name; }
    std::string broker_url() const { return "https://localhost:" + std::to_string(ports_.at("broker")); }
    std::string cache_url() const { return "https://localhost:" + std::to_string(ports_.at("cache")); }
    std::string issuer_url() const { return "https://localhost:" + std::to_string(ports_.at("issuer")); }
    std::string site_url(std::string const& site) const { return "https://localhost:" + std::to_string(ports_.at(site)); }
    std::string site_kind() const { return options_.xrootd ? "xrootd" : "door"; }

    // `fjord ARGS` as this persona ("" = without a token), in the environment people would set.
    command as(std::string const& persona, std::vector<std::string> args) const;
    secret mint(std::string const& subject, std::vector<std::string> const& groups, std::string const& org,
                long lifetime_s) const;

private:
    result<void> choose_ports();
    result<void> write_certificates();
    result<void> write_tokens();
    result<void> write_configs();
    result<void> start_role(std::string const& role);
    result<void> start_xrootd(std::string const& site);
    result<void> wait_ready(std::vector<std::string> const& roles);

    federation_options options_;
    std::map<std::string, int> ports_;
    std::map<std::string, unique_fd> reserved_;  // keep free ports ours, also while a role restarts
    std::map<std::string, child_process> processes_;
};

}  // namespace fjord::cli
