#pragma once
// Short ways to write rules, people and questions.
#include "base/json.hpp"
#include "policies/policies.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace fjord::policies::test {

inline constexpr std::uint64_t version = 1;

inline result<rule_set> parse_rules(std::string_view text) {
    auto document = parse_json(text);
    if (!document) return document.error();
    return rule_set::parse("test", *document, version);
}

// For rules a test takes for granted; throws with the reason otherwise.
inline rule_set rules(std::string_view text) { return parse_rules(text).value(); }

inline wall_time at(std::string_view text) { return parse_rfc3339(text).value(); }

inline principal anonymous() { return {}; }

inline principal member(std::vector<std::string> groups, std::string org = "org-a") {
    principal p;
    p.kind = principal_kind::human;
    p.issuer = "https://issuer.example";
    p.subject = "someone";
    p.org = std::move(org);
    p.groups = std::move(groups);
    return p;
}

inline resource thing(std::string collection, std::string dataset = "") {
    resource r;
    r.collection = std::move(collection);
    r.dataset = std::move(dataset);
    r.sensitivity = 0;
    r.personal_data = "none";
    r.license = "CC-BY-4.0";
    return r;
}

// One question with defaults; the fields are set by name.
struct asking {
    principal who;
    resource on;
    action what = action::read;
    std::optional<std::string> purpose{};
    std::optional<bool> commercial{};
    std::string now = "2026-11-21T00:00:00Z";

    decision of(engine const& e) const {
        question q{&who, what, &on, purpose, commercial, at(now)};
        return e.decide(q);
    }
};

inline bool permits(engine const& e, asking const& a) { return a.of(e).permitted; }

// Section 6 of the reference: the rules this build enforces.
inline constexpr std::string_view example_rules = R"([
 {"id":"public","effect":"permit","actions":["read"],"select":{"collection":"era5-open"},"when":[]},
 {"id":"ligo-members","effect":"permit","actions":["read"],"select":{"collection":"ligo-o5"}},
 {"id":"embargo","effect":"forbid","actions":["aggregate","read.derived","read","replicate","share"],"select":{"collection":"ligo-o5"},
  "when":[{"now":{"<":"2027-03-01T00:00:00Z"}},{"subject.groups":{"not_contains_any":["/virgo/analysis"]}}],"note":"public after 1 Mar 2027"},
 {"id":"flood-partners","effect":"permit","actions":["read"],"select":{"collection":"flood-dt"},
  "when":[{"subject.groups":{"contains_any":["urn:geant:egi.eu:group:flood.dt:role=member#aai.egi.eu"]}}]},
 {"id":"hmb","effect":"permit","actions":["read"],"select":{"dataset":"hosp-air"},"when":[{"request.purpose":{"isa":"DUO:0000006"}}]},
 {"id":"eu-residency","effect":"place","select":{"personal_data":{"in":["pseudonymised","special"]}},
  "sites":{"jurisdiction":{"isa":"EU_EEA"},"certs":{"contains_all":["iso27001"]},"encrypted_at_rest":true},
  "transit":{"jurisdictions":{"subset_of":"EU_EEA"}},"cache":{"max_ttl":"PT6H"}},
 {"id":"nc-read","effect":"permit","actions":["read"],"select":{"license":"CC-BY-NC-4.0"}},
 {"id":"non-commercial","effect":"forbid","actions":["read","aggregate"],"select":{"license":"CC-BY-NC-4.0"},
  "when":[{"request.commercial":{"in":[true]}}]}
])";

}  // namespace fjord::policies::test
