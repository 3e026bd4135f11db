#pragma once
// From a quick answer to bytes on the connection, and what is left of one that the connection did not take at once.
#include "net/channel.hpp"
#include "net/quick_head.hpp"
#include "net/response_head.hpp"

namespace fjord::net {

// Memory that the quick answers of one context use in turn.
struct quick_scratch {
    static constexpr std::size_t head_room = 4u << 10;
    static constexpr std::size_t file_room = 64u << 10;  // longer bodies of files go by sendfile

    quick_head head;
    std::string request_id;
    std::string fields;
    std::string head_text;
    std::unique_ptr<char[]> room = std::make_unique_for_overwrite<char[]>(head_room + file_room);
};

class quick_exchange {
public:
    // Forms the answer for a request with `method`. `scratch` must stay as it is until write_now() has returned.
    quick_exchange(quick_answer answer, std::string_view method, head_context const& context, bool tls, quick_scratch& scratch);

    unsigned status() const noexcept { return answer_.status; }
    std::string_view caller() const noexcept;

    // True: all is sent. False: finish() is needed; the scratch is free again.
    result<bool> write_now(channel& io);
    asio::awaitable<result<void>> finish(channel& io);

private:
    void read_file(quick_scratch& scratch);

    quick_answer answer_;
    write_parts parts_{};
    bool file_follows_ = false;
    std::string kept_;  // what of the scratch was not sent
};

}  // namespace fjord::net
