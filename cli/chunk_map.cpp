#include "cli/chunk_map.hpp"

#include <algorithm>

namespace fjord::cli {

chunk_map::chunk_map(std::uint64_t size) : size_(size), state_((size + chunk_bytes - 1) / chunk_bytes, chunk_state::free) {}

byte_span chunk_map::span(std::size_t chunk) const noexcept {
    auto const begin = chunk * chunk_bytes;
    return {begin, std::min(size_, begin + chunk_bytes)};
}

std::optional<std::size_t> chunk_map::take() {
    auto at = std::find(state_.begin(), state_.end(), chunk_state::free);
    if (at == state_.end()) return std::nullopt;
    *at = chunk_state::taken;
    return static_cast<std::size_t>(at - state_.begin());
}

void chunk_map::give_back(std::size_t chunk) { state_[chunk] = chunk_state::free; }
void chunk_map::finish(std::size_t chunk) { state_[chunk] = chunk_state::done; }
void chunk_map::reset() { std::fill(state_.begin(), state_.end(), chunk_state::free); }

bool chunk_map::complete() const noexcept {
    return std::all_of(state_.begin(), state_.end(), [](chunk_state s) { return s == chunk_state::done; });
}

std::uint64_t chunk_map::bytes_done() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < state_.size(); ++i)
        if (state_[i] == chunk_state::done) sum += span(i).size();
    return sum;
}

std::string chunk_map::save() const {
    std::string text;
    for (auto s : state_) text += s == chunk_state::done ? '1' : '0';
    return text;
}

void chunk_map::load(std::string_view text) {
    if (text.size() != state_.size()) return;
    for (std::size_t i = 0; i < text.size(); ++i) state_[i] = text[i] == '1' ? chunk_state::done : chunk_state::free;
}

}  // namespace fjord::cli
