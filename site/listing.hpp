#pragma once
// Names of a directory, and the WebDAV document about them (RFC 4918 sections 9.1 and 14).
#include "site/propfind_request.hpp"
#include "site/root.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::site {

struct listed {
    std::string name;
    file_facts facts;
};

// Reads a directory in batches. Left out: what the door does not serve (links, special files, uploads under way) and names
// that no request path can spell (not UTF-8, control characters, backslash). Blocking; one thread at a time.
class directory_reader {
public:
    // `directory` stays the caller's; is_root: the incoming folder is left out.
    static result<directory_reader> open(int directory, bool is_root);
    directory_reader(directory_reader&&) noexcept = default;
    directory_reader& operator=(directory_reader&&) noexcept = default;
    // At most `max`; empty at the end.
    result<std::vector<listed>> next(std::size_t max);

private:
    struct closer {
        void operator()(void* dir) const noexcept;
    };
    explicit directory_reader(void* dir, bool is_root) : dir_(dir), is_root_(is_root) {}
    std::unique_ptr<void, closer> dir_;
    bool is_root_ = false;
};

// "/data/a%20b/": the path a client uses, percent-encoded; directories end with a slash.
std::string href_of(path_segments const& prefix, path_segments const& path, bool directory);

// Pieces of a multistatus document; pure.
std::string_view multistatus_head() noexcept;
std::string_view multistatus_tail() noexcept;
struct dav_properties {
    std::string href;
    file_facts facts;
    std::string etag;                 // "" = not told
    std::optional<disk_space> space;  // quota properties of RFC 4331
};
// With what is asked for: properties that the resource does not have are named with status 404.
std::string response_element(dav_properties const& properties, asked_properties const& asked = {});

std::string_view content_type_of(std::string_view name) noexcept;  // by extension; application/octet-stream otherwise

}  // namespace fjord::site
