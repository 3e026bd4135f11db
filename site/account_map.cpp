#include "site/account_map.hpp"

#include "base/text.hpp"
#include "site/account.hpp"

namespace fjord::site {

namespace {

constexpr std::size_t max_text = 16u << 20;
constexpr std::size_t max_complaints = 20;

std::string_view take_word(std::string_view& line) {
    line = trim(line);
    auto const end = std::min(line.find_first_of(" \t"), line.size());
    auto const word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
}

}  // namespace

result<account_map> account_map::parse(std::string_view text) {
    if (text.size() > max_text) return fail(errc::limit_exceeded, "the map of accounts is over 16 MiB");
    account_map out;
    std::string complaints;
    std::size_t bad = 0;
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto line = trim(take_until(text, '\n'));
        if (line.ends_with('\r')) line = trim(line.substr(0, line.size() - 1));
        if (line.empty() || line.starts_with('#')) continue;
        auto const name = take_word(line), issuer = take_word(line), subject = take_word(line);
        char const* why = nullptr;
        if (subject.empty() || !trim(line).empty())
            why = "needs three fields: account issuer subject";
        else if (!is_account_name(name))
            why = "the first field is no account name";
        else if (!issuer.starts_with("https://"))
            why = "the second field is no issuer (https://...)";
        else if (!out.accounts_.try_emplace({std::string(issuer), std::string(subject)}, name).second)
            why = "this issuer and subject stand on an earlier line already";
        if (!why) continue;
        if (++bad > max_complaints) continue;
        complaints += (complaints.empty() ? "line " : "\nline ") + std::to_string(number) + ": " + why;
    }
    if (bad > 0) return fail(errc::invalid_argument, std::move(complaints));
    return out;
}

std::optional<std::string> account_map::find(std::string const& issuer, std::string const& subject) const {
    auto const found = accounts_.find({issuer, subject});
    if (found == accounts_.end()) return std::nullopt;
    return found->second;
}

}  // namespace fjord::site
