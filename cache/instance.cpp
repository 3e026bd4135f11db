#include "cache/instance.hpp"

#include "base/log.hpp"

#include <boost/asio/this_coro.hpp>

namespace fjord::cache {

namespace {

logger const log_("cache");
constexpr auto token_margin = std::chrono::seconds(5);

}  // namespace

instance::instance(std::shared_ptr<engine> e, object_source& source, object_key key, std::shared_ptr<object_info const> info,
                   object_handle object)
    : engine_(std::move(e)),
      source_(source),
      key_(std::move(key)),
      object_(std::move(object)),
      size_(info->size.value_or(0)),
      info_(std::move(info)),
      table_(blocks_in(size_)),
      check_(blocks_in(size_), object_ && object_->meta().verified),
      pass_through_(!object_) {}

std::shared_ptr<object_info const> instance::info() const {
    std::lock_guard lock(mutex_);
    return info_;
}

void instance::update(std::shared_ptr<object_info const> info) {
    std::lock_guard lock(mutex_);
    info_ = std::move(info);
}

asio::awaitable<result<instance::step>> instance::need(block_no b, block_no limit, block_no window) {
    auto executor = co_await asio::this_coro::executor;
    int joined = 0;
    for (;;) {
        std::shared_ptr<waiter> mine;
        waiter_id id = 0;
        std::optional<fetch_claim> claim;
        step answer;
        {
            std::lock_guard lock(mutex_);
            if (!object_) co_return step{.direct = true};
            if (engine_->store->condemned(object_)) co_return fail(errc::corrupt, "the object did not match its digest");
            auto view = engine_->store->view(object_, {b, std::min<block_no>(table_.blocks(), b + window + window / 2 + 1)});
            answer.bytes = table_.arrived_bytes(b);
            answer.present = !answer.bytes && table_.state(b, view) == block_state::present;
            bool refusing = pass_through_ || !engine_->store->accepting();
            if (!refusing) claim = table_.claim(b, limit, window, view);
            if (claim && !keeps_bytes_locked(claim->run)) restart_check_locked();
            if (!answer.bytes && !answer.present) {
                if (table_.state(b, view) != block_state::in_flight) co_return step{.direct = true};
                mine = std::make_shared<waiter>();
                mine->wake = std::make_shared<signal>(executor);
                id = table_.wait(b);
                waiters_[id] = mine;
            }
        }
        if (claim && !engine_->tasks.spawn(executor, run_fetch(shared_from_this(), *claim))) {
            ended(claim->id, fail(errc::unavailable, "the cache is stopping"), executor);
        }
        if (!mine) co_return answer;
        if (!co_await mine->wake->wait()) {
            std::lock_guard lock(mutex_);
            table_.forget(id);
            waiters_.erase(id);
            co_return fail(errc::cancelled, "the request was cancelled");
        }
        bool own = claim && claim->run.first <= b && b < claim->run.end;
        // Another reader's fetch may have begun when things were worse: try by ourselves before giving up.
        if (mine->failure && !own && joined++ == 0) continue;
        if (mine->failure) co_return *mine->failure;
        if (mine->bytes) co_return step{.bytes = mine->bytes};
    }
}

instance::survey instance::look(block_run run) const {
    survey s;
    std::lock_guard lock(mutex_);
    if (!object_) return {.absent = run.size()};
    auto view = engine_->store->view(object_, run);
    for (auto b = run.first; b < run.end; ++b) {
        auto state = table_.state(b, view);
        if (state == block_state::in_flight && s.in_flight + s.absent == 0) s.others_fetch = true;
        if (state == block_state::present)
            ++s.present;
        else if (state == block_state::in_flight)
            ++s.in_flight;
        else
            ++s.absent;
    }
    return s;
}

void instance::found_bad(read_fault fault) {
    log_.warn("a block at rest is corrupt and will be fetched again",
              {{"path", key_.path}, {"file", object_->id()}, {"block", std::uint64_t{fault.block}}});
    std::lock_guard lock(mutex_);
    table_.mark_bad(fault.block, fault.crc);
}

bool instance::passing_through() const {
    std::lock_guard lock(mutex_);
    return pass_through_;
}

instance::whole_start instance::begin_whole() {
    std::lock_guard lock(mutex_);
    bool complete = object_ && engine_->store->complete(object_);
    // What would take more than a quarter of the tier could not be kept from eviction until it is checked.
    bool too_large = size_ > engine_->store->capacity() / 4;
    bool refusing = !complete && (pass_through_ || too_large || !engine_->store->accepting());
    bool was_good = check_.state() == verdict::good;
    whole_start start{check_.begin_reading(complete), refusing || (hash_on_the_way_ && check_.state() != verdict::good)};
    if (was_good && check_.state() != verdict::good) engine_->store->set_verified(object_, false);
    return start;
}

bool instance::checked() const {
    std::lock_guard lock(mutex_);
    return check_.state() == verdict::good;
}

asio::awaitable<result<void>> instance::certify(std::uint64_t epoch) {
    auto executor = co_await asio::this_coro::executor;
    if (!info()->sha256) co_return result<void>();
    for (;;) {
        std::shared_ptr<signal> wake;
        block_no refetch = 0;
        {
            std::lock_guard lock(mutex_);
            if (check_.epoch() != epoch) co_return fail(errc::unavailable, "the copy changed while it was sent; try again");
            if (check_.state() == verdict::good) co_return result<void>();
            if (check_.state() == verdict::mismatch) co_return fail(errc::corrupt, "the object does not match its sha-256");
            auto next = check_.next();
            auto view = engine_->store->view(object_, {next, next + 1});
            auto state = table_.state(next, view);
            if (hashing_ || check_.done() || state == block_state::present || state == block_state::in_flight) {
                wake = std::make_shared<signal>(executor);
                certifiers_.push_back(wake);
                if (!hashing_ && state == block_state::present) advance_check_locked(executor);
            } else if (state == block_state::bad) {
                refetch = next;
            } else {
                // Evicted before it was hashed: what was sent cannot be told from something else any more.
                hash_on_the_way_ = true;
                co_return fail(errc::unavailable, "the object was evicted before it could be checked; try again");
            }
        }
        if (wake) {
            if (!co_await wake->wait()) co_return fail(errc::cancelled, "the request was cancelled");
        } else {
            auto again = co_await need(refetch, refetch + 1, 1);
            if (!again) co_return again.error();
            if (again->direct) co_return fail(errc::unavailable, "a corrupt block could not be stored again; try again");
        }
    }
}

std::vector<place> instance::places() const {
    std::lock_guard lock(mutex_);
    auto now = engine_->time.steady();
    auto usable_from = engine_->time.now() + token_margin;
    std::vector<place> good, blamed;
    for (auto const& p : info_->places) {
        if (p.expires && *p.expires < usable_from) continue;
        auto& list = engine_->blamed.contains(p.url, now) ? blamed : good;
        list.push_back(p);
        if (auto etag = etags_.find(p.url); etag != etags_.end()) list.back().etag = etag->second;
    }
    good.insert(good.end(), blamed.begin(), blamed.end());
    return good;
}

void instance::blame(place const& p) {
    engine_->blamed.add(p.url, engine_->time.steady());
    std::lock_guard lock(mutex_);
    etags_.erase(p.url);
}

void instance::learn(place const& p, std::string etag) {
    std::lock_guard lock(mutex_);
    etags_[p.url] = std::move(etag);
}

asio::awaitable<result<void>> instance::refresh_places() {
    principal nobody;
    secret no_token;
    auto fresh = co_await source_.resolve(key_, std::move(nobody), std::move(no_token));
    if (!fresh) co_return fresh.error();
    if (fresh->version != info()->version) co_return fail(errc::conflict, "the object has a new version");
    update(std::make_shared<object_info const>(std::move(*fresh)));
    co_return result<void>();
}

void instance::arrived(fetch_id fetch, block_no b, block_bytes bytes) {
    std::lock_guard lock(mutex_);
    auto ids = table_.arrive(fetch, b, bytes);
    wake_locked(ids, std::move(bytes), std::nullopt);
}

void instance::settled(fetch_id fetch, block_run run, std::vector<std::uint32_t> const* checksums,
                       asio::any_io_executor executor) {
    std::lock_guard lock(mutex_);
    if (!checksums) pass_through_ = true;
    for (auto b = run.first; b < run.end; ++b) {
        table_.settle(fetch, b);
        auto expected = table_.expected_crc(b);
        if (!expected || !checksums) continue;
        // The record said what a good copy looks like; other bytes mean that the object must be checked as a whole again.
        if (*expected == (*checksums)[b - run.first])
            engine_->count.healed_blocks.add();
        else
            restart_check_locked();
        table_.heal(b);
    }
    advance_check_locked(executor);
}

void instance::ended(fetch_id fetch, result<void> outcome, asio::any_io_executor executor) {
    std::lock_guard lock(mutex_);
    auto ids = table_.end(fetch);
    wake_locked(ids, nullptr, outcome ? std::nullopt : std::optional(outcome.error()));
    advance_check_locked(executor);
}

void instance::cannot_store() {
    std::lock_guard lock(mutex_);
    pass_through_ = true;
}

void instance::judged(bool matches) {
    std::lock_guard lock(mutex_);
    check_.hashed(check_.epoch(), table_.blocks());
    conclude_locked(check_.epoch(), matches);
}

void instance::wake_locked(std::vector<waiter_id> const& ids, block_bytes bytes, std::optional<error> const& failure) {
    for (auto id : ids) {
        auto it = waiters_.find(id);
        if (it == waiters_.end()) continue;
        it->second->bytes = bytes;
        it->second->failure = failure;
        it->second->wake->notify();
        waiters_.erase(it);
    }
}

void instance::wake_certifiers_locked() {
    for (auto& c : certifiers_) c->notify();
    certifiers_.clear();
}

void instance::restart_check_locked() {
    check_.restart();
    if (object_) engine_->store->set_verified(object_, false);
    wake_certifiers_locked();
}

// True when fetching these blocks cannot change what was hashed: they were not hashed yet, or their checksums are on record.
bool instance::keeps_bytes_locked(block_run run) const {
    for (auto b = run.first; b < std::min(run.end, check_.next()); ++b) {
        if (!table_.expected_crc(b)) return false;
    }
    return true;
}

void instance::conclude_locked(std::uint64_t epoch, bool matches) {
    if (check_.epoch() != epoch) return;
    check_.conclude(epoch, matches);
    if (matches) {
        engine_->store->set_verified(object_, true);
    } else {
        engine_->count.digest_mismatches.add();
        engine_->store->condemn(object_);
        engine_->ram.erase(object_->id());
        for (auto const& [url, etag] : etags_) engine_->blamed.add(url, engine_->time.steady());
        log_.error("an object does not match its sha-256 and was dropped", {{"path", key_.path}, {"version", info_->version}});
    }
    wake_certifiers_locked();
}

}  // namespace fjord::cache
