#pragma once
// A packed Hilbert R-tree over the bounds of one segment's rows: static, built once, 16 children to a node, no pointers
// (as in flatbush). The bounds of the rows themselves stay in the segment's column.
#include "stac/outline.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace fjord::stac {

struct rtree_sections {
    std::vector<std::uint16_t> rows;  // in Hilbert order of the centres; rows without geometry are not there
    std::vector<box4> nodes;          // level by level: over 16 rows each, over 16 of those nodes each, ... up to one root
};
rtree_sections build_rtree(std::span<box4 const> bounds);

// A view; the sections outlive it. Any thread.
class rtree {
public:
    static constexpr std::size_t fanout = 16;
    rtree() = default;
    rtree(std::span<std::uint16_t const> rows, std::span<box4 const> nodes);
    bool sound(std::size_t rows_of_segment) const noexcept;  // sizes and rows fit: walking stays in bounds

    std::size_t bytes() const noexcept { return rows_.size_bytes() + nodes_.size_bytes(); }

    // `enter(bounds)` says what of a node is wanted: 0 nothing, 1 look closer, 2 all rows below it. `take(row, all)` gets rows.
    template <class Enter, class Take>
    void walk(Enter enter, Take take) const {
        if (!levels_.empty()) descend(levels_.size() - 1, 0, enter, take);
    }

private:
    struct level {
        std::size_t begin, size;
    };
    template <class Enter, class Take>
    void descend(std::size_t at, std::size_t node, Enter& enter, Take& take) const {
        int const wanted = enter(nodes_[levels_[at].begin + node]);
        if (wanted == 0) return;
        if (wanted == 2 || at == 0) {
            std::size_t span = fanout;
            for (std::size_t i = 0; i < at; ++i) span *= fanout;
            auto const end = std::min(rows_.size(), (node + 1) * span);
            for (auto i = node * span; i < end; ++i) take(rows_[i], wanted == 2);
            return;
        }
        auto const end = std::min(levels_[at - 1].size, (node + 1) * fanout);
        for (auto i = node * fanout; i < end; ++i) descend(at - 1, i, enter, take);
    }

    std::span<std::uint16_t const> rows_;
    std::span<box4 const> nodes_;
    std::vector<level> levels_;  // lowest first
};

}  // namespace fjord::stac
