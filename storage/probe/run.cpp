#include "storage/probe/run.hpp"

#include "base/dataset_uri.hpp"
#include "base/text.hpp"
#include "storage/multistatus.hpp"
#include "storage/webdav_status.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace fjord::storage::probe {

namespace {

constexpr seconds request_limit{15}, copy_limit{30}, folder_limit{30};
constexpr milliseconds longest_wait{20'000};  // for a token to expire by the site's clock; it has two seconds to live
constexpr std::size_t failures_in_a_row = 3;  // without any answer: the site is gone
constexpr std::size_t most_removals = 500;
constexpr int deepest = 8;

class runner {
public:
    explicit runner(surroundings s) : s_(std::move(s)), folder_(std::string(folder) + "/" + s_.run) {}

    asio::awaitable<result<report>> run() {
        if (auto ready = co_await prepare(); !ready) co_return ready.error();
        auto asked = co_await ask_all();
        auto removed = co_await clean_up();
        if (!asked) co_return asked.error();
        if (!removed) report_.leftovers = removed.error().message();
        report_.rows = judge(answers_);
        co_return std::move(report_);
    }

private:
    call folder_call(seconds limit = folder_limit) const { return {s_.folder_token, s_.time.steady() + limit}; }

    asio::awaitable<result<void>> prepare() {
        digester all;
        all.update(canary_bytes(s_.run, "canary/in"));
        answers_.canary = all.finish();
        auto token = s_.mint({.grants = {{"storage.create", ""}}});
        if (!token) co_return token.error();
        call const make{*token, s_.time.steady() + folder_limit};
        co_return co_await s_.driver.make_directory(make, folder_ + "/canary");
    }

    asio::awaitable<result<void>> ask_all() {
        auto const& all = steps();
        std::size_t silent = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto const& step = all[i];
            if (s_.on_progress) s_.on_progress({i, all.size(), step.name});
            auto reply = co_await ask(step);
            if (!reply) co_return reply.error();
            bool const lost = reply->asked && reply->status == 0 && step.how != carrier::cleartext;
            silent = lost ? silent + 1 : 0;
            if (silent == failures_in_a_row || (step.required && lost)) co_return fail(errc::unavailable, reply->failure);
            if (step.required && (reply->status < 200 || reply->status > 299))
                co_return error_from_status("PUT " + std::string(step.object) + " into the probe's folder", reply->status,
                                            reply->text);
            answers_.set(std::string(step.name), std::move(*reply));
            if (s_.patient && step.rest > milliseconds{0}) co_await pause(step.rest);
        }
        if (silent > 0) co_return fail(errc::unavailable, "the site stopped answering before the probe was over");
        if (s_.on_progress) s_.on_progress({all.size(), all.size(), {}});
        co_return result<void>{};
    }

    // A failure is ours (no token); whatever the site does is an answer.
    asio::awaitable<result<answer>> ask(step const& step) {
        answer out;
        if ((step.opens_server_files && !s_.open_server_files) || (step.how == carrier::cleartext && !s_.send_cleartext)) {
            out.failure = "not asked: switched off";
            co_return out;
        }
        auto request = co_await compose(step);
        if (!request) co_return request.error();
        out.asked = true;
        ++report_.requests;
        auto reply = co_await s_.client.send(std::move(*request));
        if (!reply) {
            out.failure = tidy_reason(reply.error().message(), 120);
            co_return out;
        }
        note(step, *reply, out);
        co_return out;
    }

    void note(step const& step, net::client_response const& reply, answer& out) {
        out.status = reply.status;
        out.challenged = reply.headers.find("WWW-Authenticate").has_value();
        out.length = parse_unsigned<std::uint64_t>(reply.headers.get("Content-Length")).value_or(reply.body.size());
        if (auto repr = parse_repr_digest_header(reply.headers.get("Repr-Digest"))) out.digests = *repr;
        if (auto digests = parse_digest_header(reply.headers.get("Digest")))
            for (auto a : {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5})
                if (auto const& d = digests->get(a)) out.digests.set(*d);
        if (auto date = parse_dav_date(reply.headers.get("Date")))
            report_.clock_ahead = std::chrono::duration_cast<milliseconds>(*date - floor<seconds>(s_.time.now()));
        if (step.method == "COPY" && out.status >= 200 && out.status < 300) {
            perf_marker_parser markers;
            if (markers.feed(reply.body) && markers.finish()) out.copy = markers.verdict();
            out.text = tidy_reason(markers.reason(), 160);
        } else if (out.status >= 300) {
            out.text = tidy_reason(reply.body, 160);
        }
    }

    asio::awaitable<result<net::client_request>> compose(step const& step) {
        secret token;
        if (!step.reuse.empty()) {
            token = kept_[std::string(step.reuse)].token;
            co_await wait_until_expired(kept_[std::string(step.reuse)].expires);
        } else if (!step.token.grants.empty()) {
            auto minted = s_.mint(step.token);
            if (!minted) co_return minted.error();
            token = *minted;
            kept_[std::string(step.name)] = {token, s_.time.now() + step.token.lifetime};
        }
        net::client_request request;
        request.method = step.method;
        request.url = (step.how == carrier::cleartext ? in_cleartext() : run_url()) + "/" + std::string(step.object);
        request.timeout = step.method == "COPY" ? copy_limit : request_limit;
        request.max_body = 1u << 20;
        if (step.how == carrier::url_authz)
            request.url += "?authz=Bearer%20" + token.reveal();
        else if (step.how == carrier::url_access_token)
            request.url += "?access_token=" + token.reveal();
        else
            request.bearer = token;
        for (auto const& [name, value] : step.headers) request.headers.add(name, filled_in(value));
        if (step.method == "PUT") request.body = canary_bytes(s_.run, step.object);
        if (!step.remote_token.grants.empty()) {
            auto remote = s_.mint(step.remote_token);
            if (!remote) co_return remote.error();
            request.headers.set("TransferHeaderAuthorization", "Bearer " + remote->reveal());
        }
        co_return request;
    }

    static asio::awaitable<void> pause(milliseconds time) {
        asio::steady_timer timer(co_await asio::this_coro::executor, time);
        co_await timer.async_wait(asio::use_awaitable);
    }

    // By the site's own clock, and a second more: exp is in whole seconds.
    asio::awaitable<void> wait_until_expired(wall_time expires) {
        auto left = std::chrono::duration_cast<milliseconds>(expires + seconds{1} - s_.time.now()) - report_.clock_ahead;
        left = std::clamp<milliseconds>(left, milliseconds{0}, longest_wait);
        if (s_.patient) co_await pause(left);
    }

    std::string run_url() const { return s_.base_url + "/" + folder_; }
    std::string in_cleartext() const {
        auto const parts = net::parse_url(run_url());
        if (!parts) return run_url();
        return "http://" + parts->host + ":" + std::to_string(parts->port) + parts->path;
    }
    std::string filled_in(std::string_view value) const {
        auto const replace = [&value](std::string_view mark, std::string const& by) -> std::optional<std::string> {
            if (!value.starts_with(mark)) return std::nullopt;
            return by + std::string(value.substr(mark.size()));
        };
        auto const parts = net::parse_url(run_url());
        if (auto text = replace("{base}", run_url())) return *text;
        if (auto text = replace("{http}", in_cleartext())) return *text;
        if (auto text = replace("{file}", "file://" + (parts ? parts->path : std::string()))) return *text;
        return std::string(value);
    }

    // This run's folder, those of runs that are long over, and the probe's own when nothing is left in it.
    asio::awaitable<result<void>> clean_up() {
        auto mine = co_await remove_tree(folder_, 0);
        auto others = co_await s_.driver.list(folder_call(), std::string(folder));
        if (!others) co_return mine;
        for (auto const& entry : *others) {
            bool const old = entry.stat.modified && s_.time.now() - *entry.stat.modified > std::chrono::hours(1);
            if (!entry.stat.directory || !old || entry.name == s_.run || entry.name.size() != s_.run.size()) continue;
            (void)co_await remove_tree(std::string(folder) + "/" + entry.name, 0);
        }
        auto const empty = co_await s_.driver.list(folder_call(), std::string(folder));
        if (empty && empty->empty()) (void)co_await s_.driver.remove(folder_call(), std::string(folder));
        co_return mine;
    }

    asio::awaitable<result<void>> remove_tree(std::string path, int depth) {
        auto entries = co_await s_.driver.list(folder_call(), path);
        if (!entries && entries.error().code == errc::not_found) co_return result<void>{};
        if (!entries) co_return entries.error();
        result<void> first;
        for (auto const& entry : *entries) {
            auto const inner = path + "/" + encode_segment(entry.name);
            if (++removals_ > most_removals || depth > deepest)
                co_return fail(errc::limit_exceeded, path + " holds more than the probe put there");
            result<void> gone;  // not by ?: around co_await, whose operands g++ 12 destroys twice
            if (entry.stat.directory)
                gone = co_await remove_tree(inner, depth + 1);
            else
                gone = co_await remove_one(inner);
            if (!gone && first) first = gone.error();
        }
        if (!first) co_return first;
        co_return co_await remove_one(path);
    }

    asio::awaitable<result<void>> remove_one(std::string path) {
        auto gone = co_await s_.driver.remove(folder_call(), std::move(path));
        if (!gone && gone.error().code == errc::not_found) co_return result<void>{};
        co_return gone;
    }

    struct kept_token {
        secret token;
        wall_time expires{};
    };

    surroundings s_;
    std::string folder_;  // of this run, below the site's url
    answers answers_;
    report report_;
    std::map<std::string, kept_token> kept_;
    std::size_t removals_ = 0;
};

}  // namespace

asio::awaitable<result<report>> run(surroundings s) {
    runner r(std::move(s));
    co_return co_await r.run();
}

}  // namespace fjord::storage::probe
