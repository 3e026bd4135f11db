#pragma once
// The keys one issuer signs with, as they change over time: kept in one file (mode 0600, replaced atomically, so that kill -9
// leaves the old set or the new one), published together, rotated by schedule or on demand. A key is in the file before it is in
// the JWKS, and in the JWKS `publish_ahead` before it signs.
//
// Several brokers of one issuer may share the file: every change is made under a lock on "<file>.lock", on what the file says
// then, and tick() reads the file again when another process has replaced it.
#include "auth/key_schedule.hpp"
#include "auth/signing_key.hpp"
#include "base/clock.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

struct signing_options {
    std::string file;     // where the keys are kept (JSON with PEM inside)
    std::string own_key;  // PEM file of the operator; empty: keys are made here. Taken in anew when it changes.
    std::string adopt;    // PEM file taken in as the first key when there is none yet (keys of former versions); may be absent
    rotation_policy rotation;
    seconds longest_life{7 * 86400};                      // of any token; longer ones are cut to it
    std::vector<algorithm> algorithms{algorithm::es256};  // es256, rs256; each has a key of its own
};

// For people and programs: what `fjord token keys` shows.
struct key_description {
    std::string kid;
    algorithm alg = algorithm::es256;
    key_state state = key_state::next;
    wall_time created{}, use_from{};
    std::optional<wall_time> kept_until;  // of a key with a successor
};

// signer() and jwks() on any thread, without waiting; the others block on the file: start-up, pool threads, a thread of its own.
class signing_keys {
public:
    // Reads the file, or makes the first key; call tick() soon for those of further algorithms. errc::invalid_argument (not our
    // file, not a key), errc::denied, ...
    static result<std::shared_ptr<signing_keys>> open(signing_options options, clock& time);
    // One key from a PEM file that is made when absent; never rotated. For development issuers and tools.
    static result<std::shared_ptr<signing_keys>> fixed(std::string const& pem_file, clock& time);
    ~signing_keys();

    // The key that signs now; another algorithm's when there is none of this. Never null.
    std::shared_ptr<signing_key const> signer(algorithm a) const;
    std::string jwks() const;  // public keys that are not spent, JSON
    seconds max_age() const;   // for Cache-Control of the JWKS: never longer than publish_ahead
    seconds longest_life() const noexcept;
    std::vector<algorithm> algorithms() const;
    std::vector<key_description> list() const;

    // Makes a successor that is due, removes what is spent, takes in a changed file. True when the published keys changed.
    result<bool> tick();
    // A successor now: it signs after `publish_ahead`, or at once (then verifiers that keep old keys refuse its tokens until they
    // fetch again). One that is already published is taken. Gives its kid, one per algorithm.
    // errc::conflict when the keys are the operator's own.
    result<std::vector<std::string>> rotate(bool at_once);
    // Takes a key out of the JWKS: no token of it verifies any more, once verifiers fetch again. errc::not_found;
    // errc::conflict for the one that signs.
    result<void> drop(std::string_view kid);

private:
    signing_keys();
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::auth
