// The quick way through a session: a plain request in the buffer, a quick handler for it, one write.
#include "net/session.hpp"

#include "base/log.hpp"

namespace fjord::net {

namespace {

logger const log("net");

bool run_guarded(quick_handler const& handler, quick_request const& req, quick_answer& answer) {
    try {
        return handler(req, answer);
    } catch (std::exception const& e) {
        log.error("a quick handler threw; the request goes the usual way", {{"path", req.path}, {"what", e.what()}});
        return false;
    }
}

}  // namespace

session::quick session::answer_quickly() {
    if (overloaded_ || home_.stopping()) return quick::not_plain;
    auto& scratch = home_.scratch();
    auto& head = scratch.head;
    if (!read_quick_head(io_.in.data(), head)) return quick::not_plain;
    auto& req = head.req;
    if (!req.authorization.empty() && !takes_tokens()) return quick::not_plain;
    auto const* handler = host_.routes.find_quick(req.method, req.path);
    if (!handler) return quick::not_plain;

    auto const since = host_.time.steady();
    req.tls = takes_tokens();
    scratch.fields.clear();
    quick_answer answer(scratch.fields);
    if (!run_guarded(*handler, req, answer)) return quick::not_plain;

    host_.metrics.quick_answers.add();
    scratch.request_id.assign(head.request_id);
    if (scratch.request_id.empty()) home_.append_request_id(scratch.request_id);
    head_context const context{host_.options.server_name, home_.http_date(), scratch.request_id, true, true};
    quick_exchange exchange(std::move(answer), req.method, context, io_.link.is_tls(), scratch);
    auto const sent_before = io_.sent;
    auto const written = exchange.write_now(io_);
    if (!written) not_sent(written.error(), scratch.request_id);
    if (!written || *written) {
        auto const bytes = io_.sent - sent_before;
        record({req.method, req.path, exchange.status(), bytes, since, scratch.request_id, exchange.caller()});
        io_.in.consume(head.size);
        return written ? quick::answered : quick::broken;
    }
    unfinished_ = std::make_unique<unfinished>(
        unfinished{std::move(exchange), req.method == "HEAD", std::string(req.path), scratch.request_id, sent_before, since});
    io_.in.consume(head.size);
    return quick::unfinished;
}

asio::awaitable<bool> session::finish_quickly() {
    auto const rest = std::move(unfinished_);
    phase_ = phase::busy;
    in_flight_guard const counted(host_.metrics.in_flight);
    io_.limit_stalls(steady_time::max());
    auto const sent = co_await rest->exchange.finish(io_);
    if (!sent) not_sent(sent.error(), rest->id);
    record({rest->head_only ? "HEAD" : "GET", rest->target, rest->exchange.status(), io_.sent - rest->sent_before, rest->since,
            rest->id, rest->exchange.caller()});
    co_return sent.has_value();
}

}  // namespace fjord::net
