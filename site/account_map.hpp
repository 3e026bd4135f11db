#pragma once
// The file of the mapping method "file": whose token is which account. One line per person, fields apart by blanks or tabs:
//
//   # account   issuer                      subject
//   alice       https://iam.example/vo      3f7c2a9e-...
//
// The issuer belongs to it, because two issuers may give the same subject to two people. Pure.
#include "base/error.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fjord::site {

class account_map {
public:
    // errc::invalid_argument: every bad line, by its number (a missing field, no account name, an issuer that is no URL, somebody
    // mapped twice). errc::limit_exceeded: over 16 MiB.
    static result<account_map> parse(std::string_view text);
    // Byte-exact.
    std::optional<std::string> find(std::string const& issuer, std::string const& subject) const;
    std::size_t size() const noexcept { return accounts_.size(); }

private:
    std::map<std::pair<std::string, std::string>, std::string> accounts_;
};

}  // namespace fjord::site
