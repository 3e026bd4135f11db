#include "transfer/site_expression.hpp"

#include "transfer/expression_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace fjord::transfer {

namespace {

constexpr std::string_view probed = "honours.";

std::optional<double> number(std::string_view text) {
    double value = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::string const* value_of(catalog::site_record const& site, std::string const& key) {
    if (auto found = site.attributes.find(key); found != site.attributes.end()) return &found->second;
    if (key.starts_with(probed)) {
        auto fact = site.honours.find(key.substr(probed.size()));
        return fact == site.honours.end() ? nullptr : &fact->second;
    }
    if (key == "id" || key == "site") return &site.id.str();
    if (key == "kind") return &site.kind;
    if (key == "jurisdiction" && !site.jurisdiction.empty()) return &site.jurisdiction;
    return nullptr;
}

bool is_true(std::string const& value) { return value == "true" || value == "True" || value == "TRUE"; }

}  // namespace

result<site_expression> site_expression::parse(std::string_view text) { return expression_parser(text).run(); }

bool site_expression::holds(step const& s, catalog::site_record const& site) {
    if (s.what == op::all) return true;
    if (s.what == op::tag) {
        if (site.id.str() == s.key) return true;
        auto const* value = value_of(site, s.key);
        return value && is_true(*value);
    }
    auto const* value = value_of(site, s.key);
    if (!value) return false;
    bool listed = std::find(s.values.begin(), s.values.end(), *value) != s.values.end();
    if (s.what == op::equal || s.what == op::one_of) return listed;
    if (s.what == op::different || s.what == op::none_of) return !listed;
    auto left = number(*value), right = number(s.values.front());
    if (!left || !right) return false;
    switch (s.what) {
        case op::less:
            return *left < *right;
        case op::at_most:
            return *left <= *right;
        case op::greater:
            return *left > *right;
        default:
            return *left >= *right;
    }
}

bool site_expression::matches(catalog::site_record const& site) const {
    std::vector<bool> stack;
    for (auto const& s : program_) {
        if (s.what == op::negate) {
            stack.back() = !stack.back();
        } else if (s.what == op::both || s.what == op::either || s.what == op::minus) {
            bool right = stack.back();
            stack.pop_back();
            bool left = stack.back();
            stack.back() = s.what == op::either ? left || right : s.what == op::both ? left && right : left && !right;
        } else {
            stack.push_back(holds(s, site));
        }
    }
    return !stack.empty() && stack.back();
}

}  // namespace fjord::transfer
