#pragma once
// Untrusted XML as events, by expat. Document type declarations (and with them entities) are refused, depth, text and size are
// limited. Bytes in, calls out; no I/O, one thread.
#include "base/error.hpp"

#include <cstddef>
#include <string_view>

namespace fjord::storage {

struct xml_limits {
    std::size_t max_depth = 32;
    std::size_t max_text = 16u << 10;   // of one element
    std::size_t max_size = 1ull << 30;  // of the document
};

// Names come without their namespace, which is given beside them. `depth` is 1 for the document element. A failure ends the
// reading and is what read_xml returns.
class xml_events {
public:
    virtual ~xml_events() = default;
    virtual result<void> start(std::string_view name, std::string_view name_space, std::size_t depth) = 0;
    // `text`: the characters directly before the end tag, without surrounding blanks.
    virtual result<void> end(std::string_view name, std::string_view name_space, std::size_t depth, std::string_view text) = 0;
};

// `what` names the document in failures ("the listing"). errc::corrupt: not well-formed, or with a document type;
// errc::limit_exceeded; what `events` returned.
result<void> read_xml(std::string_view what, std::string_view xml, xml_limits limits, xml_events& events);

}  // namespace fjord::storage
