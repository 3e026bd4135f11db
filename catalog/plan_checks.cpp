#include "base/dataset_uri.hpp"
#include "catalog/plan.hpp"

namespace fjord::catalog::plan {

result<void> check_expectation(expectation const& e, std::string const* etag_now, std::string const& what) {
    if (std::holds_alternative<always>(e)) return {};
    if (std::holds_alternative<if_absent>(e)) {
        if (etag_now) return fail(errc::already_exists, what + " exists already");
        return {};
    }
    if (!etag_now) return fail(errc::not_found, "there is no " + what);
    auto wanted = std::get_if<if_etag>(&e);
    if (wanted && wanted->etag != *etag_now)
        return fail(errc::conflict,
                    what + " has changed since it was read (its ETag is " + *etag_now + " now); read it again and retry");
    return {};
}

result<void> check_asset(asset_ref const& a) {
    if (auto ok = check_name("collection", a.collection.str()); !ok) return ok.error();
    if (auto ok = check_name("item", a.item.str()); !ok) return ok.error();
    return check_name("asset", a.asset.str());
}

result<void> check_version(digest const& version) {
    if (!version.empty() && version.algorithm() == digest_algorithm::sha256) return {};
    return fail(errc::invalid_argument, "a version is named by the sha-256 of its content");
}

}  // namespace fjord::catalog::plan
