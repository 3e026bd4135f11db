#include "stac/rtree.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

// Place on a Hilbert curve of order 16 over a 65 536 x 65 536 grid.
std::uint32_t hilbert(std::uint32_t x, std::uint32_t y) {
    std::uint32_t d = 0;
    for (std::uint32_t s = 1u << 15; s > 0; s >>= 1) {
        std::uint32_t const rx = (x & s) != 0, ry = (y & s) != 0;
        d += s * s * ((3 * rx) ^ ry);
        if (ry == 0) {
            if (rx == 1) x = 0xffff - x, y = 0xffff - y;
            std::swap(x, y);
        }
    }
    return d;
}

std::uint32_t cell(double v, double low, double high) {
    return high > low ? static_cast<std::uint32_t>(std::clamp((v - low) / (high - low), 0.0, 1.0) * 65535.0) : 0;
}

std::vector<std::size_t> level_sizes(std::size_t rows) {
    std::vector<std::size_t> sizes;
    if (rows == 0) return sizes;
    do {
        rows = (rows + rtree::fanout - 1) / rtree::fanout;
        sizes.push_back(rows);
    } while (rows > 1);
    return sizes;
}

}  // namespace

rtree_sections build_rtree(std::span<box4 const> bounds) {
    rtree_sections out;
    auto all = no_box();
    for (auto const& b : bounds) all = join(all, b);
    auto const extent = all.as_box();
    std::vector<std::pair<std::uint32_t, std::uint16_t>> order;
    for (std::size_t row = 0; row < bounds.size(); ++row) {
        if (bounds[row].empty()) continue;
        auto const b = bounds[row].as_box();
        auto const x = cell((b.west + b.east) / 2, extent.west, extent.east);
        auto const y = cell((b.south + b.north) / 2, extent.south, extent.north);
        order.emplace_back(hilbert(x, y), static_cast<std::uint16_t>(row));
    }
    std::sort(order.begin(), order.end());
    for (auto const& [place, row] : order) out.rows.push_back(row);
    std::vector<box4> below;
    for (auto const row : out.rows) below.push_back(bounds[row]);
    for (auto const size : level_sizes(out.rows.size())) {
        std::vector<box4> here(size, no_box());
        for (std::size_t i = 0; i < below.size(); ++i) here[i / rtree::fanout] = join(here[i / rtree::fanout], below[i]);
        out.nodes.insert(out.nodes.end(), here.begin(), here.end());
        below = std::move(here);
    }
    return out;
}

rtree::rtree(std::span<std::uint16_t const> rows, std::span<box4 const> nodes) : rows_(rows), nodes_(nodes) {
    std::size_t begin = 0;
    for (auto const size : level_sizes(rows.size())) {
        levels_.push_back({begin, size});
        begin += size;
    }
}

bool rtree::sound(std::size_t rows_of_segment) const noexcept {
    std::size_t nodes = 0;
    for (auto const& l : levels_) nodes += l.size;
    return nodes == nodes_.size() && rows_.size() <= rows_of_segment &&
           std::all_of(rows_.begin(), rows_.end(), [&](std::uint16_t r) { return r < rows_of_segment; });
}

}  // namespace fjord::stac
