#pragma once
// The revocations in force: read from the catalog, given to the verifier, published for doors and caches. Any thread.
#include "base/error.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace fjord {
class clock;
namespace auth {
class verifier;
}
namespace catalog {
class catalog;
}
}  // namespace fjord

namespace fjord::broker {

class revocation_book {
public:
    revocation_book(catalog::catalog& cat, auth::verifier& tokens, clock& time) : cat_(cat), tokens_(tokens), time_(time) {}

    // Blocking; at the start and after each change, before it is answered. What has expired is left out and forgotten.
    result<void> load();

    struct edition {
        std::string text;  // auth::write_revocations
        std::string etag;  // quoted; equal lists have equal ones
    };
    std::shared_ptr<edition const> current() const { return current_.load(); }

private:
    catalog::catalog& cat_;
    auth::verifier& tokens_;
    clock& time_;
    std::mutex loading_;  // the last change wins
    std::atomic<std::shared_ptr<edition const>> current_{std::make_shared<edition const>()};
};

}  // namespace fjord::broker
