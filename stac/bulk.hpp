#pragma once
// Items on their way in, many at a time, each accepted or refused for itself. Two steps, so that one batch can be checked while
// another is being written: check() reads a document and asks what policy says (no store, no disk), store() writes what passed
// with one sync of the disk and tells what became of each. Blocks; any thread.
#include "base/line_framer.hpp"
#include "catalog/catalog.hpp"
#include "policies/policies.hpp"
#include "stac/index.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fjord::stac {

// insert: an item that exists is refused (409). upsert: it is replaced.
enum class bulk_method { insert, upsert };
result<bulk_method> bulk_method_named(std::string_view name);  // "" is insert

struct bulk_item {
    std::uint64_t line = 0;  // or the place in an ItemCollection, from 1
    std::string id;          // as far as it could be read
    catalog::item_record record;
    collection_ptr collection;
    bool may_create = false, may_modify = false;  // as far as the new document decides it
    std::optional<error> refused;
};

// HTTP status of one item's fate: 201 created, 200 replaced or the same already, else why not.
struct bulk_outcome {
    std::uint64_t line = 0;
    std::string id;
    unsigned status = 201;
    std::string detail;   // of a refusal
    bool changed = true;  // false: the catalog held the same bytes already
};

// For one batch and one step: decisions are remembered for its lifetime, so keep it short. One thread.
class bulk_put {
public:
    using permission = std::function<bool(policies::action, policies::resource const&)>;

    // `named`: the datasets that rules select on (policies::engine::named_datasets); all others of one kind share a decision.
    using names = std::shared_ptr<std::vector<std::string> const>;
    bulk_put(catalog::catalog& cat, bulk_method method, names named, permission permits)
        : catalog_(cat), method_(method), named_(std::move(named)), permits_(std::move(permits)) {}

    // An item for `c`, which its document may name.
    bulk_item check(std::uint64_t line, collection_ptr const& c, std::string_view document);
    // All that were not refused; the answers in the order given. Fails as catalog::put_items does: then nothing was written.
    result<std::vector<bulk_outcome>> store(std::vector<bulk_item> items);

private:
    struct pending;

    bool may(policies::action what, policies::resource const& on);
    result<void> expect(std::vector<pending>& todo);
    result<void> expect_replaced(std::vector<pending*> const& of_one_collection);

    catalog::catalog& catalog_;
    bulk_method method_;
    names named_;
    permission permits_;
    std::unordered_map<std::string, bool> known_;
};

// One line of JSON without its end: {"line":3,"id":"x","status":201}.
void append_line(std::string& out, bulk_outcome const& o);

}  // namespace fjord::stac
