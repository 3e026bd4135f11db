#include "catalog/dispatcher.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace fjord::catalog {
namespace {

logger const log_("catalog");

}  // namespace

void dispatcher::add(observer o) {
    std::lock_guard lock(mutex_);
    observers_.push_back(std::move(o));
}

void dispatcher::deliver(sequence last) {
    std::lock_guard lock(mutex_);
    if (delivered_ >= last) return;
    if (observers_.empty()) {
        delivered_ = last;
        return;
    }
    auto entries = store_.read_log(delivered_, last - delivered_);
    if (!entries) {
        log_.error("observers cannot follow the log", {{"since", delivered_}, {"reason", entries.error().message()}});
        return;
    }
    thread_ = std::this_thread::get_id();
    for (auto const& observe : observers_) observe(*entries);
    thread_ = std::thread::id{};
    delivered_ = last;
}

result<void> dispatcher::prune(sequence before) {
    if (delivering_here())
        return fail(errc::internal, "an observer tried to prune the log; it must hand the work to another thread");
    std::lock_guard lock(mutex_);
    return store_.prune_log(std::min(before, delivered_ + 1));
}

}  // namespace fjord::catalog
