#pragma once
// The rules of a batch, the same for every engine: what its preconditions mean and what its ranges stand for. Pure; called
// inside the engine's critical section.
#include "catalog/store.hpp"

namespace fjord::catalog {

// The state a batch is judged against: everything committed before it.
class state_reader {
public:
    virtual ~state_reader() = default;
    virtual result<std::optional<std::string>> get(std::string_view key) const = 0;
    virtual result<void> scan_keys(key_range const& range, std::function<bool(std::string_view key)> const& visit) const = 0;
};

// Writes the delete ranges out as deletes and checks every precondition. errc::conflict with the key; errors of the reader.
result<void> prepare_batch(write_batch& batch, state_reader const& state);

}  // namespace fjord::catalog
