#pragma once
// The server's TLS settings: 1.2 and 1.3, ALPN http/1.1, certificate and key from PEM files.
#include "net/server.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <mutex>

namespace fjord::net {

// errc::invalid_argument: which file is wrong and why.
result<std::shared_ptr<asio::ssl::context>> load_tls(tls_files const& files);

// The context that new sessions use; swapped as a whole. Any thread.
class tls_slot {
public:
    std::shared_ptr<asio::ssl::context> get() const {
        std::lock_guard lock(mutex_);
        return current_;
    }
    void set(std::shared_ptr<asio::ssl::context> next) {
        std::lock_guard lock(mutex_);
        current_.swap(next);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<asio::ssl::context> current_;
};

}  // namespace fjord::net
