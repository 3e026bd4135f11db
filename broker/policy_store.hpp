#pragma once
// The policy documents of the catalog, compiled into the engine. Blocking: pool threads and start-up.
#include "catalog/catalog.hpp"
#include "policies/policies.hpp"

#include <boost/json/value.hpp>

#include <mutex>
#include <string>

namespace fjord::broker {

// The rules in force.
struct policy_state {
    policies::engine engine;

    // Compiles all stored documents and installs them under a new epoch. errc::invalid_argument names the document: then the
    // epoch in force stays, because half a policy set is no policy set. One at a time, so that the last change wins.
    result<std::uint64_t> load(catalog::catalog& cat);

private:
    std::mutex loading_;
};

// Checks one document as it would be stored next (id, version); nothing changes.
result<void> check_policy(std::string const& id, std::string const& document);

}  // namespace fjord::broker
