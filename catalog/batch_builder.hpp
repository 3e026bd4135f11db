#pragma once
// One change set on its way to being one batch: reads see what earlier steps of the same set did, and everything that was read
// from the store becomes a precondition, so that the batch applies only to the state it was planned on. Not thread-safe; lives
// for one attempt, shorter than its view.
#include "catalog/store.hpp"

#include <boost/json/object.hpp>

#include <map>

namespace fjord::catalog {

class batch_builder {
public:
    batch_builder(store_view const& view, wall_time now) : view_(view), now_(now) {}

    wall_time now() const noexcept { return now_; }

    // nullptr when there is none; valid until the row is written or erased.
    result<std::string const*> get(std::string const& key);
    // Rows of a range in key order. Not made preconditions: name the key that guards the range, or use require_empty.
    result<void> scan(key_range const& range,
                      std::function<bool(std::string_view key, std::string_view value)> const& visit) const;

    void put(std::string key, std::string value);
    void erase(std::string key);
    void erase_range(key_range range);    // also rows that others add before this batch is applied
    void require_empty(key_range range);  // when the batch is applied
    void log(std::string type, std::string subject, boost::json::object const& data);

    bool empty() const noexcept;  // nothing to write
    write_batch take();

private:
    struct row {
        std::optional<std::optional<std::string>> read;     // what the store had, when asked
        std::optional<std::optional<std::string>> written;  // what it shall have; inner nullopt: nothing
    };

    store_view const& view_;
    wall_time now_;
    std::map<std::string, row, std::less<>> rows_;
    write_batch batch_;
};

}  // namespace fjord::catalog
