#include "stac/id_list.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace fjord::stac {
namespace {

constexpr std::size_t block_size = 16;
constexpr std::size_t always_packed = 12;        // bytes of an id; wider ones are compared with front coding
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

namespace {

std::vector<std::uint32_t> bloom_of(std::span<std::string_view const> ids) {
    std::vector<std::uint32_t> bloom((ids.size() / bloom_ids_per_block + 1) * bloom_words, 0);
    for (auto const id : ids) {
        auto const p = place_of(id_list::hash(id), bloom.size());
        for (std::size_t i = 0; i < bloom_words; ++i) bloom[p.block * bloom_words + i] |= p.bits[i];
    }
    return bloom;
}

// Sorted rows of equally wide codes: by their first eight bytes, and the rest only where those are equal.
std::vector<std::uint16_t> sorted_codes(std::string const& codes, std::size_t width, std::size_t n) {
    struct entry {
        std::uint64_t head;
        std::uint16_t row;
    };
    std::vector<entry> order(n);
    for (std::size_t row = 0; row < n; ++row) {
        order[row].row = static_cast<std::uint16_t>(row);
        for (std::size_t i = 0; i < 8; ++i) {
            std::uint64_t const byte = i < width ? static_cast<unsigned char>(codes[row * width + i]) : 0;
            order[row].head = (order[row].head << 8) | byte;
        }
    }
    std::sort(order.begin(), order.end(), [&](entry const& a, entry const& b) {
        if (a.head != b.head) return a.head < b.head;
        return std::memcmp(codes.data() + a.row * width, codes.data() + b.row * width, width) < 0;
    });
    std::vector<std::uint16_t> rows(n);
    for (std::size_t i = 0; i < n; ++i) rows[i] = order[i].row;
    return rows;
}

id_sections front_coded(std::span<std::string_view const> by_row) {
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
    return out;
}

}  // namespace

id_sections encode_ids(std::span<std::string_view const> by_row) {
    auto const n = by_row.size();
    auto const alphabet = id_alphabet::of(by_row);
    id_sections out;
    bool const wide = !alphabet || alphabet->width() > always_packed;
    if (wide) out = front_coded(by_row);
    if (!wide || (alphabet && n * alphabet->width() < out.text.size() + 2 * n)) {
        out = {};
        out.alphabet = alphabet->stored();
        out.text.resize(n * alphabet->width());
        for (std::size_t row = 0; row < n; ++row)
            alphabet->encode(by_row[row], reinterpret_cast<unsigned char*>(out.text.data()) + row * alphabet->width());
        out.row_of_rank = sorted_codes(out.text, alphabet->width(), n);
    }
    out.bloom = bloom_of(by_row);
    return out;
}

result<id_list> id_list::open(std::size_t rows, std::string_view alphabet, std::string_view text,
                              std::span<std::uint32_t const> blocks, std::span<std::uint16_t const> rank_of_row,
                              std::span<std::uint16_t const> row_of_rank, std::span<std::uint32_t const> bloom) {
    id_list out;
    out.text_ = text, out.blocks_ = blocks, out.rank_of_row_ = rank_of_row, out.row_of_rank_ = row_of_rank, out.bloom_ = bloom;
    if (row_of_rank.size() != rows) return broken("sizes differ");
    if (bloom.empty() || bloom.size() % bloom_words != 0) return broken("the filter has no whole block");
    if (!alphabet.empty()) {
        out.alphabet_ = id_alphabet::read(alphabet);
        if (!out.alphabet_) return broken("the alphabet");
    }
    if (auto ok = out.alphabet_ ? out.check_codes() : out.check_blocks(); !ok) return ok.error();
    return out;
}

result<void> id_list::check_codes() const {
    auto const n = size();
    if (text_.size() != n * alphabet_->width()) return broken("sizes differ");
    std::string id;
    for (std::size_t rank = 0; rank < n; ++rank) {
        // Ascending without repeats and in bounds: then every row is there once.
        if (row_of_rank_[rank] >= n) return broken("a row");
        if (!alphabet_->decode(code(row_of_rank_[rank]), id)) return broken("a code");
        if (rank > 0 && compare_rows(row_of_rank_[rank - 1], row_of_rank_[rank]) >= 0) return broken("the ids are out of order");
    }
    return {};
}

result<void> id_list::check_blocks() const {
    auto const n = size();
    if (rank_of_row_.size() != n || blocks_.size() != (n + block_size - 1) / block_size + 1) return broken("sizes differ");
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

std::string id_list::of_row(std::size_t row) const {
    if (!alphabet_) return of_block(rank_of_row_[row]);
    std::string id;
    alphabet_->decode(code(row), id);
    return id;
}

std::string id_list::of_block(std::size_t rank) const {
    auto in = text_.substr(blocks_[rank / block_size]);
    std::string id;
    for (std::size_t i = 0; i <= rank % block_size; ++i) take_id(in, id);
    return id;
}

std::strong_ordering id_list::compare_rows(std::size_t a, std::size_t b) const noexcept {
    if (!alphabet_) return rank_of_row_[a] <=> rank_of_row_[b];
    return std::memcmp(code(a), code(b), alphabet_->width()) <=> 0;
}

std::strong_ordering id_list::compare(std::size_t row, place const& p) const noexcept {
    if (!alphabet_) {
        if (rank_of_row_[row] == p.rank && p.exact) return std::strong_ordering::equal;
        return rank_of_row_[row] < p.rank ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    auto const o = std::memcmp(code(row), p.code.data(), alphabet_->width()) <=> 0;
    if (o != 0 || p.side == id_alphabet::side::exact) return o;
    return p.side == id_alphabet::side::before ? std::strong_ordering::greater : std::strong_ordering::less;
}

id_list::place id_list::find_place(std::string_view id) const {
    place p;
    if (!alphabet_) {
        p.rank = lower_bound_in_blocks(id);
        p.exact = p.rank < size() && of_block(p.rank) == id;
        return p;
    }
    p.code.resize(alphabet_->width());
    p.side = alphabet_->place(id, reinterpret_cast<unsigned char*>(p.code.data()));
    std::size_t low = 0, high = size();
    while (low < high) {
        auto const middle = (low + high) / 2;
        if (compare(row_of_rank_[middle], p) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    p.rank = low;
    p.exact = low < size() && compare(row_of_rank_[low], p) == 0;
    return p;
}

std::size_t id_list::lower_bound_in_blocks(std::string_view id) const {
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
    auto const p = find_place(id);
    if (!p.exact) return std::nullopt;
    return row_of_rank_[p.rank];
}

std::size_t id_list::bytes() const noexcept {
    return (alphabet_ ? alphabet_->stored().size() : 0) + text_.size() + blocks_.size_bytes() + rank_of_row_.size_bytes() +
           row_of_rank_.size_bytes() + bloom_.size_bytes();
}

}  // namespace fjord::stac
