// Declaring options. Reading a file is in config_parse.cpp, the reference in config_markdown.cpp.
#include "base/config.hpp"

#include "base/config_table.hpp"
#include "base/json.hpp"

#include <limits>

namespace fjord {

namespace {

std::string list_text(std::vector<std::string> const& list) {
    std::string out = "[";
    for (auto const& element : list) out += (out.size() > 1 ? ", " : "") + json_quote(element);
    return out + "]";
}

std::string bound_text(config_type type, std::int64_t value) {
    return type == config_type::duration ? format_duration(seconds{value}) : std::to_string(value);
}

}  // namespace

std::string_view section_of(std::string_view key) noexcept {
    auto const dot = key.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view leaf_of(std::string_view key) noexcept {
    auto const dot = key.rfind('.');
    return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

std::string_view prose_of(config_pairs const& sections, std::string_view name) noexcept {
    for (auto const& [section, prose] : sections) {
        if (section == name) return prose;
    }
    return {};
}

std::string describe_bounds(config_facts const& option) {
    if (!option.bounds) return {};
    auto const [min, max] = *option.bounds;
    auto const low = bound_text(option.type, min);
    return max == std::numeric_limits<std::int64_t>::max() ? "at least " + low : low + " to " + bound_text(option.type, max);
}

config_option& config_option::required() {
    impl_->required = true;
    return *this;
}
config_option& config_option::prose(std::string text) {
    impl_->prose = std::move(text);
    return *this;
}
config_option& config_option::between(std::int64_t min, std::int64_t max) {
    impl_->bounds.emplace(min, max);
    return *this;
}
config_option& config_option::one_of(std::vector<std::string> values) {
    impl_->choices = std::move(values);
    return *this;
}
config_option& config_option::reloadable() {
    impl_->reloadable = true;
    return *this;
}
config_option& config_option::check(std::function<result<void>(std::string const&)> test) {
    impl_->check = std::move(test);
    return *this;
}

config_option& config_table::impl::add(std::string key, config_type type, config_target target, std::string default_text) {
    config_option option;
    option.impl_ = std::make_shared<config_option::impl>();
    option.impl_->key = std::move(key);
    option.impl_->type = type;
    option.impl_->target = target;
    option.impl_->default_text = std::move(default_text);
    facts.push_back(option.impl_.get());
    return options.emplace_back(std::move(option));
}

config_table::config_table() : impl_(std::make_unique<impl>()) {}
config_table::~config_table() = default;
config_table::config_table(config_table&&) noexcept = default;
config_table& config_table::operator=(config_table&&) noexcept = default;

void config_table::section(std::string name, std::string prose) {
    impl_->sections.emplace_back(std::move(name), std::move(prose));
}

config_option& config_table::text(std::string key, std::string* to) {
    return impl_->add(std::move(key), config_type::text, to, to->empty() ? "" : json_quote(*to));
}
config_option& config_table::boolean(std::string key, bool* to) {
    return impl_->add(std::move(key), config_type::boolean, to, *to ? "true" : "false");
}
config_option& config_table::integer(std::string key, std::int64_t* to) {
    return impl_->add(std::move(key), config_type::integer, to, std::to_string(*to));
}
config_option& config_table::bytes(std::string key, std::uint64_t* to) {
    return impl_->add(std::move(key), config_type::bytes, to, std::to_string(*to));
}
config_option& config_table::duration(std::string key, seconds* to) {
    return impl_->add(std::move(key), config_type::duration, to, json_quote(format_duration(*to)));
}
config_option& config_table::text_list(std::string key, std::vector<std::string>* to) {
    return impl_->add(std::move(key), config_type::text_list, to, list_text(*to));
}
config_option& config_table::free_table(std::string name, config_pairs* to) {
    return impl_->add(std::move(name), config_type::free_table, to, "");
}

config_option& config_table::array_erased(std::string name, std::function<void(config_table&)> add_row,
                                          std::function<void(config_table&)> sample, std::function<void()> clear) {
    auto& option = impl_->add(std::move(name), config_type::array_of_tables, {}, "");
    option.impl_->add_row = std::move(add_row);
    option.impl_->sample = std::move(sample);
    option.impl_->clear = std::move(clear);
    return option;
}

}  // namespace fjord
