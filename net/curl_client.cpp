#include "base/text.hpp"
#include "net/client.hpp"
#include "net/curl_loop.hpp"
#include "net/curl_transfer.hpp"

#include <algorithm>

namespace fjord::net {

struct http_client::impl {
    explicit impl(client_options o) : options(std::move(o)), loop(options) {}
    client_options options;
    curl_loop loop;
};

namespace {

using want = curl_transfer::want;

// A transfer that ends with its scope. It keeps the loop object alive, running or stopped.
class exchange {
public:
    exchange(std::shared_ptr<curl_loop> loop, std::shared_ptr<curl_transfer> transfer)
        : loop_(std::move(loop)), transfer_(std::move(transfer)) {
        loop_->start(transfer_);
    }
    exchange(exchange&&) noexcept = default;
    exchange& operator=(exchange&&) = delete;
    ~exchange() {
        if (!transfer_ || transfer_->left_loop()) return;
        transfer_->cancel(fail(errc::cancelled, "the exchange was given up"));
        loop_->drop(transfer_);
    }

    curl_transfer& operator*() const { return *transfer_; }
    curl_transfer* operator->() const { return transfer_.get(); }
    void resume() const { loop_->resume(transfer_); }

private:
    std::shared_ptr<curl_loop> loop_;
    std::shared_ptr<curl_transfer> transfer_;
};

class curl_stream final : public client_stream {
public:
    curl_stream(exchange x, client_response head) : exchange_(std::move(x)), head_(std::move(head)) {}

    client_response const& head() const noexcept override { return head_; }

    asio::awaitable<result<std::size_t>> read_some(std::span<char> out) override {
        if (out.empty()) co_return std::size_t{0};
        co_await exchange_->wait(want::bytes);
        bool resume = false;
        auto const n = exchange_->take_bytes(out, resume);
        if (resume) exchange_.resume();
        if (n > 0) co_return n;
        if (auto why = exchange_->failure()) co_return std::move(*why);
        co_return std::size_t{0};
    }

private:
    exchange exchange_;
    client_response head_;
};

// Feeds the body from the caller's source until it ends, or the peer has answered that it does not want it.
asio::awaitable<result<void>> pump(exchange const& x, upload_source source) {
    std::vector<char> piece(64u << 10);
    for (;;) {
        co_await x->wait(want::upload_room);
        if (!x->upload_wanted()) {
            x.resume();  // curl does not call an exchange done while its upload is paused
            co_return result<void>{};
        }
        auto const got = co_await source(piece);
        if (!got) {
            x->cancel(got.error());
            co_return got.error();
        }
        bool const resume = *got == 0 ? x->end_upload() : x->give_upload({piece.data(), *got});
        if (resume) x.resume();
        if (*got == 0) co_return result<void>{};
    }
}

bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= 32 &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_alpha(c) || c == '-'; });
}

result<void> check_request(client_request const& request) {
    if (!is_token(request.method)) return fail(errc::invalid_argument, "'" + request.method + "' is not an HTTP method");
    if (request.upload && !request.body.empty()) return fail(errc::invalid_argument, "a request has one body, not two");
    return {};
}

// Everything that must hold before bytes go to `url`.
result<url_parts> check_hop(std::string const& url, client_request const& request, bool with_credentials,
                            client_options const& options) {
    auto parts = parse_url(url);
    if (!parts) return parts;
    bool const has_token = !request.bearer.empty() || request.headers.find("Authorization");
    if (with_credentials && has_token && parts->scheme != "https" && !options.allow_cleartext_token) {
        return fail(errc::invalid_argument, "a token is not sent to " + parts->origin() + ": it would be readable on the way");
    }
    if (options.allow_url) {
        if (auto allowed = options.allow_url(url); !allowed) return allowed.error();
    }
    return parts;
}

asio::awaitable<result<std::size_t>> noted(asio::awaitable<result<std::size_t>> piece, bool& begun) {
    auto got = co_await std::move(piece);
    if (got && *got > 0) begun = true;
    co_return got;
}

bool is_redirect(unsigned status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

struct curl_string_deleter {
    void operator()(char* text) const noexcept { curl_free(text); }
};

// The Location of an answer against the URL that gave it (RFC 3986 section 5).
result<std::string> resolve_location(std::string const& base, std::string const& location) {
    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> const url(curl_url(), &curl_url_cleanup);
    bool ok = url && curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) == CURLUE_OK &&
              curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) == CURLUE_OK;
    if (ok) curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
    char* text = nullptr;
    ok = ok && curl_url_get(url.get(), CURLUPART_URL, &text, 0) == CURLUE_OK;
    std::unique_ptr<char, curl_string_deleter> const owned(text);
    if (!ok) return fail(errc::unavailable, "the peer redirects to something that is no URL");
    return std::string(text);
}

// The same source; `begun` becomes true with its first byte. The flag must outlive it.
upload_source noting_source(upload_source source, bool& begun) {
    return [source = std::move(source), &begun](std::span<char> out) { return noted(source(out), begun); };
}

// Follows redirects; gives the exchange whose head (open) or whole answer (send) is there.
asio::awaitable<result<exchange>> follow(std::shared_ptr<curl_loop> loop, client_options options, client_request request,
                                         bool collect) {
    if (auto ok = check_request(request); !ok) co_return ok.error();
    auto const deadline = request.timeout.count() > 0 ? std::chrono::steady_clock::now() + request.timeout : steady_time::max();
    bool const reads = request.method == "GET" || request.method == "HEAD";
    auto const follows = [&](unsigned status) {
        if (request.max_redirects == 0) return false;
        return reads ? is_redirect(status) : request.redirect_writes && (status == 307 || status == 308);
    };
    bool body_begun = false;
    if (request.upload) request.upload = noting_source(std::move(request.upload), body_begun);
    std::string url = request.url;
    std::string first_origin;
    bool with_credentials = true;
    for (int hops = 0;; ++hops) {
        auto parts = check_hop(url, request, with_credentials, options);
        if (!parts) co_return parts.error();
        if (first_origin.empty()) first_origin = parts->origin();
        auto const here = *parts;
        hop next{&request, url, std::move(*parts), with_credentials, collect, deadline};
        exchange x(loop, std::make_shared<curl_transfer>(std::move(next), options));
        if (request.upload) {
            if (auto fed = co_await pump(x, request.upload); !fed) co_return fed.error();
        }
        co_await x->wait(collect ? want::end : want::head);
        if (auto why = x->failure()) co_return std::move(*why);
        auto const head = x->head();
        auto const location = head.headers.find("Location");
        if (!follows(head.status) || !location) co_return std::move(x);
        if (hops == request.max_redirects) {
            co_return fail(errc::limit_exceeded, "more than " + std::to_string(request.max_redirects) + " redirects");
        }
        auto target = resolve_location(url, std::string(*location));
        if (!target) co_return target.error();
        url = std::move(*target);
        auto const there = parse_url(url);
        if (!there) co_return there.error();
        if (request.allow_redirect) {
            if (auto fine = request.allow_redirect(here, *there); !fine) co_return fine.error();
        }
        if (body_begun)
            co_return fail(errc::unavailable, here.origin() + " redirects to " + there->origin() +
                                                  " after it has begun to take the body, which cannot be sent again");
        // Once away from the first origin, credentials stay behind, also on the way back.
        with_credentials = with_credentials && there->origin() == first_origin;
    }
}

}  // namespace

http_client::http_client(client_options options) : impl_(std::make_shared<impl>(std::move(options))) {}

http_client::~http_client() { impl_->loop.stop(); }

asio::awaitable<result<client_response>> http_client::send(client_request request) {
    std::shared_ptr<curl_loop> loop(impl_, &impl_->loop);
    auto done = co_await follow(std::move(loop), impl_->options, std::move(request), true);
    if (!done) co_return done.error();
    co_return (*done)->take_response();
}

asio::awaitable<result<std::unique_ptr<client_stream>>> http_client::open(client_request request) {
    std::shared_ptr<curl_loop> loop(impl_, &impl_->loop);
    auto done = co_await follow(std::move(loop), impl_->options, std::move(request), false);
    if (!done) co_return done.error();
    auto head = (*done)->head();
    co_return std::make_unique<curl_stream>(std::move(*done), std::move(head));
}

}  // namespace fjord::net
