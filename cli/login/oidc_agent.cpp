#include "cli/login/oidc_agent.hpp"

#include "base/file.hpp"
#include "base/json.hpp"

#include <boost/json/serialize.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace fjord::cli {
namespace {

constexpr std::size_t max_agent_answer = 64u << 10;
constexpr int patience_s = 30;
constexpr int min_valid_s = 60;

std::string socket_path() {
    auto const* path = std::getenv("OIDC_SOCK");
    return path ? path : "";
}

error unreachable(std::string const& path, std::string const& why) {
    return fail(errc::unavailable, "oidc-agent at " + path + " (OIDC_SOCK): " + why);
}

result<unique_fd> connect_to(std::string const& path) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    if (path.size() >= sizeof a.sun_path) return unreachable(path, "the path is too long");
    std::memcpy(a.sun_path, path.data(), path.size());
    unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    timeval const patience{patience_s, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0)
        return unreachable(path, std::strerror(errno));
    return fd;
}

// The agent frames nothing: its answer is whole when it parses, or when it hangs up.
result<std::string> read_answer(unique_fd const& fd, std::string const& path) {
    std::string answer;
    char part[4096];
    while (answer.size() < max_agent_answer) {
        auto const n = ::read(fd.get(), part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return unreachable(path, errno == EAGAIN ? "no answer within 30 s" : std::strerror(errno));
        if (n == 0) return answer;
        answer.append(part, static_cast<std::size_t>(n));
        if (parse_json(answer, {max_agent_answer, 8})) return answer;
    }
    return unreachable(path, "its answer is too long");
}

}  // namespace

bool agent_is_there() { return !socket_path().empty(); }

std::string render_agent_request(agent_request const& what) {
    json::object o{{"request", "access_token"}, {"min_valid_period", min_valid_s}, {"application_hint", "fjord"}};
    if (!what.account.empty())
        o["account"] = what.account;
    else
        o["issuer"] = what.issuer;
    if (!what.scope.empty()) o["scope"] = what.scope;
    if (!what.audience.empty()) o["audience"] = what.audience;
    return json::serialize(o);
}

result<agent_token> parse_agent_answer(std::string_view answer) {
    auto value = parse_json(answer, {max_agent_answer, 8});
    auto const* o = value ? value->if_object() : nullptr;
    if (!o) return fail(errc::unavailable, "oidc-agent: its answer is not a JSON object");
    auto text = [o](std::string_view name) {
        auto const* v = o->if_contains(name);
        return v && v->is_string() ? std::string(v->get_string()) : std::string();
    };
    if (text("status") != "success") {
        auto why = text("error");
        if (auto const help = text("info"); !help.empty()) why += "; " + help;
        return fail(errc::not_found, "oidc-agent: " + (why.empty() ? "it refused without a reason" : why));
    }
    agent_token out{secret(text("access_token")), text("issuer"), {}};
    if (out.token.empty()) return fail(errc::unavailable, "oidc-agent: its answer has no access_token");
    if (auto const* at = o->if_contains("expires_at"); at && at->is_int64() && at->get_int64() > 0)
        out.expires = wall_time{seconds{at->get_int64()}};
    return out;
}

result<agent_token> ask_agent(agent_request const& what) {
    auto const path = socket_path();
    auto fd = connect_to(path);
    if (!fd) return fd.error();
    auto const request = render_agent_request(what);
    if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return unreachable(path, std::strerror(errno));
    auto answer = read_answer(*fd, path);
    if (!answer) return answer.error();
    return parse_agent_answer(*answer);
}

}  // namespace fjord::cli
