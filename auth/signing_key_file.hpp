#pragma once
// The file a broker keeps its signing keys in, and single keys in PEM files. Blocking. What the file says is checked: a key whose
// name is not its thumbprint, or a second key of that name, is a failure, never a guess.
#include "auth/key_schedule.hpp"
#include "auth/signing_key.hpp"
#include "base/file.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

struct stored_key {
    scheduled_key when;
    std::shared_ptr<signing_key const> key;
};

// {"version": 1, "keys": [{"kid", "created", "use_from", "token_life", "pem"}]}. errc::invalid_argument naming what is wrong.
result<std::vector<stored_key>> parse_key_file(std::string_view text, std::string const& file);
result<secret> render_key_file(std::vector<stored_key> const& keys);
inline constexpr std::size_t max_key_file_bytes = 4u << 20;

// Held while it lives; waits for other processes. "<file>.lock" stays.
result<unique_fd> lock_key_file(std::string const& file);

// A PEM file; made with a new EC P-256 key and mode 0600 when absent. errc::invalid_argument.
result<std::shared_ptr<signing_key const>> read_or_make_pem(std::string const& file);

}  // namespace fjord::auth
