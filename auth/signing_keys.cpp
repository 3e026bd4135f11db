#include "auth/signing_keys.hpp"

#include "auth/signing_key_file.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr seconds longest_max_age{3600};

// All keys at one moment, immutable once published.
struct ring {
    std::map<std::string, std::shared_ptr<signing_key const>, std::less<>> keys;  // by kid
    std::map<algorithm, key_schedule> schedules;
};

ring ring_of(std::vector<stored_key> stored) {
    ring out;
    std::map<algorithm, std::vector<scheduled_key>> lines;
    for (auto& s : stored) {
        lines[s.key->alg()].push_back(std::move(s.when));
        out.keys[s.key->kid()] = std::move(s.key);
    }
    for (auto& [alg, keys] : lines) out.schedules[alg] = key_schedule(std::move(keys));
    return out;
}

std::vector<stored_key> stored_of(ring const& r) {
    std::vector<stored_key> out;
    for (auto const& [alg, schedule] : r.schedules)
        for (auto const& k : schedule.keys()) out.push_back({k, r.keys.at(k.kid)});
    return out;
}

void remove(ring& r, std::string const& kid) {
    for (auto& [alg, schedule] : r.schedules) schedule.remove(kid);
    r.keys.erase(kid);
}

}  // namespace

struct signing_keys::impl {
    impl(signing_options o, clock& t) : options(std::move(o)), time(t) {}

    void add(ring& r, std::shared_ptr<signing_key const> key, wall_time use_from) const;
    result<void> take_in_own_key(ring& r) const;
    result<void> make_what_is_due(ring& r, std::vector<algorithm> const& algorithms) const;
    void remove_spent(ring& r) const;
    result<ring> read();
    result<bool> change(std::function<result<void>(ring&)> edit);

    signing_options const options;
    clock& time;
    std::mutex changing;                               // one change at a time in this process; the file lock is for others
    std::string written;                               // guarded by changing: the file's text as last read
    std::atomic<std::shared_ptr<ring const>> current;  // readers take a snapshot
};

void signing_keys::impl::add(ring& r, std::shared_ptr<signing_key const> key, wall_time use_from) const {
    r.schedules[key->alg()].add({key->kid(), time.now(), use_from, options.longest_life});
    log.info("signing key taken in",
             {{"kid", key->kid()}, {"alg", name_of(key->alg())}, {"signs_from", format_rfc3339(use_from)}});
    r.keys[key->kid()] = std::move(key);
}

// The operator's key: the first signs at once, one that replaced it after it has been published long enough.
result<void> signing_keys::impl::take_in_own_key(ring& r) const {
    if (options.own_key.empty()) return {};
    auto const pem = read_file(options.own_key, 64u << 10);
    if (!pem) return error(pem.error().code, "key_file " + options.own_key + ": " + pem.error().message());
    auto key = signing_key::from_pem(*pem, options.own_key);
    if (!key) return key.error();
    if (r.keys.count((*key)->kid()) > 0) return {};
    auto const first = r.schedules[(*key)->alg()].keys().empty();
    add(r, std::move(*key), first ? time.now() : time.now() + options.rotation.publish_ahead);
    return {};
}

result<void> signing_keys::impl::make_what_is_due(ring& r, std::vector<algorithm> const& algorithms) const {
    if (r.keys.empty() && options.own_key.empty() && !options.adopt.empty()) {
        auto const pem = read_file(options.adopt, 64u << 10);
        if (!pem && pem.error().code != fjord::errc::not_found) return pem.error();
        if (pem) {
            auto key = signing_key::from_pem(*pem, options.adopt);
            if (!key) return key.error();
            add(r, std::move(*key), time.now());
        }
    }
    if (auto ok = take_in_own_key(r); !ok) return ok;
    for (auto const a : algorithms) {
        auto const& schedule = r.schedules[a];
        bool const theirs = !options.own_key.empty() && !schedule.keys().empty();  // the operator makes the successors
        auto const due = schedule.successor_due(options.rotation, time.now());
        if (theirs || !due) continue;
        auto key = signing_key::generate(a);
        if (!key) return key.error();
        add(r, std::move(*key), *due);
    }
    return {};
}

void signing_keys::impl::remove_spent(ring& r) const {
    std::vector<std::string> spent;
    for (auto const& [alg, schedule] : r.schedules)
        for (auto const& k : schedule.keys())
            if (schedule.state_of(k, time.now()) == key_state::spent) spent.push_back(k.kid);
    for (auto const& kid : spent) {
        log.info("signing key removed: its last token has expired", {{"kid", kid}});
        remove(r, kid);
    }
}

result<ring> signing_keys::impl::read() {
    written.clear();
    auto text = read_file(options.file, max_key_file_bytes);
    if (!text) {
        if (text.error().code == fjord::errc::not_found) return ring{};
        return text.error();
    }
    auto stored = parse_key_file(*text, options.file);
    if (!stored) return stored.error();
    written = std::move(*text);
    // Tokens may live longer than when the key was made; never shorter than those it has signed.
    for (auto& s : *stored) s.when.token_life = std::max(s.when.token_life, options.longest_life);
    return ring_of(std::move(*stored));
}

// Reads, edits, writes, publishes; in that order, under both locks. True when what is published changed.
result<bool> signing_keys::impl::change(std::function<result<void>(ring&)> edit) {
    std::lock_guard one(changing);
    auto lock = lock_key_file(options.file);
    if (!lock) return lock.error();
    auto r = read();
    if (!r) return r.error();
    if (auto ok = edit(*r); !ok) return ok.error();
    auto text = render_key_file(stored_of(*r));
    if (!text) return text.error();
    auto const before = current.load();
    bool const published_alike = before && before->keys.size() == r->keys.size() &&
                                 std::equal(before->keys.begin(), before->keys.end(), r->keys.begin(),
                                            [](auto const& a, auto const& b) { return a.first == b.first; });
    if (text->reveal() != written)
        if (auto ok = write_file_atomically(options.file, text->reveal(), 0600); !ok) return ok.error();
    current.store(std::make_shared<ring const>(std::move(*r)));
    return !published_alike;
}

signing_keys::signing_keys() = default;
signing_keys::~signing_keys() = default;

result<std::shared_ptr<signing_keys>> signing_keys::open(signing_options options, clock& time) {
    auto out = std::shared_ptr<signing_keys>(new signing_keys);
    out->impl_ = std::make_unique<impl>(std::move(options), time);
    // One key is enough to begin with; an RSA key takes tenths of a second, so it is left to the first tick().
    auto first = [&i = *out->impl_](ring& r) { return i.make_what_is_due(r, {i.options.algorithms.front()}); };
    if (auto ok = out->impl_->change(first); !ok) return ok.error();
    return out;
}

result<std::shared_ptr<signing_keys>> signing_keys::fixed(std::string const& pem_file, clock& time) {
    auto key = read_or_make_pem(pem_file);
    if (!key) return key.error();
    auto out = std::shared_ptr<signing_keys>(new signing_keys);
    signing_options o;
    o.longest_life = seconds::max();
    o.algorithms = {(*key)->alg()};
    out->impl_ = std::make_unique<impl>(std::move(o), time);
    auto const kid = (*key)->kid();
    out->impl_->current.store(
        std::make_shared<ring const>(ring_of({stored_key{{kid, time.now(), time.now(), seconds{0}}, std::move(*key)}})));
    return out;
}

std::shared_ptr<signing_key const> signing_keys::signer(algorithm a) const {
    auto const r = impl_->current.load();
    auto line = r->schedules.find(a);
    if (line == r->schedules.end() || line->second.keys().empty()) line = r->schedules.begin();
    return r->keys.at(line->second.signing(impl_->time.now())->kid);
}

std::string signing_keys::jwks() const {
    auto const r = impl_->current.load();
    json::array keys;
    // ES256 before RS256: who ignores kid tries the usual one first.
    for (auto line = r->schedules.rbegin(); line != r->schedules.rend(); ++line)
        for (auto const& k : line->second.keys())
            if (line->second.state_of(k, impl_->time.now()) != key_state::spent) keys.push_back(r->keys.at(k.kid)->jwk());
    return json::serialize(json::object{{"keys", std::move(keys)}});
}

seconds signing_keys::max_age() const { return std::min(longest_max_age, impl_->options.rotation.publish_ahead); }
seconds signing_keys::longest_life() const noexcept { return impl_->options.longest_life; }

std::vector<algorithm> signing_keys::algorithms() const {
    std::vector<algorithm> out;
    for (auto const& [alg, schedule] : impl_->current.load()->schedules)
        if (!schedule.keys().empty()) out.push_back(alg);
    return out;
}

std::vector<key_description> signing_keys::list() const {
    auto const r = impl_->current.load();
    std::vector<key_description> out;
    for (auto const& [alg, schedule] : r->schedules) {
        for (auto const& k : schedule.keys()) {
            key_description d{k.kid, alg, schedule.state_of(k, impl_->time.now()), k.created, k.use_from, {}};
            if (auto const until = schedule.kept_until(k); until != wall_time::max()) d.kept_until = until;
            out.push_back(std::move(d));
        }
    }
    return out;
}

result<bool> signing_keys::tick() {
    auto step = [this](ring& r) -> result<void> {
        if (auto ok = impl_->make_what_is_due(r, impl_->options.algorithms); !ok) return ok;
        impl_->remove_spent(r);
        return {};
    };
    return impl_->change(step);
}

result<std::vector<std::string>> signing_keys::rotate(bool at_once) {
    if (!impl_->options.own_key.empty())
        return fail(fjord::errc::conflict,
                    "the signing keys are the operator's own (key_file): replace " + impl_->options.own_key + " and send SIGHUP");
    std::vector<std::string> kids;
    auto step = [this, at_once, &kids](ring& r) -> result<void> {
        auto const now = impl_->time.now();
        for (auto const a : impl_->options.algorithms) {
            auto& schedule = r.schedules[a];
            auto const* next = schedule.next(now);
            if (!next) {
                auto key = signing_key::generate(a);
                if (!key) return key.error();
                kids.push_back((*key)->kid());
                impl_->add(r, std::move(*key), at_once ? now : now + impl_->options.rotation.publish_ahead);
                continue;
            }
            kids.push_back(next->kid);
            if (at_once) schedule.use_next_now(now);
        }
        return {};
    };
    if (auto done = impl_->change(step); !done) return done.error();
    return kids;
}

result<void> signing_keys::drop(std::string_view kid) {
    auto step = [this, kid](ring& r) -> result<void> {
        if (r.keys.find(kid) == r.keys.end()) return fail(fjord::errc::not_found, "there is no signing key " + std::string(kid));
        for (auto const& [alg, schedule] : r.schedules)
            for (auto const& k : schedule.keys())
                if (k.kid == kid && schedule.state_of(k, impl_->time.now()) == key_state::signing)
                    return fail(fjord::errc::conflict, "this key signs now; rotate at once first, so that another one does");
        remove(r, std::string(kid));
        log.warn("signing key dropped on request", {{"kid", kid}});
        return {};
    };
    auto done = impl_->change(step);
    if (!done) return done.error();
    return {};
}

}  // namespace fjord::auth
