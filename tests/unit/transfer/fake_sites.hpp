#pragma once
// Storage sites in memory, with scripted faults. Tokens are checked as strictly as XRootD 5.5.3 checks them: a step with a token
// that does not cover it is denied, and so is one with a token for another site.
#include "base/digest.hpp"
#include "transfer/access.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace fjord::transfer::test {

struct fake_site {
    std::map<std::string, std::string> files;  // path below the url -> bytes
    std::set<std::string> folders;
    std::set<digest_algorithm> checksums{digest_algorithm::sha256, digest_algorithm::adler32};

    // Faults of COPY to this site; each count is one COPY.
    int refuse = 0;  // fails with `refusal`, leaves a zero-byte file as XRootD does
    error refusal{errc::unavailable, "connection reset"};
    int lie = 0;                        // says success, writes nothing
    int lie_empty = 0;                  // says success, leaves a zero-byte file
    int spoil = 0;                      // says success, writes other bytes of the same length
    bool stall = false;                 // never ends, half the bytes are there
    bool offline = false;               // every call fails
    std::set<std::string> unsupported;  // "pull", "push"
    std::chrono::milliseconds copy_time{0};

    // How the server reads the rules.
    bool delete_needs_read = true;              // XRootD 5.5.3 looks before it deletes
    bool move_needs_modify = true;              // false: create on both names and read on the target is enough
    bool makes_folders = false;                 // COPY and MOVE make missing folders
    std::map<std::string, std::string> tokens;  // the last one of "stat", "rename", "remove", "mkcol"

    int copies = 0, running = 0, most_running = 0;  // COPYs writing here
    std::string last_mode;
};

class fake_sites final : public site_access {
public:
    result<std::shared_ptr<storage::driver>> driver(catalog::site_record const& site) override;
    secret token(catalog::site_record const& site, std::vector<grant> const& grants) override;

    fake_site& at(std::string const& id) { return sites_[id]; }
    std::map<std::string, fake_site>& all() { return sites_; }
    // Files under a staging folder, anywhere.
    std::size_t staged() const;

    std::function<void(std::string const& what)> on_step;  // "copy site-b", "rename site-b": before it happens

private:
    friend class fake_driver;
    std::map<std::string, fake_site> sites_;
};

}  // namespace fjord::transfer::test
