#include "net/session.hpp"

#include "base/log.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>

namespace fjord::net {

namespace {

logger const log("net");

constexpr std::size_t head_room = 4u << 10;
constexpr std::uint64_t max_discard = 64u << 10;  // body bytes thrown away to keep a connection
constexpr std::uint64_t max_linger = 1u << 20;    // and to let a client read its answer before the close
constexpr std::chrono::seconds linger_time{2};
constexpr std::chrono::milliseconds goodbye_time{100};  // for the peer's close_notify, which an idle client may never send

bool wants_close(response const& answer) { return answer.headers.get("Connection") == "close"; }

// A producer that throws has failed like one that says so.
asio::awaitable<result<void>> produce_guarded(body_producer const& produce, body_writer& writer) {
    try {
        co_return co_await produce(writer);
    } catch (std::exception const& e) { co_return fail(errc::internal, std::string("a body producer threw: ") + e.what()); }
}

}  // namespace

session::session(session_host host, session_home& home, channel io, asio::any_io_executor executor, std::string local_host,
                 bool overloaded)
    : host_(host),
      home_(home),
      io_(std::move(io)),
      executor_(std::move(executor)),
      peer_(io_.link.peer_address()),
      local_host_(std::move(local_host)),
      overloaded_(overloaded) {}

asio::awaitable<void> session::run() {
    auto const self = shared_from_this();
    // A cancelled handler gets an error from what it waits for; the session itself goes on to answer.
    co_await asio::this_coro::throw_if_cancelled(false);
    bool more = co_await shake_hands();
    while (more) {
        if (io_.in.data().empty()) {
            more = co_await wait_for_bytes();
            continue;
        }
        switch (answer_quickly()) {
            case quick::answered:
                break;
            case quick::unfinished:
                more = co_await finish_quickly();
                break;
            case quick::broken:
                more = false;
                break;
            case quick::not_plain:
                more = co_await serve_slowly();
                break;
        }
    }
    phase_ = phase::closing;
    co_await close_gently();
}

asio::awaitable<bool> session::wait_for_bytes() {
    phase_ = phase::idle;
    if (home_.stopping()) co_return false;
    io_.in.shrink();
    io_.link.shrink();
    io_.limit_until(host_.time.steady() + host_.options.idle_timeout);
    auto const room = io_.begin_fill(head_room);
    auto const outcome = co_await io_.link.read_some(room);
    auto const got = io_.end_fill(outcome);
    co_return got&&* got > 0;
}

// A whole request, or what there is of one, is in the buffer.
asio::awaitable<bool> session::serve_slowly() {
    request_parser parser(host_.options.max_head);
    std::optional<refusal> refused;
    if (co_await read_head(parser, refused) == next::close) co_return false;
    phase_ = phase::busy;
    in_flight_guard const counted(host_.metrics.in_flight);
    co_return co_await serve(parser, std::move(refused));
}

asio::awaitable<bool> session::shake_hands() {
    if (!io_.link.is_tls()) co_return true;
    io_.limit_until(host_.time.steady() + host_.options.head_timeout);
    auto const [ec] = co_await io_.link.handshake();
    broken_ = ec.failed();
    if (ec) log.debug("TLS handshake failed", {{"peer", peer_}, {"reason", ec.message()}});
    co_return !ec;
}

asio::awaitable<session::next> session::read_head(request_parser& parser, std::optional<refusal>& refused) {
    phase_ = phase::idle;
    io_.in.shrink();
    io_.limit_until(host_.time.steady() + host_.options.idle_timeout);
    for (;;) {
        if (!parser.got_some()) {  // empty lines before a request are skipped (RFC 9112 section 2.2)
            while (io_.in.data().starts_with("\r\n")) io_.in.consume(2);
        }
        if (!io_.in.data().empty()) {
            if (phase_ == phase::idle) io_.limit_until(host_.time.steady() + host_.options.head_timeout);
            phase_ = phase::head;
            io_.in.consume(parser.put_head(io_.in.data(), refused));
            if (refused || parser.head_done()) co_return next::serve;
        } else if (home_.stopping()) {
            co_return next::close;
        }
        auto const got = co_await io_.fill(head_room);
        if (got && *got > 0) continue;
        bool const slow = !got && got.error().code == errc::timed_out && phase_ == phase::head;
        if (!slow) {
            broken_ = !got && phase_ == phase::head;
            co_return next::close;
        }
        host_.metrics.timeouts.add();
        refused = refusal{408, "the request head did not arrive in time"};
        co_return next::serve;
    }
}

head_rules session::rules() const {
    return {.tls = io_.link.is_tls(),
            .tokens_over_http = host_.options.tokens_over_http,
            .trust_forwarded = host_.options.trust_forwarded,
            .default_host = local_host_};
}

void session::introduce(request& req) {
    auto const given = req.headers.get("X-Request-Id");
    if (is_request_id(given))
        req.id = given;
    else
        home_.append_request_id(req.id);
    req.peer_address = peer_;
    req.caller = home_.anonymous();
    req.executor = executor_;
}

asio::awaitable<bool> session::serve(request_parser& parser, std::optional<refusal> refused) {
    auto const since = host_.time.steady();
    auto const sent_before = io_.sent;
    request req;
    io_.limit_stalls(steady_time::max());
    if (!refused) refused = check_head(parser, rules(), req);
    introduce(req);
    bool keep = false;
    response answer;
    if (refused) {
        session_reader nothing(io_, parser, 0, false);
        unread_ = true;
        if (req.method.empty()) req.method = "REFUSED";
        if (req.target.empty()) req.target = parser.target;
        answer = problem(refused->status, refused->detail);
        if (refused->credentials)
            answer.headers.set("WWW-Authenticate",
                               "Bearer error=\"invalid_request\", error_description=\"" + refused->detail + "\"");
        co_await send(req, answer, nothing, {});
    } else {
        auto const m = host_.routes.find(req);
        session_reader body(io_, parser, m.options.max_body, expects_continue(req.headers));
        req.body = &body;
        answer = co_await answer_for(req, parser, body, m);
        keep = parser.keep_alive() && !wants_close(answer) && !overloaded_ && !home_.stopping() && body.can_continue(max_discard);
        unread_ = !body.complete();
        keep = co_await send(req, answer, body, {parser.http_1_1, keep});
    }
    record({req.method, req.target, answer.status, io_.sent - sent_before, since, req.id, req.caller->subject});
    co_return keep;
}

asio::awaitable<response> session::answer_for(request& req, request_parser& parser, session_reader& body,
                                              router::match const& m) {
    if (overloaded_) co_return problem(503, "too many connections; try again shortly");
    auto const length = parser.body_left();
    if (m.target && m.options.max_body != 0 && length && *length > m.options.max_body) {
        router::match refused = m;
        refused.target = nullptr;
        refused.status = 413;
        co_return co_await host_.routes.run(req, refused);
    }
    bool const limited = m.options.time_limit.count() > 0;
    req.deadline = limited ? host_.time.steady() + m.options.time_limit : steady_time::max();
    req.body = &body;
    io_.limit_stalls(req.deadline);
    auto answer = co_await host_.routes.run(req, m);
    io_.limit_stalls(steady_time::max());
    overdue_ = false;
    auto const state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_await asio::this_coro::reset_cancellation_state();
    co_return answer;
}

asio::awaitable<bool> session::send(request const& req, response& answer, session_reader& body, message_end end) {
    auto const plan = plan_body(answer, req.method, end.http_1_1);
    bool const keep = end.keep_alive && !plan.until_close;
    std::string head;
    head.reserve(512);
    append_head(head, answer, plan, {host_.options.server_name, home_.http_date(), req.id, end.http_1_1, keep});
    auto const sent = co_await send_body(answer, plan, std::move(head));
    if (!sent) {
        not_sent(sent.error(), req.id);
        co_return false;
    }
    if (!keep) co_return false;
    auto const rest = co_await body.discard();
    broken_ = !rest;
    co_return rest.has_value();
}

asio::awaitable<result<void>> session::send_body(response& answer, body_plan plan, std::string head) {
    if (!plan.send) co_return co_await io_.write_all(asio::buffer(head));
    if (auto const* text = std::get_if<std::string>(&answer.body))
        co_return co_await io_.write_all(asio::buffer(head), asio::buffer(*text));
    if (auto const* shared = std::get_if<std::shared_ptr<std::string const>>(&answer.body)) {
        auto const text = *shared ? asio::buffer(**shared) : asio::const_buffer{};
        co_return co_await io_.write_all(asio::buffer(head), text);
    }
    session_writer writer(io_, plan, std::move(head));
    if (auto const* file = std::get_if<file_body>(&answer.body)) {
        auto const sent = co_await writer.write_file(file->fd ? file->fd->get() : -1, file->offset, file->length);
        if (!sent) co_return sent;
    } else {
        // Event streams say their first word late; their clients wait for the head.
        if (plan.chunked) {
            auto const head_out = co_await writer.flush();
            if (!head_out) co_return head_out;
        }
        auto const made = co_await produce_guarded(std::get<produced_body>(answer.body).produce, writer);
        if (!made) co_return made;
    }
    co_return co_await writer.finish();
}

// An answer cut in the middle must look cut: RST, no final chunk, no close_notify. Otherwise the client may finish reading.
asio::awaitable<void> session::close_gently() {
    if (broken_) {
        io_.link.reset();
        co_return;
    }
    io_.limit_until(host_.time.steady() + (unread_ ? milliseconds(linger_time) : goodbye_time));
    io_.link.say_goodbye();
    io_.link.end_sending();
    std::array<char, 4096> waste;
    std::uint64_t thrown = 0;
    bool const peer_speaks = unread_ || io_.link.is_tls();  // at least a close_notify
    while (peer_speaks && thrown < max_linger && !io_.expired()) {
        auto const [ec, n] = co_await io_.link.read_raw(asio::buffer(waste));
        if (ec) break;
        thrown += n;
    }
    io_.link.close();
}

void session::not_sent(error const& why, std::string_view id) {
    broken_ = true;
    if (why.code == errc::timed_out) host_.metrics.timeouts.add();
    log.info("an answer was not sent to its end", {{"id", id}, {"reason", why.message()}});
}

void session::record(account const& a) {
    auto const took = host_.time.steady() - a.since;
    host_.metrics.request_done(a.method, a.status, std::chrono::duration<double>(took).count(), a.bytes);
    auto& lines = home_.access_log();
    if (!host_.options.access_log || !lines.enabled(log_level::info)) return;
    lines.begin(log_level::info, "request");
    lines.field("method", a.method);
    lines.field("path", a.target);
    lines.field("status", a.status);
    lines.field("bytes", a.bytes);
    lines.milliseconds_field("ms", took);
    lines.field("id", a.id);
    lines.field("peer", peer_);
    lines.field("caller", a.caller);
    lines.end();
}

void session::tick(steady_time now) {
    // A cancellation that meets an operation whose completion is under way is lost; so it is said again until it is heard.
    if (overdue_) stop_signal_.emit(asio::cancellation_type::terminal);
    switch (io_.expire_if_due(now)) {
        case channel::expiry::none:
        case channel::expiry::io_cancelled:
            return;
        case channel::expiry::owner_must_act:
            break;
    }
    if (phase_ == phase::busy) {
        overdue_ = true;
        stop_signal_.emit(asio::cancellation_type::terminal);
    } else {
        io_.link.cancel();
    }
}

void session::end_if_idle() {
    bool const idle = phase_ == phase::idle || phase_ == phase::handshake;
    if (idle && !io_.link.has_unread()) io_.link.cancel();  // a request that has arrived is still answered
}

bool session::cut() {
    bool const in_flight = phase_ == phase::busy;
    overdue_ = true;
    io_.link.reset();
    stop_signal_.emit(asio::cancellation_type::terminal);
    return in_flight;
}

}  // namespace fjord::net
