// Requests for bytes: who asks, what it is, which spans, and where they come from.
#include "cache/service_impl.hpp"

namespace fjord::cache {

namespace {

std::vector<std::string> scope_segments(object_key const& key) {
    std::vector<std::string> all{"data"};
    all.insert(all.end(), key.segments.begin(), key.segments.end());
    return all;
}

std::string needed_scope(object_key const& key) { return "storage.read:/data/" + key.path; }

// The credential as sent, for asking the broker with it; authenticate() has checked it by now.
secret caller_token(net::request const& req) {
    auto field = req.headers.get("Authorization");
    if (auto space = field.find(' '); space != std::string_view::npos) {
        field.remove_prefix(space + 1);
        while (field.starts_with(' ')) field.remove_prefix(1);
        return secret(std::string(field));
    }
    return secret(std::string(req.query.get("ticket")));
}

bool has(std::vector<std::string> const& list, std::string const& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

// Sends the spans, framed when there are several; a failure makes the server cut the connection.
asio::awaitable<result<void>> produce(std::shared_ptr<reader> from, std::vector<byte_span> spans,
                                      std::optional<multipart_frame> parts, net::body_writer* out) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
        if (parts) {
            auto head = co_await out->write(parts->heads[i]);
            if (!head) co_return head.error();
        }
        auto sent = co_await from->send(spans[i], *out);
        if (!sent) co_return sent.error();
    }
    if (parts) co_return co_await out->write(parts->tail);
    co_return result<void>();
}

asio::awaitable<result<void>> relay(std::shared_ptr<reader> from, net::body_writer* out) { co_return co_await from->relay(*out); }

}  // namespace

asio::awaitable<net::response> service::impl::serve(net::request& req, mount& at) {
    if (at.guarded) {
        auto refused = co_await auth::authenticate(req, verifier, options.realm, "ticket");
        if (refused) {
            core->count.refused.add();
            co_return std::move(*refused);
        }
    }
    auto key = key_of(req, at);
    if (!key) co_return net::problem(key.error());
    if (at.guarded) {
        auto refused = co_await admit(req, *key, at);
        if (refused) {
            core->count.refused.add();
            co_return std::move(*refused);
        }
    }
    // Named before the await: g++ 12 destroys the temporaries of a conditional inside it twice.
    secret token;
    if (at.guarded) token = caller_token(req);
    auto object = co_await at.objects.find(*key, *req.caller, std::move(token));
    if (!object) co_return net::problem(object.error());
    auto p = plan(req, at, std::move(*key), std::move(*object));
    co_return co_await answer(req, at, std::move(p));
}

// May this caller read it? Engaged: the refusal.
asio::awaitable<std::optional<net::response>> service::impl::admit(net::request& req, object_key key, mount& at) {
    auto const& who = *req.caller;
    if (who.is_anonymous() && !options.anonymous) co_return auth::unauthorized(req, options.realm, needed_scope(key));
    if (!who.is_anonymous() && has(options.minting_issuers, who.issuer)) {
        if (auth::allows(who, "storage.read", scope_segments(key))) co_return std::nullopt;
        // A token that the broker minted for something else; people's tokens of the same issuer carry no storage scopes.
        if (!who.capabilities.empty()) {
            co_return auth::insufficient_scope(req, options.realm, needed_scope(key), "the token was minted for another object");
        }
    }
    auto now = core->time.now();
    auto decision = decisions.find(who, key.path, now);
    if (!decision) {
        auto asked = co_await at.objects.source().authorize(key, who, caller_token(req));
        bool refusal = !asked && !is_retryable(asked.error().code) && asked.error().code != errc::cancelled;
        if (asked)
            decisions.allow(who, key.path, *asked, now);
        else if (refusal)
            decisions.refuse(who, key.path, asked.error(), now);
        decision = asked ? result<void>() : result<void>(asked.error());
    }
    if (*decision) co_return std::nullopt;
    auto const& why = decision->error();
    if (why.code == errc::unauthenticated) {
        co_return auth::unauthorized(req, options.realm, needed_scope(key), who.is_anonymous() ? nullptr : &why);
    }
    co_return net::problem(why);
}

std::shared_ptr<instance> service::impl::open_instance(mount& at, object_key const& key,
                                                       std::shared_ptr<object_info const> info) {
    auto path = at.objects.store_path(key);
    auto name = path + '\n' + info->version;
    std::lock_guard lock(mutex);
    if (auto known = active[name].lock(); known && known->object() && core->store->usable(known->object())) {
        if (!info->places.empty()) known->update(std::move(info));
        return known;
    }
    object_handle object;
    if (info->storable && info->size && *info->size <= core->store->capacity()) {
        object_meta meta{.path = path,
                         .version = info->version,
                         .sha256 = info->sha256,
                         .size = *info->size,
                         .media_type = info->media_type,
                         .etag = info->etag,
                         .last_modified = info->last_modified,
                         .stored = core->time.now()};
        auto made = core->store->acquire_or_create(std::move(meta));
        if (made)
            object = std::move(*made);
        else
            log.warn("an object cannot be stored", {{"path", path}, {"why", made.error().message()}});
    }
    auto fresh = std::make_shared<instance>(core, at.objects.source(), key, std::move(info), std::move(object));
    active[name] = fresh;
    if (active.size() > sweep_at) {
        std::erase_if(active, [](auto const& e) { return e.second.expired(); });
        sweep_at = std::max<std::size_t>(1024, active.size() * 2);
    }
    return fresh;
}

asio::awaitable<net::response> service::impl::answer(net::request& req, mount& at, answer_plan p) {
    auto const& info = *p.object.info;
    if (auto status = net::evaluate_preconditions(req, info.etag, std::nullopt)) {
        auto response =
            *status == 412 ? net::problem(412, "the object is not the one that If-Match names") : net::empty_response(*status);
        if (*status == 412) p.headers.remove("Content-Type");
        say(response, p, {.ttl = std::nullopt}, std::nullopt);
        co_return response;
    }
    if (p.verdict == range_verdict::unsatisfiable) {
        auto response = net::problem(416, "no byte of the ranges asked for is part of the object");
        response.headers.set("Content-Range", "bytes */" + std::to_string(*info.size));
        co_return response;
    }
    if (req.method == "HEAD") co_return head_answer(std::move(p), at);
    if (info.size == 0u) {
        if (info.sha256 && *info.sha256 != sha256_of(""))
            co_return net::problem(502, "the object is empty but its sha-256 is not that of nothing");
        auto response = net::text_response(200, "");
        say(response, p, {}, std::nullopt);
        co_return response;
    }
    if (info.size && *info.size <= block_size) {
        if (auto object = core->store->acquire(at.objects.store_path(p.key), info.version)) {
            if (auto bytes = core->ram.find(object->id())) co_return from_ram(std::move(p), object, std::move(bytes));
        }
    }
    auto object = open_instance(at, p.key, p.object.info);
    if (!info.size) co_return send_unsized(std::move(p), std::move(object));
    auto outcome = outcome_of(p, *object);
    if (*info.size <= block_size) co_return co_await send_small(std::move(p), std::move(object), std::move(outcome));
    co_return co_await send_large(std::move(p), std::move(object), std::move(outcome));
}

asio::awaitable<net::response> service::impl::send_small(answer_plan p, std::shared_ptr<instance> object, cache_outcome outcome) {
    reader from(object, true);
    auto bytes = co_await from.small();
    if (!bytes) co_return net::problem(bytes.error());
    outcome.stored = outcome.stored && !object->passing_through();
    count_outcome(outcome);
    auto response = with_body(p, std::move(*bytes));
    say(response, p, std::move(outcome), object->object() ? std::optional(object->object()->meta().stored) : std::nullopt);
    co_return response;
}

asio::awaitable<net::response> service::impl::send_large(answer_plan p, std::shared_ptr<instance> object, cache_outcome outcome) {
    bool whole = p.verdict == range_verdict::whole;
    auto from = std::make_shared<reader>(object, whole);
    auto primed = co_await from->prime(p.spans.front());
    if (!primed) co_return net::problem(primed.error());
    outcome.stored = outcome.stored && !object->passing_through();
    count_outcome(outcome);
    net::response response;
    response.status = whole ? 200 : 206;
    auto body = [from, spans = p.spans, parts = p.parts](net::body_writer& out) { return produce(from, spans, parts, &out); };
    response.body = net::produced_body{p.length, std::move(body)};
    say(response, p, std::move(outcome), object->object() ? std::optional(object->object()->meta().stored) : std::nullopt);
    co_return response;
}

net::response service::impl::send_unsized(answer_plan p, std::shared_ptr<instance> object) {
    auto from = std::make_shared<reader>(std::move(object), false);
    net::response response;
    auto body = [from](net::body_writer& out) { return relay(from, &out); };
    response.body = net::produced_body{std::nullopt, std::move(body)};
    cache_outcome outcome{.forward = forward_reason::bypass};
    count_outcome(outcome);
    say(response, p, std::move(outcome), std::nullopt);
    return response;
}

net::response service::impl::from_ram(answer_plan p, object_handle const& object, block_bytes bytes) {
    core->count.bytes_ram.add(p.length);
    cache_outcome outcome;
    count_outcome(outcome);
    auto response = with_body(p, std::move(bytes));
    say(response, p, std::move(outcome), object->meta().stored);
    return response;
}

// HEAD never fills: it says whether GET would be a hit.
net::response service::impl::head_answer(answer_plan p, mount& at) {
    auto object = core->store->acquire(at.objects.store_path(p.key), p.object.info->version);
    bool complete = object && core->store->complete(object);
    auto response = net::empty_response(200);
    if (p.object.info->size) response.head_length = p.object.info->size;
    cache_outcome outcome{.forward = complete ? forward_reason::none : forward_reason::miss};
    say(response, p, std::move(outcome), complete ? std::optional(object->meta().stored) : std::nullopt);
    return response;
}

}  // namespace fjord::cache
