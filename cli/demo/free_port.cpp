#include "cli/demo/free_port.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>

namespace fjord::cli {

result<reserved_port> reserve_port() {
    reserved_port port;
    port.hold = unique_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int const on = 1;
    setsockopt(port.hold.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    if (!port.hold || bind(port.hold.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0 ||
        getsockname(port.hold.get(), reinterpret_cast<sockaddr*>(&a), &size) != 0)
        return error_from_errno(errno, "looking for a free port");
    port.number = ntohs(a.sin_port);
    return port;
}

}  // namespace fjord::cli
