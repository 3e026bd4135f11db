#pragma once
// The short way for the commonest request: GET or HEAD of something at hand, in plain form. A route may have a quick handler
// beside its handler. It runs on the session's context, without a coroutine and without a copy of the head; it must not wait, and
// it may decline. What it declines, and every request whose form is not plain (query, percent-encoding, body, close, fields sent
// twice), goes to the handler, so a quick handler only has to know the common case, and has to answer it exactly as the handler
// would.
//
//   routes.add("GET", "/data/{path...}", serve);
//   routes.add_quick("GET", "/data/{path...}", [&](quick_request const& req, quick_answer& answer) {
//       auto blob = memory.find(req.path);                     // shared_ptr<std::string const>
//       if (!blob || !may_read(req.authorization)) return false;
//       answer.add("Content-Type", "text/plain");
//       answer.send(*blob, blob);
//       return true;
//   });
#include "base/file.hpp"
#include "base/identity.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fjord::net {

struct quick_field {
    std::string_view name, value;
};

// All views end with the call.
struct quick_request {
    std::string_view method;              // "GET" or "HEAD"
    std::string_view path;                // "/a/b": nothing to decode, no empty and no dot segments, no slash at the end
    std::string_view authorization;       // the field, or ""; on plain listeners only when tokens are accepted there
    std::span<quick_field const> fields;  // as sent, each name as often as sent
    bool tls = false;                     // as request::tls

    std::string_view field(std::string_view name) const noexcept;  // without case; the first one, or ""
    bool has(std::string_view name) const noexcept;
};

class quick_answer {
public:
    explicit quick_answer(std::string& fields) noexcept : fields_(&fields) {}  // where add() appends

    unsigned status = 200;                    // 200, 206; 304 without a body
    std::shared_ptr<principal const> caller;  // for the access log; null: anonymous

    // A field of the answer; Date, Server, X-Request-Id, Content-Length and Connection are the server's. The value must not hold
    // line ends: it is ours, never a client's.
    void add(std::string_view name, std::string_view value);
    // The body, for HEAD too (then only its length is told): memory that `owner` keeps, or a part of a file. Short parts of files
    // that the kernel has in memory leave together with the head; whatever is not in memory is read on a pool.
    void send(std::string_view memory, std::shared_ptr<void const> owner) noexcept;
    void send(unique_fd file, std::uint64_t offset, std::uint64_t length) noexcept;

private:
    friend class quick_exchange;
    std::string* fields_;
    std::string_view memory_;
    std::shared_ptr<void const> owner_;
    unique_fd file_;
    std::uint64_t offset_ = 0, length_ = 0;
};

// True: answered.
using quick_handler = std::function<bool(quick_request const&, quick_answer&)>;

}  // namespace fjord::net
