#pragma once
// The template half of runtime.hpp.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <utility>

namespace fjord::net {

template <class T>
T run_blocking(asio::io_context& context, asio::awaitable<T> work) {
    return asio::co_spawn(context, std::move(work), asio::use_future).get();
}

}  // namespace fjord::net
