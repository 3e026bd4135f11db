#pragma once
// Keeps the broker's signing keys on their schedule: looks at them now and then on a thread of its own, because that reads and
// writes a file. A failure is logged and tried again at the next look; the keys in use stay.
#include "auth/signing_keys.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace fjord::broker {

class key_keeper {
public:
    // `changed` runs on the keeper's thread after the published keys have changed. All arguments outlive the keeper.
    key_keeper(auth::signing_keys& keys, std::function<void()> changed);
    ~key_keeper();
    void look_now();  // SIGHUP: the operator's key may have been replaced

private:
    void watch(std::stop_token stop);

    auth::signing_keys& keys_;
    std::function<void()> const changed_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool asked_ = false;  // guarded by mutex_
    std::jthread thread_;
};

}  // namespace fjord::broker
