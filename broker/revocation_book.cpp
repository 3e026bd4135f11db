#include "broker/revocation_book.hpp"

#include "auth/auth.hpp"
#include "base/digest.hpp"
#include "catalog/catalog.hpp"

namespace fjord::broker {

result<void> revocation_book::load() {
    std::lock_guard lock(loading_);
    auto records = cat_.list_revocations();
    if (!records) return records.error();
    std::vector<auth::revocation> list;
    catalog::change_set old;
    for (auto& r : *records) {
        if (r.expires <= time_.now())
            old.forget_revocation(r.id);
        else if (r.whole_issuer)
            list.push_back({{}, r.issuer, r.issued_before});
        else
            list.push_back({r.id, {}, {}});
    }
    auto text = auth::write_revocations(list);
    auto etag = '"' + sha256_of(text).hex().substr(0, 32) + '"';
    tokens_.replace_revocations(std::move(list));
    current_.store(std::make_shared<edition const>(edition{std::move(text), std::move(etag)}));
    if (old.empty()) return {};
    auto forgotten = cat_.commit(std::move(old));
    if (!forgotten) return forgotten.error();
    return {};
}

}  // namespace fjord::broker
