#include "broker/upload_sweep.hpp"

#include "base/log.hpp"

namespace fjord::broker {
namespace {

logger const log("broker");

}  // namespace

void upload_sweep::run(catalog::catalog& cat, wall_time now) {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || now - last_ < std::chrono::minutes(10)) return;
    auto uploads = cat.list_uploads();
    if (!uploads) {
        log.warn("upload reservations not swept", {{"reason", uploads.error().message()}});
        return;
    }
    catalog::change_set change;
    for (auto const& u : *uploads)
        if (u.expires <= now) change.delete_upload(u.id);
    if (!change.empty())
        if (auto done = cat.commit(std::move(change)); !done) {
            log.warn("upload reservations not swept", {{"reason", done.error().message()}});
            return;
        }
    last_ = now;
}

}  // namespace fjord::broker
