#pragma once
// Inside of service, shared by service.cpp (life, routes, events), service_data.cpp and service_plan.cpp (requests
// for bytes) and service_admin.cpp. Included by nobody else.
#include "base/log.hpp"
#include "cache/cache_status.hpp"
#include "cache/decision_cache.hpp"
#include "cache/lookup.hpp"
#include "cache/multipart.hpp"
#include "cache/reader.hpp"
#include "cache/service.hpp"

#include <unordered_map>

namespace fjord::cache {

// One place in the URL space with its source.
struct mount {
    mount(std::shared_ptr<engine> e, object_source& source, lookup_options options, bool guard)
        : objects(std::move(e), source, std::move(options)), guarded(guard) {}
    std::string route;  // "/data", "/era5"
    lookup objects;
    bool guarded;  // tokens decide
};

// What is about to be answered.
struct answer_plan {
    object_key key;
    lookup::found object;
    net::header_list headers;  // of every answer about it
    std::vector<byte_span> spans;
    range_verdict verdict = range_verdict::whole;
    std::optional<multipart_frame> parts;
    std::uint64_t length = 0;  // of the body
};

struct service::impl : std::enable_shared_from_this<service::impl> {
    impl(service_options o, service_parts p, std::shared_ptr<engine> e);

    // service_data.cpp and service_plan.cpp
    asio::awaitable<net::response> serve(net::request& req, mount& at);
    result<object_key> key_of(net::request const& req, mount const& at) const;
    asio::awaitable<std::optional<net::response>> admit(net::request& req, object_key key, mount& at);
    std::shared_ptr<instance> open_instance(mount& at, object_key const& key, std::shared_ptr<object_info const> info);
    answer_plan plan(net::request const& req, mount const& at, object_key key, lookup::found object) const;
    void plan_ranges(net::request const& req, answer_plan& p) const;
    asio::awaitable<net::response> answer(net::request& req, mount& at, answer_plan p);
    asio::awaitable<net::response> send_small(answer_plan p, std::shared_ptr<instance> object, cache_outcome outcome);
    asio::awaitable<net::response> send_large(answer_plan p, std::shared_ptr<instance> object, cache_outcome outcome);
    net::response send_unsized(answer_plan p, std::shared_ptr<instance> object);
    net::response from_ram(answer_plan p, object_handle const& object, block_bytes bytes);
    net::response with_body(answer_plan const& p, block_bytes bytes) const;
    net::response head_answer(answer_plan p, mount& at);
    cache_outcome outcome_of(answer_plan const& p, instance const& object) const;
    void count_outcome(cache_outcome const& outcome);
    void say(net::response& response, answer_plan const& p, cache_outcome outcome, std::optional<wall_time> stored) const;

    // service_admin.cpp
    asio::awaitable<std::optional<net::response>> admit_admin(net::request& req);
    asio::awaitable<net::response> show_stats(net::request& req);
    asio::awaitable<net::response> show_entries(net::request& req);
    asio::awaitable<net::response> purge(net::request& req);
    asio::awaitable<net::response> warm(net::request& req);
    service_stats stats() const;

    service_options const options;
    auth::verifier& verifier;
    std::shared_ptr<engine> core;
    std::vector<std::unique_ptr<mount>> mounts;  // fixed once routes are added
    mount* data = nullptr;                       // the one behind /data, or null
    decision_cache decisions;
    logger const log{"cache"};

    std::mutex mutex;  // guards what follows
    std::unordered_map<std::string, std::weak_ptr<instance>> active;
    std::size_t sweep_at = 1024;
};

}  // namespace fjord::cache
