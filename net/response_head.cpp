#include "net/response_head.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace fjord::net {

namespace {

bool has_no_body(unsigned status) { return status < 200 || status == 204 || status == 304; }

std::optional<std::uint64_t> length_of(response const& answer) {
    struct visitor {
        std::optional<std::uint64_t> operator()(std::monostate) const { return 0; }
        std::optional<std::uint64_t> operator()(std::string const& text) const { return text.size(); }
        std::optional<std::uint64_t> operator()(std::shared_ptr<std::string const> const& text) const {
            return text ? text->size() : 0;
        }
        std::optional<std::uint64_t> operator()(file_body const& file) const { return file.length; }
        std::optional<std::uint64_t> operator()(produced_body const& made) const { return made.length; }
    };
    return std::visit(visitor{}, answer.body);
}

bool is_ours(std::string_view name) {
    constexpr std::array<std::string_view, 7> ours = {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date",
                                                      "Server",         "X-Request-Id"};
    return std::any_of(ours.begin(), ours.end(), [name](std::string_view known) { return iequals(name, known); });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

body_plan plan_body(response const& answer, std::string_view method, bool http_1_1) {
    body_plan plan;
    bool const given = !std::holds_alternative<std::monostate>(answer.body);
    if (has_no_body(answer.status)) {
        if (answer.status == 304) plan.length = answer.head_length;
        return plan;
    }
    plan.length = length_of(answer);
    if (method == "HEAD") {
        // Unknown is left out rather than guessed (RFC 9110 section 9.3.2).
        if (!given) plan.length = answer.head_length;
        return plan;
    }
    plan.send = given;
    plan.chunked = !plan.length && http_1_1;
    plan.until_close = !plan.length && !http_1_1;
    return plan;
}

void append_status_line(std::string& out, unsigned status, head_context const& context) {
    char digits[10];
    auto const end = std::to_chars(digits, digits + sizeof digits, status).ptr;
    out.append("HTTP/1.1 ").append(digits, end).append(" ").append(reason_phrase(status)).append("\r\n");
    append_field(out, "Date", context.date);
    append_field(out, "Server", context.server_name);
    append_field(out, "X-Request-Id", context.request_id);
}

void append_head_end(std::string& out, std::optional<std::uint64_t> length, head_context const& context) {
    char digits[20];
    if (length) append_field(out, "Content-Length", {digits, std::to_chars(digits, digits + sizeof digits, *length).ptr});
    if (!context.keep_alive) append_field(out, "Connection", "close");
    if (context.keep_alive && !context.http_1_1) append_field(out, "Connection", "keep-alive");
    out.append("\r\n");
}

void append_head(std::string& out, response const& answer, body_plan const& plan, head_context const& context) {
    append_status_line(out, answer.status, context);
    for (auto const& [name, value] : answer.headers.items()) {
        if (!is_ours(name)) append_field(out, name, value);
    }
    if (plan.chunked) append_field(out, "Transfer-Encoding", "chunked");
    append_head_end(out, plan.length, context);
}

}  // namespace fjord::net
