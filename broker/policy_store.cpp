#include "broker/policy_store.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"

namespace fjord::broker {

result<std::uint64_t> policy_state::load(catalog::catalog& cat) {
    std::lock_guard lock(loading_);
    auto documents = cat.list_policies();
    if (!documents) return documents.error();
    policies::rule_set all;
    for (auto const& record : *documents) {
        auto value = parse_json(record.document);
        if (!value) return error(value.error().code, "policy " + record.id + ": " + value.error().message());
        auto rules = policies::rule_set::parse(record.id, *value, record.version);
        if (!rules) return error(rules.error().code, "policy " + record.id + ": " + rules.error().message());
        all.merge(*rules);
    }
    return engine.replace(std::move(all));
}

result<void> check_policy(std::string const& id, std::string const& document) {
    if (auto name = check_name("policy id", id); !name) return name.error();
    auto value = parse_json(document);
    if (!value) return value.error();
    auto rules = policies::rule_set::parse(id, *value, 1);
    if (!rules) return rules.error();
    return {};
}

}  // namespace fjord::broker
