#include "net/quick_exchange.hpp"

#include <sys/uio.h>

#include <cstring>

namespace fjord::net {

namespace {

constexpr std::uint64_t worth_sendfile = 8u << 10;  // below, one copy costs less than the second call and the walk through a pipe

}  // namespace

void quick_answer::add(std::string_view name, std::string_view value) {
    fields_->append(name).append(": ").append(value).append("\r\n");
}

void quick_answer::send(std::string_view memory, std::shared_ptr<void const> owner) noexcept {
    memory_ = memory;
    owner_ = std::move(owner);
    length_ = memory.size();
}

void quick_answer::send(unique_fd file, std::uint64_t offset, std::uint64_t length) noexcept {
    file_ = std::move(file);
    offset_ = offset;
    length_ = length;
}

quick_exchange::quick_exchange(quick_answer answer, std::string_view method, head_context const& context, bool tls,
                               quick_scratch& scratch)
    : answer_(std::move(answer)) {
    auto& head = scratch.head_text;
    head.clear();
    append_status_line(head, answer_.status, context);
    head.append(*answer_.fields_);
    bool const has_body = answer_.status != 304;
    append_head_end(head, has_body ? std::optional(answer_.length_) : std::nullopt, context);
    parts_[0] = asio::buffer(head);
    if (!has_body || method == "HEAD" || answer_.length_ == 0) {
        answer_.file_.reset();
        return;
    }
    parts_[1] = asio::buffer(answer_.memory_);
    file_follows_ = static_cast<bool>(answer_.file_);
    if (file_follows_ && (tls || answer_.length_ < worth_sendfile)) read_file(scratch);
}

// A short body that is in memory leaves in one piece with its head.
void quick_exchange::read_file(quick_scratch& scratch) {
    auto const& head = scratch.head_text;
    auto const length = static_cast<std::size_t>(answer_.length_);
    if (answer_.length_ > quick_scratch::file_room || head.size() > quick_scratch::head_room) return;
    iovec const into{scratch.room.get() + head.size(), length};
    auto const n = ::preadv2(answer_.file_.get(), &into, 1, static_cast<off_t>(answer_.offset_), RWF_NOWAIT);
    if (n < 0 || static_cast<std::size_t>(n) != length) return;
    std::memcpy(scratch.room.get(), head.data(), head.size());
    parts_[0] = asio::buffer(scratch.room.get(), head.size() + length);
    file_follows_ = false;
    answer_.file_.reset();
}

std::string_view quick_exchange::caller() const noexcept {
    return answer_.caller ? std::string_view(answer_.caller->subject) : std::string_view{};
}

result<bool> quick_exchange::write_now(channel& io) {
    if (file_follows_ && !io.link.is_tls()) {
        auto const head = io.write_now(parts_, true);
        if (!head) return head;
        if (*head) {
            auto const moved = io.send_file_now(answer_.file_.get(), answer_.offset_, answer_.length_);
            if (!moved) return moved.error();
            answer_.offset_ += *moved;
            answer_.length_ -= *moved;
            if (answer_.length_ == 0) return true;
        }
    } else if (!file_follows_) {
        auto const all = io.write_now(parts_);
        if (!all || *all) return all;
    }
    kept_.assign(static_cast<char const*>(parts_[0].data()), parts_[0].size());
    return false;
}

asio::awaitable<result<void>> quick_exchange::finish(channel& io) {
    if (file_follows_)
        co_return co_await io.send_file(asio::buffer(kept_), answer_.file_.get(), answer_.offset_, answer_.length_);
    parts_[0] = asio::buffer(kept_);
    co_return co_await io.finish_write(parts_);
}

}  // namespace fjord::net
