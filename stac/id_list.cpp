#include "stac/id_list.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace fjord::stac {
namespace {

constexpr std::size_t block_size = 16;
constexpr std::size_t bloom_words = 8;           // of 32 bits: a filter block is one half of a cache line
constexpr std::size_t bloom_ids_per_block = 25;  // about 10 bits an id, 1 % false answers

void put_length(std::string& out, std::size_t n) {
    for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
    out += static_cast<char>(n);
}

// Reads one length; nullopt past the end or beyond reason.
std::optional<std::size_t> take_length(std::string_view& in) {
    std::size_t n = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        if (in.empty()) return std::nullopt;
        auto const byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        n |= static_cast<std::size_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return n;
    }
    return std::nullopt;
}

// Turns `id` into the next one of a block.
bool take_id(std::string_view& in, std::string& id) {
    auto const shared = take_length(in), own = take_length(in);
    if (!shared || !own || *shared > id.size() || *own > in.size()) return false;
    id.resize(*shared);
    id.append(in.substr(0, *own));
    in.remove_prefix(*own);
    return true;
}

std::size_t shared_prefix(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// One bit in each word of one block (split block Bloom filter, as Parquet has it).
struct bloom_place {
    std::size_t block;
    std::uint32_t bits[bloom_words];
};
bloom_place place_of(std::uint64_t hash, std::size_t words) {
    static constexpr std::uint32_t salts[bloom_words] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                                         0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
    auto const blocks = words / bloom_words;
    bloom_place p{static_cast<std::size_t>(((hash >> 32) * blocks) >> 32), {}};
    auto const key = static_cast<std::uint32_t>(hash);
    for (std::size_t i = 0; i < bloom_words; ++i) p.bits[i] = std::uint32_t{1} << ((key * salts[i]) >> 27);
    return p;
}

error broken(char const* what) { return fail(errc::corrupt, std::string("segment ids: ") + what); }

}  // namespace

std::uint64_t id_list::hash(std::string_view id) noexcept {
    // Multiply-and-fold over eight bytes at a time.
    std::uint64_t h = 0x9e3779b97f4a7c15ULL ^ id.size();
    auto const mix = [&h](std::uint64_t v) {
        auto const wide = static_cast<unsigned __int128>(h ^ v) * 0xd6e8feb86659fd93ULL;
        h = static_cast<std::uint64_t>(wide) ^ static_cast<std::uint64_t>(wide >> 64);
    };
    std::size_t at = 0;
    for (; at + 8 <= id.size(); at += 8) {
        std::uint64_t v;
        std::memcpy(&v, id.data() + at, 8);
        mix(v);
    }
    std::uint64_t tail = 0;
    std::memcpy(&tail, id.data() + at, id.size() - at);
    mix(tail);
    mix(0x2545f4914f6cdd1dULL);
    return h;
}

id_sections encode_ids(std::span<std::string_view const> by_row) {
    id_sections out;
    auto const n = by_row.size();
    out.row_of_rank.resize(n);
    std::iota(out.row_of_rank.begin(), out.row_of_rank.end(), std::uint16_t{0});
    std::sort(out.row_of_rank.begin(), out.row_of_rank.end(),
              [&](std::uint16_t a, std::uint16_t b) { return by_row[a] < by_row[b]; });
    out.rank_of_row.resize(n);
    std::string_view before;
    for (std::size_t rank = 0; rank < n; ++rank) {
        auto const id = by_row[out.row_of_rank[rank]];
        out.rank_of_row[out.row_of_rank[rank]] = static_cast<std::uint16_t>(rank);
        bool const first = rank % block_size == 0;
        if (first) out.blocks.push_back(static_cast<std::uint32_t>(out.text.size()));
        auto const shared = first ? 0 : shared_prefix(before, id);
        put_length(out.text, shared);
        put_length(out.text, id.size() - shared);
        out.text += id.substr(shared);
        before = id;
    }
    out.blocks.push_back(static_cast<std::uint32_t>(out.text.size()));
    out.bloom.assign((n / bloom_ids_per_block + 1) * bloom_words, 0);
    for (auto const id : by_row) {
        auto const p = place_of(id_list::hash(id), out.bloom.size());
        for (std::size_t i = 0; i < bloom_words; ++i) out.bloom[p.block * bloom_words + i] |= p.bits[i];
    }
    return out;
}

result<void> id_list::check() const {
    auto const n = size();
    if (row_of_rank_.size() != n || blocks_.size() != (n + block_size - 1) / block_size + 1) return broken("sizes differ");
    if (bloom_.empty() || bloom_.size() % bloom_words != 0) return broken("the filter has no whole block");
    for (std::size_t row = 0; row < n; ++row)
        if (rank_of_row_[row] >= n || row_of_rank_[rank_of_row_[row]] != row) return broken("rows and ranks do not match");
    if (blocks_.front() != 0 || blocks_.back() != text_.size()) return broken("the blocks do not cover the text");
    std::string id, before;
    for (std::size_t block = 0; block + 1 < blocks_.size(); ++block) {
        if (blocks_[block] > blocks_[block + 1]) return broken("the blocks are out of order");
        auto in = text_.substr(blocks_[block], blocks_[block + 1] - blocks_[block]);
        id.clear();
        for (auto rank = block * block_size; rank < std::min(n, (block + 1) * block_size); ++rank) {
            if (!take_id(in, id)) return broken("a block is cut short");
            if (rank > 0 && before >= id) return broken("the ids are out of order");
            before = id;
        }
        if (!in.empty()) return broken("a block is too long");
    }
    return {};
}

std::string id_list::of_rank(std::size_t rank) const {
    auto in = text_.substr(blocks_[rank / block_size]);
    std::string id;
    for (std::size_t i = 0; i <= rank % block_size; ++i) take_id(in, id);
    return id;
}

std::size_t id_list::lower_bound(std::string_view id) const {
    // The first block whose first id is greater: the one before it holds the place.
    std::size_t low = 0, high = blocks_.empty() ? 0 : blocks_.size() - 1;
    while (low < high) {
        auto const middle = (low + high) / 2;
        auto in = text_.substr(blocks_[middle]);
        take_length(in);
        auto const own = take_length(in).value_or(0);
        if (in.substr(0, own) <= id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return 0;
    auto const block = low - 1;
    auto in = text_.substr(blocks_[block]);
    std::string here;
    auto const last = std::min(size(), (block + 1) * block_size);
    for (auto rank = block * block_size; rank < last; ++rank) {
        take_id(in, here);
        if (here >= id) return rank;
    }
    return last;
}

bool id_list::may_hold(std::uint64_t hash) const noexcept {
    auto const p = place_of(hash, bloom_.size());
    bool all = true;
    for (std::size_t i = 0; i < bloom_words; ++i) all &= (bloom_[p.block * bloom_words + i] & p.bits[i]) != 0;
    return all;
}

std::optional<std::size_t> id_list::find(std::string_view id) const {
    auto const rank = lower_bound(id);
    if (rank >= size() || of_rank(rank) != id) return std::nullopt;
    return row_of_rank_[rank];
}

std::size_t id_list::bytes() const noexcept {
    return text_.size() + blocks_.size_bytes() + rank_of_row_.size_bytes() + row_of_rank_.size_bytes() + bloom_.size_bytes();
}

}  // namespace fjord::stac
