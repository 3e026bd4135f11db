#include "catalog/catalog.hpp"

#include "base/digest.hpp"
#include "catalog/catalog_impl.hpp"
#include "catalog/plan.hpp"

namespace fjord::catalog {
namespace {

// Each try fails only when another commit to the same things succeeded, so the federation moves on; this bounds one caller's
// bad luck.
constexpr int max_tries = 256;

}  // namespace

catalog::catalog(store& s, clock& time) : impl_(std::make_unique<impl>(s, time)) {}
catalog::~catalog() = default;

result<sequence> catalog::commit(change_set changes) {
    return apply_planned([&changes](batch_builder& b) -> result<void> {
        for (auto const& step : changes.steps_)
            if (auto ok = step->plan(b); !ok) return ok;
        return {};
    });
}

result<std::vector<result<item_change>>> catalog::put_items(std::vector<item_put> const& items) {
    std::vector<std::string> etags;
    for (auto const& p : items) etags.push_back(p.item.etag.empty() ? sha256_of(p.item.document).hex() : p.item.etag);
    std::vector<result<item_change>> outcomes;
    auto done = apply_planned([&](batch_builder& b) -> result<void> {
        outcomes.clear();
        for (std::size_t i = 0; i < items.size(); ++i) {
            auto record = items[i].item;
            record.etag = etags[i];
            outcomes.push_back(plan::put_item(b, std::move(record), items[i].expects));
        }
        return {};
    });
    if (!done) return done.error();
    return outcomes;
}

result<sequence> catalog::apply_planned(std::function<result<void>(batch_builder&)> const& plan) {
    if (impl_->observers.delivering_here())
        return fail(errc::internal, "an observer tried to commit; it must hand the work to another thread");
    for (int tries = 0; tries < max_tries; ++tries) {
        write_batch batch;
        {
            auto view = impl_->rows.view();
            batch_builder builder(*view, impl_->time.now());
            if (auto ok = plan(builder); !ok) return ok.error();
            if (builder.empty()) return last_sequence();
            batch = builder.take();
        }
        auto seq = impl_->rows.apply(std::move(batch));
        if (seq) {
            impl_->observers.deliver(*seq);
            return seq;
        }
        if (seq.error().code != make_error_code(errc::conflict)) return seq.error();
    }
    return fail(errc::conflict, "others kept changing the same things; try again");
}

void catalog::on_commit(std::function<void(std::vector<log_entry> const&)> observer) {
    impl_->observers.add(std::move(observer));
}

sequence catalog::last_sequence() const noexcept { return impl_->rows.last_sequence(); }

result<std::vector<log_entry>> catalog::read_log(sequence since, std::size_t max) const {
    return impl_->rows.read_log(since, max);
}

result<void> catalog::prune_log(sequence before) { return impl_->observers.prune(before); }

clock& catalog::time() const noexcept { return impl_->time; }

}  // namespace fjord::catalog
