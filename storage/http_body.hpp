#pragma once
// The body of a GET answer on its way to a sink, for drivers that speak HTTP.
#include "net/client.hpp"
#include "storage/driver.hpp"

#include <optional>
#include <string>

namespace fjord::storage {

// Gives `sink` the bytes of `span` (everything when there is none) from an answer with status 206, which must be the very range,
// or 200, which is the whole: a server that ignores Range costs the skipped bytes, no more. `what` names the request in
// failures. errc::invalid_argument (the span reaches beyond the end), errc::corrupt (another range, or fewer bytes than asked),
// errc::timed_out, what stream or sink fail with. The stream
// must outlive the call.
asio::awaitable<result<void>> pour_body(net::client_stream& stream, std::string what, std::optional<byte_span> span,
                                        byte_sink sink, steady_time deadline);

}  // namespace fjord::storage
