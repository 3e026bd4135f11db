#pragma once
// Bulk ingest as a pipeline of three coroutines on the session's context: lines off the connection, checked on the pool, written
// on the pool, results back to the client as they come. While one batch is written the next is checked and the one after it
// arrives; each stage waits for the one behind it, so a store or a reader that is slow slows the sender (TCP), and memory holds
// a handful of batches. The body is read while the answer is produced: the session keeps its reader until the answer is sent. A
// batch is what has come while the stages were busy, at most `batch_bytes`: a trickle of items is
// acknowledged item by item, a flood thousands at a time with one sync of the disk.
//
// Result lines come in the order of the input, each after its item is durable and found by searches.
#include "base/line_framer.hpp"
#include "base/pool.hpp"
#include "net/http.hpp"
#include "stac/bulk.hpp"

#include <boost/asio/experimental/channel.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace fjord::stac {

struct ingest_options {
    std::size_t batch_bytes = 4u << 20;
    std::size_t max_line = 16u << 20;
    bool failed_only = false;  // results of refused items only, and after each batch how far it has come
};

// One request. Make it with std::make_shared: its coroutines share it.
class ingest_stream : public std::enable_shared_from_this<ingest_stream> {
public:
    using checker = std::function<std::vector<bulk_item>(line_batch const&)>;                 // pool
    using storer = std::function<result<std::vector<bulk_outcome>>(std::vector<bulk_item>)>;  // pool

    ingest_stream(net::request const& req, blocking_pool& pool, ingest_options options, checker check, storer store);

    // The first bytes, before the answer begins. errc of the body reader; errc::invalid_argument: there are none.
    asio::awaitable<result<void>> begin();
    // The rest. Fails when the connection does; then what was acknowledged is stored, and maybe a little more.
    asio::awaitable<result<void>> run(net::body_writer& out);

private:
    struct checked_batch {
        std::vector<bulk_item> items;
        std::uint64_t through = 0;  // the last line of it
    };
    // Null ends it: close() of Boost 1.81 drops what is still queued.
    template <class T>
    using queue = asio::experimental::channel<void(boost::system::error_code, std::shared_ptr<T>)>;

    asio::awaitable<void> receive();
    asio::awaitable<void> check();
    asio::awaitable<void> write(net::body_writer& out);
    bool full() const;
    void hand_over_when_idle();
    void count(bulk_outcome const& o);
    std::string results(std::vector<bulk_outcome> const& outcomes, std::uint64_t through);
    std::string summary() const;
    [[noreturn]] void give_up(error why);

    net::body_reader& body_;
    blocking_pool& pool_;
    ingest_options options_;
    checker check_;
    storer store_;
    std::vector<char> room_;  // apart from the framer, whose lines are handed over while a read waits
    line_framer framer_;
    queue<line_batch> received_;
    queue<checked_batch> checked_;
    int under_way_ = 0;  // batches handed over and not answered yet
    bool all_received_ = false;
    std::optional<error> failure_;  // of the connection
    std::optional<error> stopped_;  // of the store
    std::uint64_t created_ = 0, updated_ = 0, unchanged_ = 0, refused_ = 0;
};

}  // namespace fjord::stac
