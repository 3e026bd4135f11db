#pragma once
// Registering an upload with the broker that reserved it. A token that the broker minted for one upload names the reservation;
// when the bytes are in place the door tells the broker size and digests, and the PUT succeeds only if the broker takes them.
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace fjord::site {

struct upload_commit {
    std::string issuer;  // of the verified token: a configured issuer, whose origin is called and no other
    std::string upload_id;
    secret token;
    std::uint64_t size = 0;
    digest_set digests;
};

struct commit_answer {
    unsigned status = 0;  // the broker's
    std::string body;     // its problem+json when refused
    bool accepted() const noexcept { return status >= 200 && status <= 299; }
    // The broker has said no; anything else that is no acceptance leaves open whether it took the upload.
    bool refused() const noexcept { return status >= 400 && status <= 499 && status != 408 && status != 429; }
};

// Any context.
class upload_registrar {
public:
    virtual ~upload_registrar() = default;
    // errc::unavailable, errc::timed_out: it is not known whether the broker registered the upload.
    virtual boost::asio::awaitable<result<commit_answer>> commit(upload_commit upload) = 0;
};

// POST {issuer}/api/v1/uploads/{upload_id}/commit with {"size": N, "digests": {"sha-256": "HEX", ...}}; tried again up to
// `attempts` times when the outcome is not known (the broker takes a repeated commit of the same upload). The client must outlive
// it.
std::unique_ptr<upload_registrar> make_http_registrar(net::http_client& client,
                                                      std::chrono::milliseconds timeout = std::chrono::seconds{15},
                                                      int attempts = 3);

}  // namespace fjord::site
