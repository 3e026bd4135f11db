#pragma once
// Recognises a request head that is plain enough for quick handlers. Whatever it accepts, request_parser and check_head() accept
// too and read in the same way; it accepts far less. Pure, no allocation.
#include "net/quick.hpp"

#include <array>
#include <optional>

namespace fjord::net {

struct quick_head {
    static constexpr std::size_t max_fields = 32;

    quick_request req;            // req.fields views `room`: no copies of a quick_head
    std::string_view request_id;  // X-Request-Id as sent, fit for use; "" when there is none
    std::size_t size = 0;         // bytes of the head, with the empty line
    std::array<quick_field, max_fields> room;

    quick_head() = default;
    quick_head(quick_head const&) = delete;
    quick_head& operator=(quick_head const&) = delete;
};

// False: not plain, or not complete. The views in `out` are into `bytes`.
bool read_quick_head(std::string_view bytes, quick_head& out);

}  // namespace fjord::net
