#include "policies/compiled.hpp"
#include "policies/rule_parse.hpp"
#include "policies/rule_set_impl.hpp"

#include <boost/json/array.hpp>

#include <map>

namespace fjord::policies {
namespace {

namespace json = boost::json;

result<json::array const*> rules_of(json::value const& document, position& at) {
    if (auto const* list = document.if_array()) return list;
    auto const* object = document.if_object();
    auto const* rules = object && object->size() == 1 ? object->if_contains("rules") : nullptr;
    at.rule = "list";
    if (!rules || !rules->is_array()) return at.refuse("needs a list of rules, or {\"rules\": [...]} and nothing else");
    at = at.at("rules");
    return &rules->get_array();
}

}  // namespace

rule_set::rule_set() : impl_(std::make_shared<impl const>()) {}
rule_set::~rule_set() = default;
rule_set::rule_set(rule_set const&) = default;
rule_set::rule_set(rule_set&& other) noexcept : impl_(other.impl_) {}
rule_set& rule_set::operator=(rule_set const&) = default;
rule_set& rule_set::operator=(rule_set&& other) noexcept {
    impl_ = other.impl_;  // shared, so that the moved-from set is still a set
    return *this;
}

result<rule_set> rule_set::parse(std::string_view id, json::value const& document, std::uint64_t version) {
    position at{std::string(id), "", ""};
    auto list = rules_of(document, at);
    if (!list) return list.error();
    if ((*list)->size() > max_rules) return at.refuse("the document has over 10000 rules");
    auto out = std::make_shared<impl>();
    std::map<std::string, json::value const*> seen;
    for (std::size_t i = 0; i < (*list)->size(); ++i) {
        auto here = at.at(i);
        here.rule = std::to_string(i);
        auto const& value = (**list)[i];
        auto parsed = parse_rule(value, here, version);
        if (!parsed) return parsed.error();
        auto const* grant = std::get_if<rule>(&*parsed);
        auto const& name = grant ? grant->name : std::get<place_rule>(*parsed).name;
        auto [first, is_new] = seen.try_emplace(name, &value);
        if (!is_new && *first->second != value) return here.at("id").refuse("another rule of this document has this id");
        if (grant)
            out->grants.push_back(*grant);
        else
            out->places.push_back(std::get<place_rule>(*parsed));
    }
    out->finish();
    rule_set made;
    made.impl_ = std::move(out);
    return made;
}

void rule_set::merge(rule_set const& other) {
    auto both = std::make_shared<impl>(*impl_);
    both->grants.insert(both->grants.end(), other.impl_->grants.begin(), other.impl_->grants.end());
    both->places.insert(both->places.end(), other.impl_->places.begin(), other.impl_->places.end());
    both->finish();
    impl_ = std::move(both);
}

std::vector<std::string> const& rule_set::named_datasets() const noexcept { return impl_->named_datasets(); }

}  // namespace fjord::policies
