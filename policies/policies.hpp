#pragma once
// The one decision point. Every door asks the same question (who, action, resource, purpose, place, now) and gets the same
// explained answer. No I/O, no clock: all inputs are arguments. Model and semantics: deny by default, forbid wins, three-valued
// atoms (unknown fires a forbid), placement intersects; closed vocabulary, anything unknown is refused at import.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/identity.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::policies {

// discover < describe < aggregate < read_derived < read form a chain: a permit on one covers those below it,
// a forbid on one covers those above it.
enum class action { discover, describe, aggregate, read_derived, read, process, cache, replicate, share, create, modify };
std::string_view name_of(action a) noexcept;  // "read.derived" for read_derived
std::optional<action> action_named(std::string_view name) noexcept;

// Every attribute that is empty here is unknown, `dataset` aside: unknown never satisfies a permit and always fires a forbid.
// What a rule's `select` can see of the thing. Taken from the collection document and the item's properties
// (members fjord:sensitivity, fjord:personal_data, fjord:embargo_until, fjord:subjects_country, license).
struct resource {
    std::string collection;
    std::string dataset;                       // item id; empty for the collection itself
    std::string role;                          // STAC asset role; may be empty
    std::optional<int> sensitivity;            // 0..4
    std::optional<std::string> personal_data;  // none, pseudonymised, special
    std::optional<std::string> subjects_country;
    std::optional<wall_time> embargo_until;
    std::optional<std::string> license;

    std::string key()
        const;  // equal keys get equal decisions from equal subjects (without `dataset` unless a rule selects on it)
};
// Reads the policy attributes out of documents that were already validated as JSON objects. Item members override the
// collection's. A malformed attribute reads as its strictest meaning (unknown), never as absent.
resource resource_of(std::string_view collection, boost::json::object const& collection_document);
resource resource_of(std::string_view collection, boost::json::object const& collection_document, std::string_view item,
                     boost::json::object const& item_document);

// Where bytes would live or be processed.
struct place {
    std::string site;
    std::string jurisdiction;  // ISO 3166 alpha-2; empty = unknown
    std::vector<std::string> certs;
    std::string operator_org, storage_class;
    std::optional<bool> encrypted_at_rest;
};

struct question {
    principal const* who = nullptr;  // required
    action what = action::read;
    resource const* on = nullptr;        // required
    std::optional<std::string> purpose;  // DUO or DPV concept
    std::optional<bool> commercial;
    wall_time now{};  // also bounds valid_until, together with who->expires
};

struct rule_verdict {
    std::string rule;     // id@version
    std::string verdict;  // "permit", "forbid", "not_applicable"
    struct failed_atom {
        std::string atom, got;
    };
    std::vector<failed_atom> failed;
};

struct decision {
    bool permitted = false;
    std::string decision_id;  // ULID; given by the caller's engine
    std::uint64_t epoch = 0;
    std::vector<rule_verdict> determining;
    std::vector<std::string> nearest;                     // sentences: what would permit
    std::vector<std::vector<std::string>> nearest_needs;  // beside each sentence, its conditions
    std::optional<wall_time> valid_until;                 // an embargo opens, a term ends: nothing cached may outlive it
};

struct placement_verdict {
    bool allowed = false;
    std::vector<std::string> reasons;  // "eu-residency@1: jurisdiction JP is not in EU_EEA"
    std::optional<seconds> cache_ttl;  // a cache at the place may keep the bytes so long; shortest of the rules that apply
};

// An immutable set of rules. Any thread.
class rule_set {
public:
    // Document: a JSON array of rules or {"rules": [...]}; see reference examples. `id` prefixes nothing, it only names the
    // source in errors. errc::invalid_argument with rule, position and reason for anything not enforceable here.
    static result<rule_set> parse(std::string_view id, boost::json::value const& document, std::uint64_t version);

    rule_set();
    ~rule_set();
    rule_set(rule_set const&);
    rule_set(rule_set&&) noexcept;
    rule_set& operator=(rule_set const&);
    rule_set& operator=(rule_set&&) noexcept;
    void merge(rule_set const& other);
    // The datasets that rules select on, by name, sorted. All others get the decisions of a dataset that no rule names.
    std::vector<std::string> const& named_datasets() const noexcept;

private:
    friend class engine;
    struct impl;
    std::shared_ptr<impl const> impl_;
};

// Answers questions against the rules of one epoch; replaced as a whole. Any thread; lock-free reads.
class engine {
public:
    engine();
    ~engine();
    // Installs rules under a new epoch, which is returned.
    std::uint64_t replace(rule_set rules);
    std::uint64_t epoch() const noexcept;

    decision decide(question const& q) const;  // memoised per (subject vector, resource key, action, epoch)
    bool permits(question const& q) const;     // what decide() decides, without saying why
    std::shared_ptr<std::vector<std::string> const> named_datasets() const;     // of the rules in force; never null
    placement_verdict may_place(resource const& on, place const& where) const;  // residency; with no place rule: allowed
    // May bytes be relayed through this jurisdiction (ISO 3166 alpha-2; empty = unknown)?
    placement_verdict may_transit(resource const& on, std::string_view jurisdiction) const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

// The explanation object of the API (requester rendering). `resource_uri` is echoed.
boost::json::object explain(decision const& d, action a, std::string_view resource_uri);

}  // namespace fjord::policies
