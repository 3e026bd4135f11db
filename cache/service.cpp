#include "cache/service.hpp"

#include "cache/service_impl.hpp"

namespace fjord::cache {

namespace {

constexpr auto stop_grace = std::chrono::seconds(10);
constexpr auto last_event_note = "last-event";

// Subjects of events as paths of the store.
std::string_view subject_path(std::string_view subject) {
    while (subject.starts_with('/')) subject.remove_prefix(1);
    while (subject.ends_with('/')) subject.remove_suffix(1);
    return subject;
}

}  // namespace

service::impl::impl(service_options o, service_parts p, std::shared_ptr<engine> e)
    : options(std::move(o)), verifier(p.verifier), core(std::move(e)) {}

service::service(std::shared_ptr<impl> i) : impl_(std::move(i)) {}

service::~service() { stop(); }

result<std::unique_ptr<service>> service::open(service_options options, service_parts parts) {
    auto store = block_store::open(options.disk, parts.time);
    if (!store) return store.error();
    auto core = std::make_shared<engine>(std::move(*store), options.memory, parts.pool, parts.time, parts.metrics);
    auto i = std::make_shared<impl>(std::move(options), parts, core);
    if (parts.objects) {
        auto m = std::make_unique<mount>(core, *parts.objects, lookup_options{.stale_when_unreachable = true}, true);
        m->route = "/data";
        i->data = m.get();
        i->mounts.push_back(std::move(m));
    }
    auto gauge = [&parts](char const* name, char const* help, auto read) {
        parts.metrics.callback(name, help, {}, std::move(read));
    };
    std::weak_ptr<engine> weak = core;
    auto from_store = [weak](auto pick) {
        return [weak, pick] {
            auto e = weak.lock();
            return e ? static_cast<double>(pick(e->store->stats())) : 0.0;
        };
    };
    gauge("fjord_cache_disk_used_bytes", "Bytes of blocks on disk", from_store([](store_stats const& s) { return s.used; }));
    gauge("fjord_cache_disk_capacity_bytes", "Bytes of blocks allowed on disk",
          from_store([](store_stats const& s) { return s.capacity; }));
    gauge("fjord_cache_objects", "Objects with blocks on disk", from_store([](store_stats const& s) { return s.objects; }));
    gauge("fjord_cache_corrupt_blocks", "Blocks at rest that failed their checksum since start",
          from_store([](store_stats const& s) { return s.corrupt_blocks; }));
    gauge("fjord_cache_evicted_bytes", "Bytes evicted since start",
          from_store([](store_stats const& s) { return s.evicted_bytes; }));
    return std::unique_ptr<service>(new service(std::move(i)));
}

void service::add_origin(std::string prefix, object_source& origin) {
    while (prefix.ends_with('/')) prefix.pop_back();
    auto m = std::make_unique<mount>(impl_->core, origin, lookup_options{.prefix = prefix + "/"}, false);
    m->route = prefix;
    impl_->mounts.push_back(std::move(m));
}

void service::add_routes(net::router& routes) {
    // Bytes take as long as they take: stalls are the server's business. A token may come as a ticket in the query, and
    // refusals depend on the path, so the handlers authenticate by themselves.
    net::route_options const bytes{.max_body = 1, .open = true, .time_limit = std::chrono::seconds(0)};
    net::route_options const admin{.max_body = 64u << 10, .open = true};
    for (auto& m : impl_->mounts) {
        auto serve = [i = impl_, at = m.get()](net::request& req) { return i->serve(req, *at); };
        routes.add("GET", m->route + "/{path...}", serve, bytes);
        routes.add("HEAD", m->route + "/{path...}", serve, bytes);
    }
    auto stats = [i = impl_](net::request& req) { return i->show_stats(req); };
    auto entries = [i = impl_](net::request& req) { return i->show_entries(req); };
    auto purge = [i = impl_](net::request& req) { return i->purge(req); };
    auto warm = [i = impl_](net::request& req) { return i->warm(req); };
    routes.add("GET", "/api/v1/stats", stats, admin);
    routes.add("GET", "/api/v1/entries", entries, admin);
    routes.add("POST", "/api/v1/purge", purge, admin);
    routes.add("POST", "/api/v1/warm", warm, admin);
}

void service::invalidate_asset(std::string_view subject, std::string_view new_version) {
    if (impl_->data) impl_->data->objects.forget(subject_path(subject), new_version);
    impl_->decisions.forget(subject_path(subject));
}

void service::invalidate_below(std::string_view subject) { invalidate_asset(subject, ""); }

void service::places_changed(std::string_view subject) {
    if (impl_->data) impl_->data->objects.recheck(subject_path(subject));
}

void service::policies_changed() { impl_->decisions.forget_all(); }

void service::invalidate_all() {
    impl_->decisions.forget_all();
    if (impl_->data) impl_->data->objects.forget_all();
}

void service::set_following(bool yes) {
    if (impl_->data) impl_->data->objects.set_following(yes);
}

std::string service::last_event() const { return impl_->core->store->note(last_event_note).value_or(""); }

void service::set_last_event(std::string id) { impl_->core->store->set_note(last_event_note, std::move(id)); }

service_stats service::stats() const { return impl_->stats(); }

result<void> service::flush() { return impl_->core->store->flush(); }

void service::stop() {
    if (!impl_->core->tasks.stop(stop_grace)) impl_->log.warn("some fills did not end in time");
}

}  // namespace fjord::cache
