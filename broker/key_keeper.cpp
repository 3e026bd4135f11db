#include "broker/key_keeper.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace fjord::broker {
namespace {

logger const log("broker");

// Often enough that a key is used within a tenth of the time it was announced for.
seconds pause_of(auth::signing_keys const& keys) { return std::clamp(keys.max_age() / 10, seconds{1}, seconds{60}); }

}  // namespace

key_keeper::key_keeper(auth::signing_keys& keys, std::function<void()> changed) : keys_(keys), changed_(std::move(changed)) {
    thread_ = std::jthread([this](std::stop_token stop) { watch(std::move(stop)); });
}

key_keeper::~key_keeper() = default;  // the thread is asked to stop and joined

void key_keeper::look_now() {
    std::lock_guard lock(mutex_);
    asked_ = true;
    wake_.notify_one();
}

void key_keeper::watch(std::stop_token stop) {
    auto const pause = pause_of(keys_);
    while (!stop.stop_requested()) {
        auto const changed = keys_.tick();
        if (!changed)
            log.error("signing keys could not be looked after", {{"reason", changed.error().message()}});
        else if (*changed)
            changed_();
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, pause, [this] { return asked_; });
        asked_ = false;
    }
}

}  // namespace fjord::broker
