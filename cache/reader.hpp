#pragma once
// Sends spans of one object to one client: from disk by sendfile, from fills in flight, or straight from the source when
// nothing can be stored. A response that carries the whole object ends only after its sha-256 was compared: the last block is
// held back until then, and a mismatch is a failure, which aborts the connection. One coroutine at a time.
#include "cache/place_stream.hpp"
#include "net/http.hpp"

#include <memory>
#include <optional>

namespace fjord::cache {

class reader {
public:
    // `whole`: the response claims to be the complete object.
    reader(std::shared_ptr<instance> object, bool whole);

    // Waits until the first byte of `span` is at hand, so that a failure can still be a status. errc as instance::need().
    asio::awaitable<result<void>> prime(byte_span span);
    // Any failure means that the response must be cut off.
    asio::awaitable<result<void>> send(byte_span span, net::body_writer& out);
    // An object whose length nobody knows, to its end.
    asio::awaitable<result<void>> relay(net::body_writer& out);

    // The whole of an object of at most one block, checked. Nothing is sent.
    asio::awaitable<result<block_bytes>> small();

private:
    // What is at hand at a block: bytes of that block, a pinned run on disk that begins there, or neither (direct).
    struct chunk {
        block_no at = 0;
        block_bytes bytes;
        std::optional<pinned_run> run;
        bool direct = false;
    };
    asio::awaitable<result<chunk>> obtain(block_no b, block_no limit);
    asio::awaitable<result<std::optional<pinned_run>>> ready_run(block_no b, block_no limit);
    asio::awaitable<result<std::uint64_t>> send_chunk(chunk c, byte_span rest, net::body_writer& out);
    asio::awaitable<result<void>> send_direct(byte_span span, net::body_writer& out);
    // The whole object, or what is left of it from `span.begin` when `hash` has seen what was sent before.
    asio::awaitable<result<void>> send_direct_whole(byte_span span, std::shared_ptr<digester> hash, net::body_writer& out);
    // A digest of the blocks before b, read back from disk; they are the bytes that were sent.
    asio::awaitable<result<std::shared_ptr<digester>>> hash_sent(block_no b);
    error cut(error why) const;  // the response ends here: logged and counted
    void begin(block_run run);
    void hold(block_no b);
    void release();

    std::shared_ptr<instance> object_;
    bool const whole_;
    bool begun_ = false;
    bool certified_ = false;
    instance::whole_start start_;
    readahead ahead_;
    disk_view here_at_start_;                          // so that what was fetched for this request never counts as a hit
    std::map<extent_no, std::shared_ptr<void>> held_;  // not evicted before the verdict
    std::optional<extent_no> touched_;
    std::optional<chunk> primed_;
    std::unique_ptr<place_stream> direct_;  // primed
    std::string direct_first_;
};

}  // namespace fjord::cache
