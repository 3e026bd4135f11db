#pragma once
// A broker as shipped (`fjord serve broker`, one loop, plain HTTP, everybody may read and create) over amplified items. Items are
// put straight into its store before it starts, as nothing of that is measured here.
#include "cli/demo/process.hpp"
#include "tests/support/amplified_items.hpp"
#include "tests/support/test_tls.hpp"

#include <cstdint>
#include <string>

namespace fjord::bench {

class broker_peer {
public:
    // `folder` is made; the server runs on `core`. Each call ends the program with a message when something is not as it should
    // be.
    broker_peer(std::string program, std::string folder, int core);
    ~broker_peer();

    // Collections, a policy and items 0 .. count-1, or as many as there is time for; before the first start.
    struct filled {
        std::uint64_t items = 0, bytes = 0;
    };
    filled fill(test::amplified_items const& items, std::uint64_t count, double seconds = 1e9);

    // Seconds from starting the program until /search answers 200.
    double start();
    void stop();               // in order: leaves a checkpoint
    void kill();               // SIGKILL
    void forget_checkpoint();  // while stopped: the next start reads every item

    int port() const noexcept { return port_; }
    double memory() const;       // resident bytes
    double cpu_seconds() const;  // of all its threads, since it began
    // The whole answer, status line and all; empty when nobody answers.
    std::string ask(std::string const& method, std::string const& target, std::string const& body = {}) const;
    // A request head for http_peer.
    static std::string head(std::string const& method, std::string const& target, std::size_t body = 0);

private:
    std::string program_, folder_;
    int core_, port_ = 0;
    test::test_tls tls_;
    cli::child_process process_;
};

}  // namespace fjord::bench
