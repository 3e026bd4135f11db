#pragma once
// Mapped mode: uploads wait beside their targets, under the accounts they are for, so a killed door cannot find its leftovers in
// one folder of its own. Each upload under way is therefore noted in the door's state folder, and the next start removes what is
// noted there, as the account it belongs to. One small file per upload. Blocking; any thread after open.
#include "base/file.hpp"
#include "site/account.hpp"
#include "site/path.hpp"

#include <string>
#include <vector>

namespace fjord::site {

class upload_notes {
public:
    struct note {
        std::string name;         // of the waiting file
        account owner;            // name is empty
        path_segments directory;  // below the root
    };

    // Makes the folder (0700) and locks it. errc::conflict: another door uses it; errc::denied, errc::not_found.
    static result<upload_notes> open(std::string const& folder);

    result<void> write(note const& n) const;
    void erase(std::string const& name) const noexcept;
    std::vector<note> read_all() const;  // unreadable ones are logged and left

private:
    explicit upload_notes(unique_fd folder) : folder_(std::move(folder)) {}
    unique_fd folder_;
};

// The text of a note: "UID GID GID,GID,...\n/dir/of/target\n". Pure.
std::string note_text(upload_notes::note const& n);
result<upload_notes::note> parse_note(std::string name, std::string_view text);

}  // namespace fjord::site
