#include "net/curl_transfer.hpp"

#include "base/text.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace fjord::net {

namespace {

constexpr std::size_t window_limit = 256u << 10;
constexpr std::size_t window_resume = 128u << 10;  // paused until the reader has taken this much
constexpr std::size_t upload_limit = 256u << 10;
constexpr std::size_t max_head = 256u << 10;

template <class Handler>
class handler_waiter final : public waiter {
public:
    explicit handler_waiter(Handler h) : handler_(std::move(h)), home_(asio::get_associated_executor(handler_)) {}

    void resume(std::unique_ptr<waiter> self) override {
        auto executor = home_.get_executor();
        auto finish = [self = std::move(self), this]() mutable {
            auto handler = std::move(handler_);
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) slot.clear();
            self.reset();
            std::move(handler)();
        };
        asio::post(executor, std::move(finish));
    }

private:
    Handler handler_;
    asio::executor_work_guard<asio::associated_executor_t<Handler>> home_;
};

}  // namespace

asio::awaitable<void> curl_transfer::wait(want what) {
    {
        std::lock_guard lock(mutex_);
        if (satisfied(what)) co_return;
    }
    auto start = [self = shared_from_this(), what](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([self](asio::cancellation_type) { self->cancel(fail(errc::cancelled, "the caller gave up")); });
        }
        self->set_waiter(what, std::make_unique<handler_waiter<decltype(handler)>>(std::move(handler)));
    };
    co_await asio::async_initiate<asio::use_awaitable_t<> const, void()>(std::move(start), asio::use_awaitable);
}

void curl_transfer::set_waiter(want what, std::unique_ptr<waiter> w) {
    std::lock_guard lock(mutex_);
    waiter_ = std::move(w);
    waiting_for_ = what;
    wake_locked();
}

void curl_transfer::wake_locked() {
    if (!waiter_ || !satisfied(waiting_for_)) return;
    auto w = std::move(waiter_);
    auto& target = *w;
    target.resume(std::move(w));
}

bool curl_transfer::takes_upload() const { return !over_ && !upload_ended_ && !(head_ready_ && response_.status >= 300); }

bool curl_transfer::satisfied(want what) const {
    if (over_) return true;
    switch (what) {
        case want::head:
            return head_ready_;
        case want::bytes:
            return window_.size() > window_taken_;
        case want::upload_room:
            return !takes_upload() || (upload_.size() - upload_taken_ < upload_limit && (upload_asked_ || !waits_for_100_));
        case want::end:
            return false;
    }
    return true;
}

void curl_transfer::end_locked(std::optional<error> failure) {
    if (over_) return;
    over_ = true;
    if (!failure_) failure_ = std::move(failure);
    wake_locked();
}

void curl_transfer::cancel(error why) {
    std::lock_guard lock(mutex_);
    end_locked(std::move(why));
}

void curl_transfer::finished(CURLcode outcome) {
    std::lock_guard lock(mutex_);
    left_loop_ = true;
    if (outcome == CURLE_OK) return end_locked(std::nullopt);
    end_locked(short_answer(curl_failure(easy_.get(), outcome, error_text_.data(), target_)));
}

// "closed" alone does not help; how far it came does.
error curl_transfer::short_answer(error const& from_curl) const {
    auto const length = parse_unsigned<std::uint64_t>(response_.headers.get("Content-Length"));
    if (!head_ready_ || !length || received_ >= *length || from_curl.code != errc::unavailable) return from_curl;
    return fail(errc::unavailable,
                target_ + " closed after " + std::to_string(received_) + " of " + std::to_string(*length) + " bytes");
}

bool curl_transfer::left_loop() const {
    std::lock_guard lock(mutex_);
    return left_loop_;
}

std::optional<error> curl_transfer::failure() const {
    std::lock_guard lock(mutex_);
    return over_ ? failure_ : std::nullopt;
}

client_response curl_transfer::head() const {
    std::lock_guard lock(mutex_);
    return response_;
}

client_response curl_transfer::take_response() {
    std::lock_guard lock(mutex_);
    response_.body = std::move(window_);
    return std::move(response_);
}

std::size_t curl_transfer::take_bytes(std::span<char> out, bool& resume) {
    std::lock_guard lock(mutex_);
    auto const n = std::min(out.size(), window_.size() - window_taken_);
    if (n > 0) std::memcpy(out.data(), window_.data() + window_taken_, n);
    window_taken_ += n;
    if (window_taken_ == window_.size()) {
        window_.clear();
        window_taken_ = 0;
    }
    resume = receive_paused_ && window_.size() - window_taken_ <= window_resume;
    if (resume) {
        receive_paused_ = false;
        last_moved_ = std::chrono::steady_clock::now();
    }
    return n;
}

std::size_t curl_transfer::take_body(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    if (over_) return 0;
    last_moved_ = std::chrono::steady_clock::now();
    if (collect_ && window_.size() + bytes.size() > max_body_) {
        failure_ = fail(errc::limit_exceeded, "the answer of " + target_ + " is over " + std::to_string(max_body_) + " bytes");
        return 0;
    }
    if (!collect_ && window_.size() - window_taken_ >= window_limit) {
        receive_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!collect_ && window_taken_ >= window_resume) {
        window_.erase(0, window_taken_);
        window_taken_ = 0;
    }
    window_.append(bytes);
    received_ += bytes.size();
    wake_locked();
    return bytes.size();
}

std::size_t curl_transfer::take_header(std::string_view line) {
    std::lock_guard lock(mutex_);
    auto const size = line.size();
    if (over_) return 0;
    if (head_ready_) return size;  // trailer fields are not merged (RFC 9110 section 6.5.1)
    last_moved_ = std::chrono::steady_clock::now();
    header_bytes_ += size;
    if (header_bytes_ > max_head) {
        failure_ = fail(errc::limit_exceeded, "the head of the answer of " + target_ + " is over 256 KiB");
        return 0;
    }
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
        response_.headers = {};
        take_until(line, ' ');
        response_.status = parse_unsigned<unsigned>(take_until(line, ' ')).value_or(0);
    } else if (line.empty()) {
        head_ready_ = response_.status >= 200;  // 1xx heads are followed by another one
        wake_locked();
    } else if (auto const colon = line.find(':'); colon != std::string_view::npos) {
        response_.headers.add(line.substr(0, colon), line.substr(colon + 1));
    }
    return size;
}

bool curl_transfer::upload_wanted() const {
    std::lock_guard lock(mutex_);
    return takes_upload();
}

bool curl_transfer::give_upload(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    given_ += bytes.size();
    if (upload_length_ && given_ > *upload_length_) {
        end_locked(fail(errc::invalid_argument,
                        "the upload is longer than the " + std::to_string(*upload_length_) + " bytes announced"));
        return false;
    }
    upload_.erase(0, std::exchange(upload_taken_, 0));
    upload_.append(bytes);
    last_moved_ = std::chrono::steady_clock::now();
    return std::exchange(send_paused_, false);
}

bool curl_transfer::end_upload() {
    std::lock_guard lock(mutex_);
    upload_ended_ = true;
    if (upload_length_ && given_ < *upload_length_) {
        end_locked(fail(errc::invalid_argument, "the upload ended after " + std::to_string(given_) + " of the " +
                                                    std::to_string(*upload_length_) + " bytes announced"));
        return false;
    }
    return std::exchange(send_paused_, false);
}

std::size_t curl_transfer::fill_upload(std::span<char> out) {
    std::lock_guard lock(mutex_);
    if (over_) return CURL_READFUNC_ABORT;
    upload_asked_ = true;
    auto const n = std::min(out.size(), upload_.size() - upload_taken_);
    if (n == 0) {
        if (!takes_upload()) return 0;
        send_paused_ = true;
        wake_locked();
        return CURL_READFUNC_PAUSE;
    }
    std::memcpy(out.data(), upload_.data() + upload_taken_, n);
    upload_taken_ += n;
    last_moved_ = std::chrono::steady_clock::now();
    wake_locked();
    return n;
}

steady_time curl_transfer::due(steady_time now) const {
    std::lock_guard lock(mutex_);
    if (over_) return now;
    auto when = collect_ || !head_ready_ ? deadline_ : steady_time::max();
    // Only while it is the peer's turn to move bytes: our own pauses are no stall, and waiting for a head has the deadline.
    bool const sending = streams_up_ && !head_ready_ && !send_paused_ && !(upload_ended_ && upload_taken_ == upload_.size());
    bool const receiving = head_ready_ && !receive_paused_;
    if (stall_.count() > 0 && (sending || receiving)) when = std::min(when, last_moved_ + stall_);
    return when;
}

error curl_transfer::limit_error() const {
    std::lock_guard lock(mutex_);
    bool const late = (collect_ || !head_ready_) && std::chrono::steady_clock::now() >= deadline_;
    if (!late) return fail(errc::timed_out, target_ + " moved no byte for " + std::to_string(stall_.count()) + " s");
    return fail(errc::timed_out, target_ + (head_ready_ ? " did not finish its answer in time" : " did not answer in time"));
}

// One refused address ends the exchange, also when the name has others: it has been made to lead astray.
bool curl_transfer::may_reach(asio::ip::address const& address) {
    std::lock_guard lock(mutex_);
    if (failure_) return false;
    if (auto fine = allow_address_(parts_, address); !fine) failure_ = error(fine.error());
    return !failure_;
}

curl_socket_t curl_transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    asio::ip::address address;
    if (to->family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &to->addr, sizeof v4);
        address = asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    } else if (to->family == AF_INET6 && to->addrlen >= sizeof(sockaddr_in6)) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, static_cast<void const*>(&to->addr), sizeof v6);
        asio::ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        address = asio::ip::address_v6(bytes);
    } else {
        return CURL_SOCKET_BAD;
    }
    if (!static_cast<curl_transfer*>(self)->may_reach(address)) return CURL_SOCKET_BAD;
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

// A connection may have been opened for a request that reaches further.
int curl_transfer::on_before_request(void* self, char* address, char*, int, int) {
    boost::system::error_code malformed;
    auto const parsed = asio::ip::make_address(address ? address : "", malformed);
    if (malformed || !static_cast<curl_transfer*>(self)->may_reach(parsed)) return CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_OK;
}

std::size_t curl_transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<curl_transfer*>(self)->take_header({data, size * count});
}

std::size_t curl_transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<curl_transfer*>(self)->take_body({data, size * count});
}

std::size_t curl_transfer::on_upload(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<curl_transfer*>(self)->fill_upload({data, size * count});
}

}  // namespace fjord::net
