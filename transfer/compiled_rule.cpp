#include "transfer/compiled_rule.hpp"

#include "base/dataset_uri.hpp"

namespace fjord::transfer {

namespace {

constexpr std::uint32_t max_copies = 1000;

result<void> check_numbers(catalog::rule_record const& r) {
    if (r.copies < 1 || r.copies > max_copies)
        return fail(errc::invalid_argument, "rule: copies must be from 1 to " + std::to_string(max_copies));
    if (r.priority < 1 || r.priority > 5) return fail(errc::invalid_argument, "rule: priority must be from 1 to 5");
    if (r.lifetime && r.lifetime->count() <= 0) return fail(errc::invalid_argument, "rule: lifetime must be positive");
    return {};
}

result<scope> selection_of(catalog::rule_record const& r) {
    if (r.uri.empty() == r.collection.empty())
        return fail(errc::invalid_argument, "rule: give either uri or collection (with filter)");
    if (!r.collection.empty()) {
        if (auto ok = check_name("rule: collection", r.collection); !ok) return ok.error();
        return scope{collection_id(r.collection), {}, {}};
    }
    auto uri = dataset_uri::parse(r.uri);
    if (!uri) return error(uri.error().code, "rule: uri: " + uri.error().message());
    if (!uri->member.empty())
        return fail(errc::invalid_argument, "rule: uri: a rule is about whole assets, not members of a tree");
    if (uri->version) return fail(errc::invalid_argument, "rule: uri: a rule follows the current version; leave ?version out");
    return scope{uri->collection, uri->item, uri->asset};
}

}  // namespace

bool scope::covers(catalog::asset_ref const& ref) const noexcept { return includes(scope{ref.collection, ref.item, ref.asset}); }

bool scope::includes(scope const& other) const noexcept {
    return collection == other.collection && (item.empty() || item == other.item) && (asset.empty() || asset == other.asset);
}

bool scope::overlaps(scope const& other) const noexcept { return includes(other) || other.includes(*this); }

scope scope_of(catalog::asset_ref const& ref) { return {ref.collection, ref.item, ref.asset}; }

result<scope> parse_scope(std::string_view text) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size() && parts.size() < 4;) {
        auto slash = std::min(text.find('/', at), text.size());
        auto decoded = percent_decode(text.substr(at, slash - at));
        if (!decoded) return decoded.error();
        if (decoded->empty()) return fail(errc::invalid_argument, "an empty segment");
        parts.push_back(std::move(*decoded));
        at = slash + 1;
    }
    if (parts.empty() || parts.size() > 3) return fail(errc::invalid_argument, "not C, C/I or C/I/A");
    parts.resize(3);
    return scope{collection_id(parts[0]), item_id(parts[1]), asset_key(parts[2])};
}

result<std::shared_ptr<compiled_rule const>> compile_rule(catalog::rule_record record, item_filter_maker const& make_filter) {
    if (auto ok = check_numbers(record); !ok) return ok.error();
    auto selection = selection_of(record);
    if (!selection) return selection.error();
    auto sites = site_expression::parse(record.sites);
    if (!sites) return sites.error();
    item_filter filter;
    if (!record.filter.empty()) {
        if (!record.uri.empty()) return fail(errc::invalid_argument, "rule: a filter goes with collection, not with uri");
        if (!make_filter) return fail(errc::unsupported, "rule: this broker has no filter language");
        auto made = make_filter(record);
        if (!made) return made.error();
        filter = std::move(*made);
    }
    return std::make_shared<compiled_rule const>(
        compiled_rule{std::move(record), std::move(*selection), std::move(*sites), std::move(filter)});
}

}  // namespace fjord::transfer
