// fjord events: what has changed, one CloudEvent per line; from a position on, or as it happens.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"
#include "base/file.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <thread>

namespace fjord::cli {
namespace {

// Where the reader is; kept in a file when one is named, after each page, so that the next run goes on there.
class position {
public:
    explicit position(events_args const& a) : file_(a.cursor_file), at_(a.since) {
        if (!at_.empty() || file_.empty()) return;
        if (auto text = read_file(file_, 64)) at_ = text->substr(0, text->find('\n'));
    }
    std::string const& at() const { return at_; }
    result<void> move(std::string to) {
        if (to.empty() || to == at_) return {};
        at_ = std::move(to);
        return file_.empty() ? result<void>() : write_file_atomically(file_, at_ + "\n");
    }

private:
    std::string file_, at_;
};

std::string query_of(events_args const& a) { return a.types.empty() ? "" : "types=" + encode_query(a.types); }

// All there is after the position.
result<void> catch_up(client_context& c, events_args const& a, position& p) {
    for (bool more = true; more;) {
        auto const filter = query_of(a);
        auto page =
            c.call("GET", "/api/v1/events?limit=10000&since=" + encode_query(p.at()) + (filter.empty() ? "" : "&" + filter));
        if (!page) return page.error();
        for (auto const& e : page->at("events").as_array()) print_json(e);
        std::fflush(stdout);
        if (auto ok = p.move(member_text(*page, "next")); !ok) return ok;
        more = page->at("more").as_bool();
    }
    return {};
}

// One connection of server-sent events, until it ends.
asio::awaitable<result<void>> listen(client_context& c, events_args const& a, position& p, secret token) {
    net::client_request request;
    auto const filter = query_of(a);
    request.url = c.options().broker + "/api/v1/events" + (filter.empty() ? "" : "?" + filter);
    request.headers.set("Accept", "text/event-stream");
    request.headers.set("Last-Event-ID", p.at());
    request.bearer = std::move(token);
    request.stall = std::chrono::seconds(60);  // the broker says something every 15 s
    auto stream = co_await c.http().open(std::move(request));
    if (!stream) co_return stream.error();
    auto const status = (*stream)->head().status;
    if (status != 200) co_return fail(errc_of_status(status), "the broker answered " + std::to_string(status));
    std::string text, id;
    std::vector<char> room(64u << 10);
    for (;;) {
        auto const n = co_await (*stream)->read_some(room);
        if (!n) co_return n.error();
        if (*n == 0) co_return result<void>{};
        text.append(room.data(), *n);
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            auto const line = text.substr(0, end);
            text.erase(0, end + 1);
            if (line.starts_with("id: ")) id = line.substr(4);
            if (line.starts_with("data: ")) std::printf("%s\n", line.c_str() + 6);
            if (!line.empty() || id.empty()) continue;
            std::fflush(stdout);
            if (auto ok = p.move(std::exchange(id, {})); !ok) co_return ok;
        }
    }
}

}  // namespace

int events(client_context& c, events_args const& a) {
    position p(a);
    if (p.at().empty())
        if (auto ok = p.move(a.follow ? "now" : "0"); !ok) return report(ok.error());
    if (auto ok = catch_up(c, a, p); !ok) return report(ok.error());
    if (!a.follow) {
        if (!c.options().quiet && a.cursor_file.empty()) std::fprintf(stderr, "next: fjord events --since %s\n", p.at().c_str());
        return exit_done;
    }
    for (;;) {
        auto token = c.current_token();
        if (!token) return report(token.error());
        auto heard = c.run(listen(c, a, p, *token));
        bool const passing = heard || heard.error().code == make_error_code(errc::unavailable) ||
                             heard.error().code == make_error_code(errc::timed_out);
        if (!passing) return report(heard.error());
        std::this_thread::sleep_for(std::chrono::seconds(1));
        // What came meanwhile, and an answer in words when the log no longer reaches back.
        auto ok = catch_up(c, a, p);
        if (!ok && ok.error().code != make_error_code(errc::unavailable)) return report(ok.error());
    }
}

}  // namespace fjord::cli
