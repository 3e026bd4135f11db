#pragma once
// Tokens refused before their time: single ones by their id, or all that an issuer gave out before a moment. A list of them is
// published by the broker and followed by doors and caches (revocation_feed.hpp). Pure; any thread.
#include "base/clock.hpp"
#include "base/result.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace fjord::auth {

struct revocation {
    std::string token;   // fingerprint of (issuer, jti); empty: this is about an issuer
    std::string issuer;  // with an empty `token`
    wall_time issued_before{};
    friend bool operator==(revocation const&, revocation const&) = default;
};

// Lower-case hex SHA-256 of `iss`, a line feed and `jti`: names a token without telling who holds it.
std::string token_fingerprint(std::string_view issuer, std::string_view token_id);

// {"issuers": [{"issuer", "issued_before"}], "tokens": ["HEX", ...]}, sorted: equal lists are equal texts.
// read: errc::invalid_argument. Unknown members are left alone.
std::string write_revocations(std::vector<revocation> list);
result<std::vector<revocation>> read_revocations(std::string_view text);

// What a verifier asks on every new or re-checked token. replace() is seen by the next covers().
class revocation_set {
public:
    void replace(std::vector<revocation> list);
    bool covers(std::string_view issuer, std::string_view token_id, wall_time issued_at) const;

private:
    struct snapshot {
        std::unordered_set<std::string> tokens;
        std::map<std::string, wall_time, std::less<>> issued_before;
    };
    std::atomic<std::shared_ptr<snapshot const>> now_{std::make_shared<snapshot const>()};
};

}  // namespace fjord::auth
