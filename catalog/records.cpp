#include "catalog/records.hpp"

#include "base/dataset_uri.hpp"

#include <array>

namespace fjord::catalog {

std::string asset_ref::str() const {
    return encode_segment(collection.str()) + '/' + encode_segment(item.str()) + '/' + encode_segment(asset.str());
}

result<asset_ref> parse_asset_ref(std::string_view text) {
    constexpr std::array<std::string_view, 3> names{"collection", "item", "asset"};
    std::array<std::string, 3> segments;
    auto rest = text;
    for (std::size_t n = 0; n < segments.size(); ++n) {
        auto slash = rest.find('/');
        bool last = n + 1 == segments.size();
        if (last != (slash == std::string_view::npos))
            return fail(errc::invalid_argument, "an asset is named COLLECTION/ITEM/ASSET, percent-encoded");
        auto decoded = percent_decode(rest.substr(0, slash));
        if (!decoded) return decoded.error();
        if (auto ok = check_name(names[n], *decoded); !ok) return ok.error();
        segments[n] = std::move(*decoded);
        rest = last ? std::string_view{} : rest.substr(slash + 1);
    }
    return asset_ref{collection_id(segments[0]), item_id(segments[1]), asset_key(segments[2])};
}

std::string_view name_of(replica_state s) noexcept {
    switch (s) {
        case replica_state::copying:
            return "copying";
        case replica_state::available:
            return "available";
        case replica_state::suspect:
            return "suspect";
        case replica_state::bad:
            return "bad";
        case replica_state::deleting:
            return "deleting";
    }
    return "unknown";
}

std::string_view name_of(transfer_state s) noexcept {
    switch (s) {
        case transfer_state::queued:
            return "queued";
        case transfer_state::active:
            return "active";
        case transfer_state::verifying:
            return "verifying";
        case transfer_state::done:
            return "done";
        case transfer_state::failed:
            return "failed";
        case transfer_state::cancelled:
            return "cancelled";
    }
    return "unknown";
}

}  // namespace fjord::catalog
