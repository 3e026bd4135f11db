#pragma once
// From method and path to handler. Patterns are made of literal segments, {name} for one segment and {name...} for the rest
// (zero or more): "/collections/{c}/items/{i}", "/data/{path...}". Literals win over {name}, {name} over {name...}.
// A path that exists with other methods answers 405 with Allow; OPTIONS is answered from the table; HEAD falls back to GET.
// A trailing slash makes no difference to the match; handlers see it in req.path.trailing_slash.
#include "net/http.hpp"
#include "net/quick.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fjord::net {

struct route_options {
    std::uint64_t max_body = 16u << 20;   // bytes; 0 = unlimited (the handler streams)
    bool open = false;                    // skips filters: health, metrics, discovery
    std::chrono::seconds time_limit{60};  // request.deadline; 0 = none (event streams, transfers)
};

struct route_info {  // for tests that enumerate all routes, and for OpenAPI
    std::string method;
    std::string pattern;
    route_options options;
};

// Build on one thread before the server starts; immutable and shared afterwards.
class router {
public:
    router();
    ~router();
    router(router&&) noexcept;
    router& operator=(router&&) noexcept;

    void add(std::string method, std::string pattern, handler h, route_options options = {});
    // Beside the handler of a route that is there (a HEAD falls back to GET's); see quick.hpp. Not used where filters or
    // finishers would be passed by.
    void add_quick(std::string_view method, std::string const& pattern, quick_handler h);
    void add_filter(filter f);  // in order, before every handler that is not open
    void add_finisher(finisher f);
    void set_fallback(handler h);  // no route: default is a 404 problem

    std::vector<route_info> routes() const;

    // What the server calls. Fills req.params and req.rest.
    struct match {
        handler const* target = nullptr;  // null: use `status`
        route_options options;
        unsigned status = 404;  // 404, 405, 501 (a method nobody knows), or 204 for OPTIONS
        std::string allow;
    };
    match find(request& req) const;
    // `path`: plain, as read_quick_head() gives it. Null: none, or find() would choose another route.
    quick_handler const* find_quick(std::string_view method, std::string_view path) const;
    asio::awaitable<response> run(request& req, match const& m) const;  // filters, handler, finishers; never throws

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::net
