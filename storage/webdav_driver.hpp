#pragma once
// The WebDAV driver's inside; others see storage/webdav.hpp only.
#include "net/client.hpp"
#include "storage/driver.hpp"

#include <string>
#include <string_view>

namespace fjord::storage {

class webdav_driver final : public driver {
public:
    webdav_driver(std::string base_url, net::http_client& client, milliseconds ask_again);

    // PROPFIND with depth 0, which tells files from directories; HEAD where a server has no PROPFIND.
    asio::awaitable<result<stat_info>> stat(call c, std::string path) override;
    // A server that ignores Range and answers 200 costs the skipped bytes, no more.
    asio::awaitable<result<void>> read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) override;
    // XRootD 5.5.3 ignores If-None-Match, so a free name is looked for first as well; and it keeps what a broken upload left,
    // which is removed then (the token must allow it).
    asio::awaitable<result<void>> write(call c, std::string path, std::uint64_t size, byte_source source,
                                        bool overwrite) override;
    // One MKCOL makes all on XRootD; elsewhere 409 tells that a parent is missing (RFC 4918 section 9.3.1).
    asio::awaitable<result<void>> make_directory(call c, std::string path) override;
    asio::awaitable<result<std::vector<entry>>> list(call c, std::string path) override;
    asio::awaitable<result<void>> remove(call c, std::string path) override;
    // XRootD 5.5.3 replaces an existing target whatever Overwrite says: the target is looked for first.
    asio::awaitable<result<void>> rename(call c, std::string from, std::string to) override;
    // XRootD answers an algorithm it does not know with adler32: the name returned is checked. A silent server is asked twice.
    asio::awaitable<result<digest>> checksum(call c, std::string path, std::vector<digest_algorithm> wanted) override;
    asio::awaitable<result<void>> third_party_copy(call c, third_party_request request) override;

private:
    std::string url_of(std::string_view path) const;
    // errc::timed_out when the deadline is over before anything is sent.
    result<net::client_request> prepare(std::string method, call const& c, std::string_view path) const;
    asio::awaitable<result<net::client_response>> exchange(net::client_request request);
    asio::awaitable<result<stat_info>> stat_by_head(call c, std::string path);
    asio::awaitable<result<void>> require_free(call c, std::string path);
    asio::awaitable<error> why_cut(call c, std::string path, std::optional<byte_span> span, error said);
    asio::awaitable<void> discard(call c, std::string path);
    asio::awaitable<result<unsigned>> mkcol(call c, std::string path);
    asio::awaitable<result<net::client_response>> head_with_digest(milliseconds after, call c, std::string path,
                                                                   std::vector<digest_algorithm> wanted);
    asio::awaitable<result<std::optional<digest>>> ask_digest(call c, std::string path, std::vector<digest_algorithm> wanted);

    std::string base_url_;  // without a trailing slash
    net::http_client& client_;
    milliseconds ask_again_;
};

}  // namespace fjord::storage
