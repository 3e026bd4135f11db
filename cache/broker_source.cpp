#include "cache/broker_source.hpp"

#include "base/log.hpp"
#include "cache/http_stream.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::cache {

namespace {

constexpr std::size_t max_places = 64;

std::string text_of(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::optional<wall_time> time_of(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    if (!v) return std::nullopt;
    if (v->is_int64()) return wall_time(seconds(v->get_int64()));
    if (!v->is_string()) return std::nullopt;
    auto t = parse_rfc3339(std::string_view(v->get_string()));
    return t ? std::optional(*t) : std::nullopt;
}

std::vector<place> parse_places(json::object const& o) {
    std::vector<place> places;
    auto const* list = o.if_contains("places");
    if (!list || !list->is_array()) return places;
    for (auto const& entry : list->get_array()) {
        if (places.size() == max_places || !entry.is_object()) break;
        auto const& row = entry.get_object();
        place p;
        p.kind = text_of(row, "kind");
        p.site = text_of(row, "site");
        p.url = text_of(row, "url");
        p.token = secret(text_of(row, "token"));
        p.expires = time_of(row, "expires");
        // A cache is no source for a cache: two of them would wait for each other.
        if (p.kind == "cache" || !net::parse_url(p.url)) continue;
        places.push_back(std::move(p));
    }
    return places;
}

error from_status(net::client_response const& answer) {
    auto problem = parse_json(answer.body, {.max_bytes = 64u << 10, .max_depth = 16});
    std::string detail;
    if (problem && problem->is_object()) detail = scrub(text_of(problem->get_object(), "detail"));
    if (detail.empty()) detail = "the broker answered " + std::to_string(answer.status);
    switch (answer.status) {
        case 400:
            return fail(errc::invalid_argument, detail);
        case 401:
            return fail(errc::unauthenticated, detail);
        case 403:
            return fail(errc::denied, detail);
        case 404:
        case 410:
            return fail(errc::not_found, detail);
        case 504:
            return fail(errc::timed_out, detail);
        default:
            return fail(errc::unavailable, detail);
    }
}

}  // namespace

broker_source::broker_source(broker_source_options options, net::http_client& client, clock& time)
    : options_(std::move(options)), client_(client), time_(time) {}

asio::awaitable<result<wall_time>> broker_source::authorize(object_key key, principal who, secret token) {
    auto answer = co_await ask(std::move(key), "", std::move(who), std::move(token));
    if (!answer) co_return answer.error();
    auto until = time_.now() + std::chrono::minutes(5);
    if (answer->is_object()) until = std::min(until, time_of(answer->get_object(), "expires").value_or(until));
    co_return until;
}

asio::awaitable<result<object_info>> broker_source::resolve(object_key key, principal who, secret token) {
    secret own;
    if (options_.service_token) own = options_.service_token();
    bool as_service = !own.empty();
    // Named before the await: g++ 12 destroys the temporaries of a conditional inside it twice.
    if (as_service) token = std::move(own);
    auto answer = co_await ask(std::move(key), "fill", std::move(who), std::move(token));
    if (!answer) {
        // That the cache itself was refused is a fault of the set-up, not of the caller.
        auto const& code = answer.error().code;
        bool refused = code == errc::unauthenticated || code == errc::denied;
        if (refused && as_service) co_return fail(errc::unavailable, "the broker refused the cache: " + answer.error().message());
        co_return answer.error();
    }
    co_return parse_resolve_answer(*answer, time_.now() + options_.fresh_for);
}

asio::awaitable<result<json::value>> broker_source::ask(object_key key, std::string need, principal who, secret token) {
    json::object body{{"uri", key.path + (key.version ? "?version=" + key.version->text() : std::string())}};
    if (!options_.site.empty()) body["site"] = options_.site;
    if (!need.empty()) body["need"] = need;
    net::client_request request;
    request.method = "POST";
    request.url = options_.broker + "/api/v1/resolve";
    request.headers.set("Content-Type", "application/json");
    // On whose behalf, for the broker's audit; it decides nothing from it.
    if (!who.subject.empty()) request.headers.set("X-Fjord-Caller", encode_query(who.issuer) + " " + encode_query(who.subject));
    request.bearer = std::move(token);
    request.body = json::serialize(body);
    request.timeout = options_.timeout;
    request.max_body = 4u << 20;
    auto again = request;
    auto answer = co_await client_.send(std::move(request));
    if (answer && answer->status == 409 && !need.empty() && options_.introduce) {
        bool const known_now = co_await options_.introduce();
        if (known_now) answer = co_await client_.send(std::move(again));
    }
    if (!answer) {
        auto kind = answer.error().code == errc::timed_out ? errc::timed_out : errc::unavailable;
        co_return fail(kind, "the broker cannot be asked: " + scrub(answer.error().message()));
    }
    if (answer->status != 200) co_return from_status(*answer);
    auto parsed = parse_json(answer->body);
    if (!parsed) co_return fail(errc::unavailable, "the broker's answer is not JSON: " + parsed.error().message());
    co_return std::move(*parsed);
}

result<object_info> parse_resolve_answer(json::value const& answer, wall_time fresh_until) {
    if (!answer.is_object()) return fail(errc::invalid_argument, "the broker's answer is not an object");
    auto const& o = answer.get_object();
    object_info info;
    auto const* size = o.if_contains("size");
    boost::system::error_code not_a_number;
    if (size) info.size = size->to_number<std::uint64_t>(not_a_number);
    if (!size || not_a_number) return fail(errc::invalid_argument, "the broker's answer has no usable `size`");
    auto const* digests = o.if_contains("digests");
    auto hex = digests && digests->is_object() ? text_of(digests->get_object(), "sha-256") : std::string();
    auto sha256 = digest::from_hex(digest_algorithm::sha256, hex);
    if (!sha256 || hex.size() != 64) return fail(errc::invalid_argument, "the broker's answer has no usable `digests.sha-256`");
    info.sha256 = *sha256;
    info.version = sha256->text();
    info.etag = "\"" + sha256->hex() + "\"";
    info.media_type = text_of(o, "media_type");
    info.fresh_until = fresh_until;
    info.places = parse_places(o);
    return info;
}

asio::awaitable<result<std::unique_ptr<byte_stream>>> broker_source::open(place where, std::shared_ptr<object_info const> what,
                                                                          byte_span span) {
    return open_http(client_, std::move(where), std::move(what), span);
}

}  // namespace fjord::cache
