#include "policies/compiled.hpp"

#include <algorithm>

namespace fjord::policies {
namespace {

// By name first; rules of one name that differ keep a stable order by their conditions' text.
template <class Rule>
std::string sort_key(Rule const& r) {
    std::string key = r.name;
    for (auto const* part : {&r.select, &r.when})
        for (auto const& a : *part) key += '\n' + text_of(a) + (a.values.empty() ? "" : a.values.front());
    return key;
}

template <class Rule>
void canonicalise(std::vector<Rule>& rules) {
    auto before = [](Rule const& a, Rule const& b) { return sort_key(a) < sort_key(b); };
    std::stable_sort(rules.begin(), rules.end(), before);
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
}

std::vector<std::string> const* collections_of(rule const& r) {
    for (auto const& a : r.select)
        if (a.about == attribute::collection && a.how == operation::in) return &a.values;
    return nullptr;
}

}  // namespace

void compiled_rules::finish() {
    canonicalise(grants);
    canonicalise(places);
    by_collection_.clear();
    everywhere_.clear();
    used_.reset();
    datasets_.clear();
    for (std::uint32_t i = 0; i < grants.size(); ++i) {
        auto const* collections = collections_of(grants[i]);
        if (!collections)
            everywhere_.push_back(i);
        else
            for (auto const& c : *collections) by_collection_[c].push_back(i);
        for (auto const* part : {&grants[i].select, &grants[i].when})
            for (auto const& a : *part) {
                used_.set(static_cast<std::size_t>(a.about));
                if (a.about == attribute::dataset) datasets_.insert(datasets_.end(), a.values.begin(), a.values.end());
            }
    }
    std::sort(datasets_.begin(), datasets_.end());
    datasets_.erase(std::unique(datasets_.begin(), datasets_.end()), datasets_.end());
}

std::vector<rule const*> compiled_rules::about(std::string const& collection, action what) const {
    std::vector<std::uint32_t> found = everywhere_;
    if (auto own = by_collection_.find(collection); own != by_collection_.end())
        found.insert(found.end(), own->second.begin(), own->second.end());
    std::sort(found.begin(), found.end());
    std::vector<rule const*> out;
    for (auto i : found)
        if (grants[i].actions & mask_of(what)) out.push_back(&grants[i]);
    return out;
}

}  // namespace fjord::policies
