#include "net/router.hpp"

#include "base/log.hpp"

#include <boost/asio/error.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

namespace fjord::net {

namespace {

logger const log("net");

// Methods a server is expected to recognise even where no route has them (RFC 9110 section 9, RFC 4918).
constexpr std::array<std::string_view, 14> known_methods = {"GET",   "HEAD", "POST", "PUT",  "DELETE",   "PATCH",     "OPTIONS",
                                                            "TRACE", "COPY", "MOVE", "LOCK", "PROPFIND", "PROPPATCH", "MKCOL"};

struct route {
    handler target;
    route_options options;
    quick_handler quick;
};

struct node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> literals;
    std::unique_ptr<node> parameter;
    std::unique_ptr<node> tail;
    std::map<std::string, route, std::less<>> methods;

    route const* route_for(std::string_view method) const {
        auto at = methods.find(method);
        if (at == methods.end() && method == "HEAD") at = methods.find("GET");
        return at == methods.end() ? nullptr : &at->second;
    }
};

std::vector<std::string> split_pattern(std::string_view pattern) {
    std::vector<std::string> out;
    while (!pattern.empty()) {
        auto const slash = pattern.find('/');
        if (auto const part = pattern.substr(0, slash); !part.empty()) out.emplace_back(part);
        pattern = slash == std::string_view::npos ? std::string_view{} : pattern.substr(slash + 1);
    }
    return out;
}

node& make_node(std::unique_ptr<node>& at) {
    if (!at) at = std::make_unique<node>();
    return *at;
}

// Depth-first in the order literal, {name}, {name...}; stops at the first node that has the method.
struct search {
    request& req;
    std::set<std::string, std::less<>> allow;
    bool exists = false;
    route const* found = nullptr;

    bool accept(node const& at) {
        if (at.methods.empty()) return false;
        found = at.route_for(req.method);
        if (found) return true;
        exists = true;
        for (auto const& [method, unused] : at.methods) allow.insert(method);
        return false;
    }

    bool walk(node const& at, std::size_t depth) {
        auto const& path = req.path.segments;
        if (depth == path.size() && accept(at)) return true;
        if (depth < path.size()) {
            auto const literal = at.literals.find(path[depth]);
            if (literal != at.literals.end() && walk(*literal->second, depth + 1)) return true;
            if (at.parameter) {
                req.params.push_back(path[depth]);
                if (walk(*at.parameter, depth + 1)) return true;
                req.params.pop_back();
            }
        }
        if (!at.tail || !accept(*at.tail)) return false;
        req.rest.assign(path.begin() + static_cast<std::ptrdiff_t>(depth), path.end());
        return true;
    }
};

// The same search over a plain path, without parameters and without memory.
route const* find_plain(node const& at, std::string_view method, std::string_view rest) {
    if (rest.empty()) {
        if (auto const* found = at.route_for(method)) return found;
    } else {
        auto const segment = rest.substr(1, rest.find('/', 1) - 1);
        auto const below = rest.substr(1 + segment.size());
        auto const literal = at.literals.find(segment);
        if (literal != at.literals.end())
            if (auto const* found = find_plain(*literal->second, method, below)) return found;
        if (at.parameter)
            if (auto const* found = find_plain(*at.parameter, method, below)) return found;
    }
    return at.tail ? at.tail->route_for(method) : nullptr;
}

std::string join_allow(std::set<std::string, std::less<>> methods) {
    if (methods.contains("GET")) methods.insert("HEAD");
    methods.insert("OPTIONS");
    std::string out;
    for (auto const& method : methods) out += (out.empty() ? "" : ", ") + method;
    return out;
}

response answer_without_handler(router::match const& m) {
    response out;
    switch (m.status) {
        case 204:
            out = empty_response(204);
            break;
        case 405:
            out = problem(405, "this resource does not have that method; see Allow");
            break;
        case 413:
            out = problem(413, "the body is over the limit of " + std::to_string(m.options.max_body) + " bytes");
            break;
        case 501:
            out = problem(501, "this server does not know that method");
            break;
        default:
            out = problem(m.status, "there is nothing at this path");
            break;
    }
    if (!m.allow.empty()) out.headers.set("Allow", m.allow);
    return out;
}

// RFC 9457: `instance` names this occurrence, so that a report leads to the log.
void add_instance(response& out, request const& req) {
    auto* text = std::get_if<std::string>(&out.body);
    if (!text || req.id.empty() || out.headers.get("Content-Type") != "application/problem+json") return;
    boost::system::error_code ec;
    auto value = boost::json::parse(*text, ec);
    auto* object = ec ? nullptr : value.if_object();
    if (!object || object->contains("instance")) return;
    (*object)["instance"] = "urn:fjord:request:" + req.id;
    *text = boost::json::serialize(value);
}

}  // namespace

struct router::impl {
    node& node_of(std::string const& pattern);

    node root;
    std::set<std::string, std::less<>> methods{known_methods.begin(), known_methods.end()};
    std::vector<route_info> table;
    std::vector<filter> filters;
    std::vector<finisher> finishers;
    std::optional<route> fallback;

    asio::awaitable<response> filtered(request& req, match const& m) const;
    asio::awaitable<response> guarded(request& req, match const& m) const;
};

router::router() : impl_(std::make_unique<impl>()) {}
router::~router() = default;
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;

node& router::impl::node_of(std::string const& pattern) {
    auto const parts = split_pattern(pattern);
    node* at = &root;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto const& part = parts[i];
        if (!part.starts_with('{')) {
            at = &make_node(at->literals[part]);
        } else if (part.ends_with("...}")) {
            if (i + 1 != parts.size()) throw std::invalid_argument("route " + pattern + ": nothing may follow {name...}");
            at = &make_node(at->tail);
        } else {
            at = &make_node(at->parameter);
        }
    }
    return *at;
}

void router::add(std::string method, std::string pattern, handler h, route_options options) {
    if (!impl_->node_of(pattern).methods.emplace(method, route{std::move(h), options, {}}).second) {
        throw std::invalid_argument("route " + method + " " + pattern + " is there already");
    }
    impl_->methods.insert(method);
    impl_->table.push_back({std::move(method), std::move(pattern), options});
}

void router::add_quick(std::string_view method, std::string const& pattern, quick_handler h) {
    auto& methods = impl_->node_of(pattern).methods;
    auto const at = methods.find(method);
    if (at == methods.end()) throw std::invalid_argument("route " + std::string(method) + " " + pattern + " has no handler yet");
    at->second.quick = std::move(h);
}

void router::add_filter(filter f) { impl_->filters.push_back(std::move(f)); }
void router::add_finisher(finisher f) { impl_->finishers.push_back(std::move(f)); }
void router::set_fallback(handler h) { impl_->fallback = route{std::move(h), {}, {}}; }
std::vector<route_info> router::routes() const { return impl_->table; }

router::match router::find(request& req) const {
    req.params.clear();
    req.rest.clear();
    search s{.req = req};
    match out;
    if (!impl_->methods.contains(req.method)) {
        out.status = 501;
        return out;
    }
    route const* chosen = s.walk(impl_->root, 0) ? s.found : nullptr;
    if (!chosen && !s.exists && impl_->fallback) chosen = &*impl_->fallback;
    if (chosen) {
        out.target = &chosen->target;
        out.options = chosen->options;
        out.status = 200;
        return out;
    }
    if (req.method == "OPTIONS" && req.raw_path == "*") {  // the server as a whole (RFC 9110 section 9.3.7)
        s.exists = true;
        for (auto const& entry : impl_->table) s.allow.insert(entry.method);
    }
    if (!s.exists) return out;
    out.status = req.method == "OPTIONS" ? 204 : 405;
    out.allow = join_allow(std::move(s.allow));
    return out;
}

// Filters and finishers see whole requests and answers; where there are any, nothing may pass them by.
quick_handler const* router::find_quick(std::string_view method, std::string_view path) const {
    if (!impl_->finishers.empty()) return nullptr;
    auto const* found = find_plain(impl_->root, method, path);
    if (!found || !found->quick || (!found->options.open && !impl_->filters.empty())) return nullptr;
    return &found->quick;
}

asio::awaitable<response> router::impl::filtered(request& req, match const& m) const {
    if (!m.target) co_return answer_without_handler(m);
    if (!m.options.open) {
        for (auto const& f : filters) {
            auto answer = co_await f(req);
            if (answer) co_return std::move(*answer);
        }
    }
    co_return co_await (*m.target)(req);
}

// The one place where a handler's exception becomes an answer.
asio::awaitable<response> router::impl::guarded(request& req, match const& m) const {
    try {
        co_return co_await filtered(req, m);
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted) {
            co_return problem(fail(errc::timed_out, "the request was cut before its answer was ready"));
        }
        log.error("a handler threw", {{"id", req.id}, {"method", req.method}, {"path", req.raw_path}, {"what", e.what()}});
    } catch (std::exception const& e) {
        log.error("a handler threw", {{"id", req.id}, {"method", req.method}, {"path", req.raw_path}, {"what", e.what()}});
    }
    co_return problem(500, "a fault on our side; the log names it under this request's id");
}

asio::awaitable<response> router::run(request& req, match const& m) const {
    auto out = co_await impl_->guarded(req, m);
    try {
        for (auto const& f : impl_->finishers) f(req, out);
        if (out.status >= 400) add_instance(out, req);
    } catch (std::exception const& e) {
        log.error("a finisher threw", {{"id", req.id}, {"what", e.what()}});
        out = problem(500, "a fault on our side; the log names it under this request's id");
    }
    co_return out;
}

}  // namespace fjord::net
