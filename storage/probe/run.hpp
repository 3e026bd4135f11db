#pragma once
// Sends the probe's steps to a site and judges the answers. Leaves nothing behind when the site lets it delete; what earlier runs
// left (a broker that was killed) is removed on the way.
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/client.hpp"
#include "storage/driver.hpp"
#include "storage/probe/rows.hpp"
#include "storage/probe/steps.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fjord::storage::probe {

struct progress {
    std::size_t done = 0, total = 0;
    std::string_view step;  // what is asked next; static storage
};

// What the probe needs of its caller. Everything outlives the run.
struct surroundings {
    std::string base_url;      // the site's url
    std::string run;           // names the run's folder: letters and digits, unique
    net::http_client& client;  // must not refuse to send a token in cleartext (client_options::allow_cleartext_token)
    storage::driver& driver;   // of the same site: makes the folder, removes it
    clock& time;
    // A token for this site. errc of the minter ends the run.
    std::function<result<secret>(token_spec const&)> mint;
    secret folder_token;            // read and modify on ".fjord-probe": lists and removes
    bool open_server_files = true;  // ask for file:// copies (of a canary's path, which names no file of the server's system)
    bool send_cleartext = true;     // send a canary's token over http://
    bool patient = true;            // false, for tests: neither rests nor waits until a token has expired
    std::function<void(progress const&)> on_progress;  // may be empty
};

struct report {
    std::vector<judged> rows;
    std::size_t requests = 0;     // steps asked; making and removing canaries is not counted
    milliseconds clock_ahead{0};  // how far the site's clock is ahead of ours, by its Date fields
    std::string leftovers;        // why the canaries could not be removed; empty when they were
};

// errc::unavailable or timed_out: the site does not answer. errc::denied, unauthenticated, ...: it does not let our tokens make
// canaries, so that nothing can be learned. One thread; takes about three seconds, most of them waiting for a token to expire.
asio::awaitable<result<report>> run(surroundings s);

}  // namespace fjord::storage::probe
