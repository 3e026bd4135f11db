#include "stac/answers.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::stac {
namespace {

std::string_view code_of(unsigned status) {
    switch (status) {
        case 400:
            return "InvalidParameterValue";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "NotFound";
        case 405:
            return "MethodNotAllowed";
        case 409:
            return "Conflict";
        case 412:
            return "PreconditionFailed";
        case 413:
            return "ContentTooLarge";
        case 503:
            return "Unavailable";
        default:
            return status >= 500 ? "ServerError" : "BadRequest";
    }
}

json::object members(unsigned status, std::string_view detail) {
    json::object out;
    auto const code = code_of(status);
    out["code"] = json::string(code.data(), code.size());
    out["description"] = json::string(detail.data(), detail.size());
    return out;
}

net::response described(unsigned status, std::string_view detail) {
    return net::problem(status, detail, members(status, detail));
}

std::string quoted_tag(std::string_view stem, std::string_view body) {
    auto const hash = sha256_of(body).hex().substr(0, 32);
    return stem.empty() ? "\"" + hash + "\"" : "\"" + std::string(stem) + "." + hash + "\"";
}

}  // namespace

net::response stac_problem(error const& e) {
    auto const status = net::status_of(e);
    if (status == 500) return net::problem(e);
    return described(status, scrub(e.message()));
}

net::response bad_request(error const& e) { return described(400, scrub(e.message())); }
net::response not_found(std::string_view detail) { return described(404, detail); }

namespace {

net::response tagged(net::request const& req, std::string const& tag, std::string body, std::string_view type) {
    auto const early = net::evaluate_preconditions(req, tag, std::nullopt);
    auto out = early ? (*early == 304 ? net::empty_response(304) : described(*early, "the thing has changed since"))
                     : net::text_response(200, std::move(body), type);
    if (!early || *early == 304) {
        out.headers.set("ETag", tag);
        out.headers.set("Cache-Control", req.caller->is_anonymous() ? "no-cache" : "private, no-cache");
        out.headers.set("Vary", "Accept, Accept-Encoding, Authorization");
    }
    return out;
}

}  // namespace

net::response cacheable(net::request const& req, std::string body, std::string_view type, std::string_view stem) {
    auto const tag = quoted_tag(stem, body);
    return tagged(req, tag, std::move(body), type);
}

net::response cacheable_by(net::request const& req, std::string_view versions, std::string body, std::string_view type) {
    return tagged(req, quoted_tag({}, versions), std::move(body), type);
}

bool if_match_holds(net::request const& req, std::string_view stem) {
    auto const field = req.headers.find("If-Match");
    if (!field || *field == "*") return true;
    auto list = *field;
    while (!list.empty()) {
        auto const open = list.find('"');
        auto const close = open == std::string_view::npos ? open : list.find('"', open + 1);
        if (close == std::string_view::npos) return false;
        bool const weak = open >= 2 && list.substr(open - 2, 2) == "W/";
        auto const tag = list.substr(open + 1, close - open - 1);
        if (!weak && tag.substr(0, tag.find('.')) == stem) return true;
        list.remove_prefix(close + 1);
    }
    return false;
}

bool may_write(net::request const& req, std::string_view stem) {
    if (!if_match_holds(req, stem)) return false;
    auto const none = req.headers.find("If-None-Match");
    return !none || (*none != "*" && none->find('"' + std::string(stem)) == std::string_view::npos);
}

net::response changed_since(std::string_view what) {
    return described(
        412, "the " + std::string(what) + " is not the version that the request names; read it again and repeat the change");
}

net::response write_failure(net::request const& req, error const& e, std::string_view what) {
    bool const named = req.headers.find("If-Match").has_value();
    return named && e.code == make_error_code(errc::conflict) ? changed_since(what) : stac_problem(e);
}

void add_cors(net::request const& req, net::response& res) {
    res.headers.set("Access-Control-Allow-Origin", "*");
    res.headers.set(
        "Access-Control-Expose-Headers",
        "Allow, Content-Location, Digest, ETag, Link, Location, Repr-Digest, Retry-After, WWW-Authenticate, X-Request-Id");
    if (req.method != "OPTIONS") return;
    auto const allow = res.headers.get("Allow");
    res.headers.set("Access-Control-Allow-Methods",
                    allow.empty() ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : std::string(allow));
    // "*" does not cover Authorization (Fetch standard), so the fields are named.
    res.headers.set("Access-Control-Allow-Headers",
                    "Authorization, Accept, Accept-Language, Content-Type, If-Match, If-None-Match, Prefer, Range, X-Request-Id");
    res.headers.set("Access-Control-Max-Age", "86400");
}

void add_problem_members(net::request const&, net::response& res) {
    auto* body = std::get_if<std::string>(&res.body);
    if (res.status < 400 || !body || res.headers.get("Content-Type") != "application/problem+json") return;
    auto value = parse_json(*body);
    auto* object = value ? value->if_object() : nullptr;
    if (!object || object->contains("code")) return;
    auto const* detail = object->if_contains("detail");
    auto const text =
        detail && detail->is_string() ? std::string(detail->get_string()) : std::string(net::reason_phrase(res.status));
    for (auto& m : members(res.status, text)) (*object)[m.key()] = std::move(m.value());
    *body = json::serialize(*value);
}

}  // namespace fjord::stac
