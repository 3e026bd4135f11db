#pragma once
// Which chunks of a download are on disk, and which a worker may take next. Pure; one thread.
#include "base/byte_range.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cli {

class chunk_map {
public:
    static constexpr std::uint64_t chunk_bytes = 8u << 20;

    explicit chunk_map(std::uint64_t size);

    std::size_t count() const noexcept { return state_.size(); }
    byte_span span(std::size_t chunk) const noexcept;
    std::optional<std::size_t> take();  // the lowest free chunk
    void give_back(std::size_t chunk);  // failed: somebody else may try
    void finish(std::size_t chunk);
    void reset();  // all bytes are suspect
    bool complete() const noexcept;
    std::uint64_t bytes_done() const noexcept;

    // One character per chunk ('1' done, '0' not), for the sidecar file; load() ignores text of another shape.
    std::string save() const;
    void load(std::string_view text);

private:
    enum class chunk_state : char { free, taken, done };
    std::uint64_t size_;
    std::vector<chunk_state> state_;
};

}  // namespace fjord::cli
