#include "storage/driver.hpp"

namespace fjord::storage {

namespace {

asio::awaitable<result<void>> append(std::string& to, std::string_view bytes) {
    to.append(bytes);
    co_return result<void>{};
}

}  // namespace

asio::awaitable<result<std::vector<std::string>>> driver::read_vector(call c, std::string path, std::vector<byte_span> spans) {
    std::vector<std::string> out(spans.size());
    for (std::size_t i = 0; i < spans.size(); ++i) {
        byte_sink take = [&one = out[i]](std::string_view bytes) { return append(one, bytes); };
        if (auto got = co_await read(c, path, spans[i], std::move(take)); !got) co_return got.error();
    }
    co_return out;
}

}  // namespace fjord::storage
