#pragma once
// One exchange: the curl side runs on the loop thread, the caller's side on the caller's executor; what they share is behind
// one mutex. The caller waits with wait(); the loop wakes it when the state it asked for is there.
#include "net/client.hpp"

#include <curl/curl.h>

#include <array>
#include <mutex>

namespace fjord::net {

struct curl_deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};

// A suspended coroutine, to be resumed on its own executor.
class waiter {
public:
    virtual ~waiter() = default;
    virtual void resume(std::unique_ptr<waiter> self) = 0;  // any thread
};

// How one hop is made, after the checks of the client.
struct hop {
    client_request const* request = nullptr;  // read in the constructor only
    std::string url;
    url_parts parts;
    bool with_credentials = true;  // false on another origin
    bool collect = true;           // send(): the whole answer up to max_body; false: a bounded window
    steady_time deadline = steady_time::max();
};

class curl_transfer : public std::enable_shared_from_this<curl_transfer> {
public:
    enum class want { head, bytes, upload_room, end };

    curl_transfer(hop h, client_options const& options);

    // Caller's side.
    // Resumes when `what` is there or the exchange is over. Cancelling the waiting coroutine ends the exchange.
    asio::awaitable<void> wait(want what);
    bool left_loop() const;                                     // curl has nothing to do with it any more
    std::optional<error> failure() const;                       // engaged when it is over and did not succeed
    client_response head() const;                               // status and headers
    client_response take_response();                            // after want::end
    std::size_t take_bytes(std::span<char> out, bool& resume);  // resume: tell the loop that there is room again
    bool upload_wanted() const;                                 // curl still takes body bytes
    bool give_upload(std::string_view bytes);                   // true: tell the loop that there are bytes again
    bool end_upload();
    void cancel(error why);  // any thread; whoever calls it also tells the loop to drop the transfer

    // Loop thread.
    CURL* easy() const noexcept { return easy_.get(); }
    void finished(CURLcode outcome);
    steady_time due(steady_time now) const;  // when to look again; <= now: its time is up
    error limit_error() const;

private:
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* to);
    static int on_before_request(void* self, char* address, char* local, int port, int local_port);
    static std::size_t on_upload(char* data, std::size_t size, std::size_t count, void* self);

    void set_options(hop const& h, client_options const& options);
    void set_method(client_request const& request);
    void set_headers(client_request const& request, bool with_credentials);
    void add_header(std::string const& line);

    bool may_reach(asio::ip::address const& address);
    std::size_t take_header(std::string_view line);
    std::size_t take_body(std::string_view bytes);
    std::size_t fill_upload(std::span<char> out);
    error short_answer(error const& from_curl) const;

    // With mutex_ held.
    bool satisfied(want what) const;
    bool takes_upload() const;
    void end_locked(std::optional<error> failure);
    void wake_locked();
    void set_waiter(want what, std::unique_ptr<waiter> w);

    // Set once.
    std::unique_ptr<CURL, curl_deleter> easy_;
    std::unique_ptr<curl_slist, curl_deleter> header_lines_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    std::string small_body_;
    std::string target_;  // "host:port", for messages
    bool collect_;
    std::uint64_t max_body_;
    std::chrono::seconds stall_;
    steady_time deadline_;
    bool streams_up_;
    bool waits_for_100_;  // the source is not read before the peer has asked for the body
    std::optional<std::uint64_t> upload_length_;
    address_judge allow_address_;
    url_parts parts_;
    std::unique_ptr<curl_slist, curl_deleter> fixed_names_;

    mutable std::mutex mutex_;
    client_response response_;
    std::size_t header_bytes_ = 0;
    bool head_ready_ = false;
    bool over_ = false;
    bool left_loop_ = false;
    std::optional<error> failure_;
    std::string window_;  // received; collect: all of it, else what is not taken yet
    std::size_t window_taken_ = 0;
    std::uint64_t received_ = 0;
    bool receive_paused_ = false;
    std::string upload_;  // given and not sent
    std::size_t upload_taken_ = 0;
    std::uint64_t given_ = 0;
    bool upload_ended_ = false;
    bool upload_asked_ = false;
    bool send_paused_ = false;
    steady_time last_moved_;
    std::unique_ptr<waiter> waiter_;
    want waiting_for_ = want::end;
};

// What a failed exchange means, in words that name what failed.
error curl_failure(CURL* easy, CURLcode outcome, char const* text, std::string const& target);

}  // namespace fjord::net
