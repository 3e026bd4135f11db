// Any bytes as what a door reads from others: a map of accounts, an answer of ALISE, a PROPFIND body. What is accepted keeps the
// rules, whatever was written.
#include "site/account.hpp"
#include "site/account_map.hpp"
#include "site/alise.hpp"
#include "site/propfind_request.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto map = fjord::site::account_map::parse(text)) {
        auto const name = map->find("https://iam.example/vo", "42");
        if (name && !fjord::site::is_account_name(*name)) std::abort();
    }
    auto const linked = fjord::site::parse_alise_answer(text, "https://iam.example/vo", "42");
    if (linked && (linked->empty() || text.find("42") == std::string_view::npos)) std::abort();
    auto const asked = fjord::site::parse_propfind(text);
    if (asked && asked->listed.size() > 256) std::abort();
    return 0;
}
