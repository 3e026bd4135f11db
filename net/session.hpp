#pragma once
// One client connection from handshake to close: heads in, answers out, one request at a time (pipelined ones wait in the
// buffer). Lives on one context; only that context's thread touches it.
#include "base/log_batch.hpp"
#include "net/channel.hpp"
#include "net/quick_exchange.hpp"
#include "net/request_head.hpp"
#include "net/server.hpp"
#include "net/server_metrics.hpp"
#include "net/session_body.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <memory>

namespace fjord::net {

// What all sessions of a server share; outlives each of them.
struct session_host {
    server_options const& options;
    router const& routes;
    server_metrics& metrics;
    clock& time;
};

// What a session asks of the context it lives on.
class session_home {
public:
    virtual ~session_home() = default;
    virtual void append_request_id(std::string& out) = 0;  // a new one
    virtual std::string_view http_date() = 0;              // now, as a Date field
    virtual quick_scratch& scratch() = 0;
    virtual log_batch& access_log() = 0;
    virtual std::shared_ptr<principal const> const& anonymous() = 0;
    virtual bool stopping() const = 0;
};

class session : public std::enable_shared_from_this<session> {
public:
    session(session_host host, session_home& home, channel io, asio::any_io_executor executor, std::string local_host,
            bool overloaded);

    asio::awaitable<void> run();
    asio::cancellation_slot slot() { return stop_signal_.slot(); }

    void tick(steady_time now);  // acts on a passed deadline
    void end_if_idle();          // for a graceful stop
    bool cut();                  // ends it now; true when a request was in flight

private:
    enum class phase { handshake, idle, head, busy, closing };
    enum class next { serve, close };
    struct message_end {
        bool http_1_1 = true;
        bool keep_alive = false;
    };

    // What is told of an answered request.
    struct account {
        std::string_view method, target;
        unsigned status = 0;
        std::uint64_t bytes = 0;
        steady_time since;
        std::string_view id, caller;
    };
    // A quick answer that the connection did not take at once.
    struct unfinished {
        quick_exchange exchange;
        bool head_only;
        std::string target, id;
        std::uint64_t sent_before;
        steady_time since;
    };
    enum class quick { not_plain, answered, unfinished, broken };

    asio::awaitable<bool> shake_hands();
    asio::awaitable<bool> wait_for_bytes();  // false: the session is over
    quick answer_quickly();
    asio::awaitable<bool> finish_quickly();
    asio::awaitable<bool> serve_slowly();
    asio::awaitable<next> read_head(request_parser& parser, std::optional<refusal>& refused);
    asio::awaitable<bool> serve(request_parser& parser, std::optional<refusal> refused);  // true: another request may follow
    asio::awaitable<response> answer_for(request& req, request_parser& parser, session_reader& body, router::match const& m);
    asio::awaitable<bool> send(request const& req, response& answer, session_reader& body, message_end end);
    asio::awaitable<result<void>> send_body(response& answer, body_plan plan, std::string head);
    asio::awaitable<void> close_gently();

    void introduce(request& req);
    void record(account const& a);
    void not_sent(error const& why, std::string_view id);
    bool takes_tokens() const { return io_.link.is_tls() || host_.options.tokens_over_http; }
    head_rules rules() const;

    session_host host_;
    session_home& home_;
    channel io_;
    asio::any_io_executor executor_;
    asio::cancellation_signal stop_signal_;
    std::string peer_;
    std::unique_ptr<unfinished> unfinished_;
    std::string local_host_;  // stands in for a missing Host in HTTP/1.0
    phase phase_ = phase::handshake;
    bool overloaded_ = false;  // answers one 503
    bool overdue_ = false;     // the handler is being told to end
    bool unread_ = false;      // the client may still be sending when the session closes
    bool broken_ = false;      // nothing sensible can be said to the client any more
};

}  // namespace fjord::net
