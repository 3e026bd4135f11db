#pragma once
// How an answer is framed (RFC 9112 section 6) and what its head reads. Pure text work.
#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::net {

struct body_plan {
    bool send = false;  // bytes follow the head
    bool chunked = false;
    bool until_close = false;             // HTTP/1.0 client, unknown length
    std::optional<std::uint64_t> length;  // what Content-Length says; nullopt: no such field
};

// `method` and `http_1_1` are the request's.
body_plan plan_body(response const& answer, std::string_view method, bool http_1_1);

struct head_context {
    std::string_view server_name;
    std::string_view date;
    std::string_view request_id;
    bool http_1_1 = true;
    bool keep_alive = true;
};

// Appends status line, fields and the empty line. Framing and connection fields of the handler are replaced by the plan's.
void append_head(std::string& out, response const& answer, body_plan const& plan, head_context const& context);

// Its parts, for answers whose fields are text already: status line and the server's fields; framing, connection and empty line.
void append_status_line(std::string& out, unsigned status, head_context const& context);
void append_head_end(std::string& out, std::optional<std::uint64_t> length, head_context const& context);

}  // namespace fjord::net
