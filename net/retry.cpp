#include "net/retry.hpp"

#include "base/text.hpp"
#include "net/runtime.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace fjord::net {

namespace {

bool may_repeat(client_request const& request) {
    static constexpr std::array<std::string_view, 6> idempotent{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND"};
    return !request.upload && std::find(idempotent.begin(), idempotent.end(), request.method) != idempotent.end();
}

bool may_pass(result<client_response> const& outcome) {
    if (!outcome) return is_retryable(outcome.error().code);
    auto const s = outcome->status;
    return s == 429 || s == 502 || s == 503 || s == 504;
}

double random_share() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

std::optional<std::chrono::milliseconds> next_pause(retry_policy const& policy, int tried, client_request const& request,
                                                    result<client_response> const& outcome, double jitter) {
    if (tried >= policy.attempts || !may_repeat(request) || !may_pass(outcome)) return std::nullopt;
    auto const doubled = policy.first_pause * (1ll << std::min(tried - 1, 20));
    auto pause = std::min<std::chrono::milliseconds>(doubled, policy.longest_pause);
    pause = std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(pause.count()) * (0.5 + jitter / 2)));
    if (!outcome) return pause;
    auto const wish = outcome->headers.find("Retry-After");
    if (!wish) return pause;
    auto const asked = parse_unsigned<std::uint32_t>(*wish);
    if (!asked) return pause;  // a date: our own pause will do
    if (std::chrono::seconds(*asked) > policy.longest_pause) return std::nullopt;
    return std::max<std::chrono::milliseconds>(pause, std::chrono::seconds(*asked));
}

asio::awaitable<result<client_response>> send_with_retry(http_client& client, client_request request, retry_policy policy) {
    for (int tried = 1;; ++tried) {
        auto outcome = co_await client.send(request);
        auto const pause = next_pause(policy, tried, request, outcome, random_share());
        if (!pause) co_return outcome;
        auto const slept = co_await sleep_until(system_clock().steady() + *pause);
        if (!slept) co_return slept.error();
    }
}

}  // namespace fjord::net
