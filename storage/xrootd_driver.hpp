#pragma once
// The XRootD driver's inside; others see storage/xrootd.hpp only.
#include "base/pool.hpp"
#include "storage/driver.hpp"
#include "storage/root_url.hpp"

#include <memory>
#include <string>

namespace XrdCl {
class File;
class FileSystem;
}  // namespace XrdCl

namespace fjord::storage {

using xrootd_file = std::shared_ptr<XrdCl::File>;  // the last owner's going closes it, without waiting

// One path with the token that opens it, as XrdCl wants it. Holds a secret.
struct xrootd_target {
    std::string name;    // "roots://host:1094//data/x", for people
    std::string path;    // "/data/x"
    std::string opaque;  // "authz=Bearer%20...", may be empty

    std::string path_with_token() const { return opaque.empty() ? path : path + "?" + opaque; }
    // With more parameters: "roots://host:1094//data/x?authz=...&tpc.key=...".
    std::string url(std::string const& more = {}) const;
};

class xrootd_driver final : public driver {
public:
    xrootd_driver(root_url site, blocking_pool& pool, std::unique_ptr<driver> by_http);

    asio::awaitable<result<stat_info>> stat(call c, std::string path) override;
    // Four requests of a mebibyte in flight.
    asio::awaitable<result<void>> read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) override;
    // One kXR_readv for up to 1,024 pieces of up to 2 MiB less 16 bytes; longer spans are cut into such pieces.
    asio::awaitable<result<std::vector<std::string>>> read_vector(call c, std::string path,
                                                                  std::vector<byte_span> spans) override;
    // Created exclusively and to persist on success only; makes missing directories. A failed upload is removed, which needs
    // `storage.modify`: one with a create-only token may leave what it wrote.
    asio::awaitable<result<void>> write(call c, std::string path, std::uint64_t size, byte_source source,
                                        bool overwrite) override;
    asio::awaitable<result<void>> make_directory(call c, std::string path) override;
    asio::awaitable<result<std::vector<entry>>> list(call c, std::string path) override;
    asio::awaitable<result<void>> remove(call c, std::string path) override;
    // The server would replace the target: it is looked for first.
    asio::awaitable<result<void>> rename(call c, std::string from, std::string to) override;
    // A site without `chkcgi` answers with its first algorithm: the name returned is checked.
    asio::awaitable<result<digest>> checksum(call c, std::string path, std::vector<digest_algorithm> wanted) override;
    // xrootd_copy.cpp. With a root URL at the other end (others go by HTTP when the site has that). In both modes the destination
    // does the reading (TPC of XRootD), and both ends need `ofs.tpc`.
    asio::awaitable<result<void>> third_party_copy(call c, third_party_request request) override;

private:
    result<xrootd_target> target(call const& c, std::string_view path) const;
    asio::awaitable<result<xrootd_file>> open(steady_time deadline, std::string what, std::string url, unsigned flags);
    asio::awaitable<result<std::uint64_t>> size_of(steady_time deadline, std::string what, xrootd_file file);
    asio::awaitable<result<void>> close(steady_time deadline, std::string what, xrootd_file file);
    asio::awaitable<result<void>> sync(steady_time deadline, std::string what, xrootd_file file);
    asio::awaitable<result<void>> remove_file(steady_time deadline, xrootd_target const& where);
    asio::awaitable<result<void>> pour(steady_time deadline, std::string what, xrootd_file file, byte_span span, byte_sink sink);
    asio::awaitable<result<void>> fill(steady_time deadline, std::string what, xrootd_file file, std::uint64_t size,
                                       byte_source source);
    asio::awaitable<result<void>> require_tpc(steady_time deadline, std::string endpoint);
    struct copy_plan;
    asio::awaitable<result<void>> copy_between(call c, copy_plan plan);
    asio::awaitable<result<void>> run_copy(copy_plan const& plan, steady_time deadline, xrootd_file destination);

    root_url site_;
    std::shared_ptr<XrdCl::FileSystem> server_;
    blocking_pool& pool_;
    std::unique_ptr<driver> by_http_;  // may be empty
};

}  // namespace fjord::storage
