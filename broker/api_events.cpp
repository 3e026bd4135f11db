// GET /api/v1/events: the log as server-sent events (WHATWG SSE framing, CloudEvents 1.0 bodies), or as a page with
// ?since=SEQ&limit=N.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/event_hub.hpp"

#include "auth/auth.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>
#include <map>

namespace fjord::broker {
namespace {

constexpr std::size_t batch = 500;
constexpr std::size_t most_looked_at = 20'000;  // entries for one page: those nobody asked for or may see cost time, too
constexpr std::chrono::seconds heartbeat{15};

std::optional<catalog::sequence> read_sequence(std::string_view text) {
    catalog::sequence n = 0;
    auto [at, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || ec != std::errc{} || at != text.data() + text.size()) return std::nullopt;
    return n;
}

// "item.*,replica.available" against "item.created".
bool wanted(std::string_view types, std::string_view type) {
    if (types.empty()) return true;
    while (!types.empty()) {
        auto const comma = types.find(',');
        auto pattern = types.substr(0, comma);
        types = comma == std::string_view::npos ? std::string_view{} : types.substr(comma + 1);
        if (pattern.starts_with("org.fjord.")) pattern.remove_prefix(10);
        if (pattern == type) return true;
        if (pattern.ends_with('*') && type.starts_with(pattern.substr(0, pattern.size() - 1))) return true;
    }
    return false;
}

json::object cloud_event(core const& c, catalog::log_entry const& e) {
    json::object o{{"specversion", "1.0"},
                   {"id", std::to_string(e.seq)},
                   {"source", c.opts.public_url},
                   {"type", "org.fjord." + e.type},
                   {"subject", e.subject},
                   {"time", format_rfc3339(e.time)},
                   {"datacontenttype", "application/json"}};
    auto data = parse_json(e.data);
    o["data"] = data ? *data : json::value(json::object{});
    if (auto* object = o["data"].if_object()) object->erase("seen_as");  // for the audience's sake only
    return o;
}

// Who may see an entry. Data events follow the discover right on their collection and item; the machinery (sites, rules,
// transfers, policies) is for administrators and caches. Answers are remembered per collection/item for one batch.
class audience {
public:
    audience(core& c, principal const& who) : core_(c), who_(who), all_(is_admin(who) || is_cache(c, who)) {}

    bool may_see(catalog::log_entry const& e) {
        if (all_) return true;
        bool const about_data = e.type.starts_with("collection.") || e.type.starts_with("item.") ||
                                e.type.starts_with("asset.") || e.type.starts_with("replica.");
        if (!about_data) return false;
        auto uri = dataset_uri::parse(e.subject);
        if (!uri) return false;
        if (e.type == "item.deleted" || e.type == "collection.deleted") return could_see(*uri, e);
        auto const key = uri->collection.str() + "\n" + uri->item.str();
        auto [at, fresh] = known_.try_emplace(key, false);
        if (fresh) at->second = decide(*uri);
        return at->second;
    }
    void forget() { known_.clear(); }

private:
    bool decide(dataset_uri const& uri) {
        auto matter = look_up(core_.cat, uri.collection, uri.item);
        // What is gone has a tombstone further on, which tells those who could see it; its earlier entries tell nobody.
        if (!matter || !matter->exists) return false;
        return may_discover(matter->on);
    }
    bool could_see(dataset_uri const& uri, catalog::log_entry const& e) {
        auto const data = parse_json(e.data);
        auto const* object = data ? data->if_object() : nullptr;
        auto const* seen_as = object ? object->if_contains("seen_as") : nullptr;
        if (!seen_as || !seen_as->is_object()) return false;
        auto on = policies::resource_of(uri.collection.str(), seen_as->get_object());
        on.dataset = uri.item.str();
        return may_discover(on);
    }
    bool may_discover(policies::resource const& on) {
        policies::question q{&who_, policies::action::discover, &on, {}, {}, core_.time.now()};
        return core_.policy.decide(q).permitted;
    }
    core& core_;
    principal const& who_;
    bool all_;
    std::map<std::string, bool> known_;
};

struct slice {
    std::vector<catalog::log_entry> visible;
    catalog::sequence reached = 0;  // the last entry looked at
    bool more = false;
};

// Blocking; pool threads.
result<slice> read_slice(core& c, principal const& who, std::string const& types, catalog::sequence since) {
    auto entries = c.cat.read_log(since, batch);
    if (!entries) return entries.error();
    slice s;
    s.reached = entries->empty() ? since : entries->back().seq;
    s.more = entries->size() == batch;
    audience seen_by(c, who);
    for (auto& e : *entries)
        if (wanted(types, e.type) && seen_by.may_see(e)) s.visible.push_back(std::move(e));
    return s;
}

std::string frame(core const& c, catalog::log_entry const& e) {
    return "id: " + std::to_string(e.seq) + "\nevent: org.fjord." + e.type + "\ndata: " + json::serialize(cloud_event(c, e)) +
           "\n\n";
}

struct stream_state {
    std::shared_ptr<principal const> who;
    std::string types;
    catalog::sequence since = 0;
    asio::any_io_executor executor;
};

// Runs until the client goes, the token ends or the server stops. No deadline: an event stream is as long as its listener.
asio::awaitable<result<void>> stream(core& c, stream_state s, net::body_writer& out) {
    event_hub::subscription wake(c.events, s.executor);
    if (auto ok = co_await out.write(": follow the log of " + c.opts.public_url + "\nretry: 1000\n\n"); !ok) co_return ok.error();
    while (!c.events.closed()) {
        if (s.who->expires && *s.who->expires <= c.time.now()) break;  // nothing outlives the token
        auto read = [&c, &s] { return read_slice(c, *s.who, s.types, s.since); };
        auto got = co_await on_pool(c.pool, std::move(read));
        if (!got) co_return got.error();
        std::string text;
        for (auto const& e : got->visible) text += frame(c, e);
        s.since = got->reached;
        if (!text.empty())
            if (auto ok = co_await out.write(text); !ok) co_return ok.error();
        if (got->more) continue;
        bool const grown = co_await wake.wait(s.since, c.time.steady() + heartbeat);
        if (grown || c.events.closed()) continue;
        if (auto ok = co_await out.write(": " + std::to_string(s.since) + "\n\n"); !ok) co_return ok.error();
    }
    co_return result<void>{};
}

// As many entries as fill a page, looked at in batches so that a filter that little passes does not make a thousand requests.
result<slice> read_pages(core& c, principal const& who, std::string const& types, catalog::sequence since, std::size_t limit) {
    slice all;
    all.reached = since;
    all.more = true;
    for (std::size_t looked = 0; all.more && all.visible.size() < limit && looked < most_looked_at; looked += batch) {
        auto next = read_slice(c, who, types, all.reached);
        if (!next) return next.error();
        all.reached = next->reached;
        all.more = next->more;
        for (auto& e : next->visible) {
            if (all.visible.size() == limit) break;
            all.visible.push_back(std::move(e));
        }
        if (all.visible.size() == limit && all.visible.back().seq < all.reached) {
            all.reached = all.visible.back().seq;
            all.more = true;
        }
    }
    return all;
}

// The log does not reach back so far (or never came so far): what to do instead, in words and as a number.
net::response gone(core& c, error const& why) {
    return net::problem(410, why.detail,
                        {{"newest", c.cat.last_sequence()},
                         {"restart", "note `newest`, read /collections and /search, then go on with ?since= that number"}});
}

asio::awaitable<net::response> page(core& c, net::request& req, catalog::sequence since) {
    auto const asked = read_page(req);
    if (!asked) co_return net::problem(asked.error());
    auto read = [&c, who = req.caller, types = std::string(req.query.get("types")), since, limit = asked->limit] {
        return read_pages(c, *who, types, since, limit);
    };
    auto got = co_await on_pool(c.pool, std::move(read));
    if (!got && got.error().code == make_error_code(errc::not_found)) co_return gone(c, got.error());
    if (!got) co_return net::problem(got.error());
    json::array rows;
    for (auto const& e : got->visible) rows.push_back(cloud_event(c, e));
    json::object o;
    o["events"] = std::move(rows);
    o["next"] = got->reached;
    o["more"] = got->more;
    co_return net::json_response(200, o);
}

asio::awaitable<net::response> events(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    if (auto since = req.query.find("since")) {
        if (*since == "now") co_return co_await page(c, req, c.cat.last_sequence());
        auto const n = read_sequence(*since);
        if (!n) co_return net::problem(400, "since must be a sequence number, such as the id of the last event you saw, or now");
        co_return co_await page(c, req, *n);
    }
    stream_state s{req.caller, std::string(req.query.get("types")), c.cat.last_sequence(), req.executor};
    if (auto last = req.headers.find("Last-Event-ID")) {
        auto const n = read_sequence(*last);
        if (!n) co_return net::problem(400, "Last-Event-ID must be the id of an event of this stream");
        s.since = *n;
        // A log that no longer reaches back so far is said before the stream begins: the follower reads the state again.
        auto probe = [&c, since = s.since] { return c.cat.read_log(since, 1); };
        auto reachable = co_await on_pool(c.pool, std::move(probe));
        if (!reachable && reachable.error().code == make_error_code(errc::not_found)) co_return gone(c, reachable.error());
    }
    net::response answer;
    answer.headers.set("Content-Type", "text/event-stream");
    answer.headers.set("Cache-Control", "no-store");
    auto produce = [&c, s](net::body_writer& out) { return stream(c, s, out); };
    answer.body = net::produced_body{std::nullopt, std::move(produce)};
    co_return answer;
}

}  // namespace

void add_event_routes(net::router& r, core& c) {
    net::route_options endless;
    endless.time_limit = std::chrono::seconds(0);
    r.add(
        "GET", "/api/v1/events", [&c](net::request& req) { return events(c, req); }, endless);
}

}  // namespace fjord::broker
