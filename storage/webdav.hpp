#pragma once
// The driver for WebDAV sites that speak HTTP third-party copy: XRootD, dCache, StoRM WebDAV, Fjord doors.
// What the servers do differently (and this driver evens out) is told at each method in webdav_driver.hpp.
#include "net/client.hpp"
#include "storage/driver.hpp"

#include <memory>
#include <string>

namespace fjord::storage {

// `base_url`: "https://host[:port][/prefix]"; paths of the driver's calls are appended to it. The client must outlive the driver.
// Any context; calls may run in parallel. `ask_again`: a digest that is not told after so long is asked for once more, on another
// connection: XRootD 5.5.3 can lose the answer with a digest that it had to compute (measured: 1 run of 7), and knows it by then.
std::unique_ptr<driver> make_webdav_driver(std::string base_url, net::http_client& client, milliseconds ask_again = seconds{10});

}  // namespace fjord::storage
