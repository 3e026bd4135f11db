#include "auth/decision_cache.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace fjord::auth {

std::size_t decision_cache::row_of(digest const& token_hash) noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, token_hash.bytes().data(), std::min<std::size_t>(token_hash.bytes().size(), sizeof bits));
    return bits % rows;
}

decision decision_cache::find(digest const& token_hash, wall_time now) {
    auto& row = rows_[row_of(token_hash)];
    std::lock_guard lock(row.mutex);
    for (auto& p : row.places) {
        if (!p.entry || p.hash != token_hash) continue;
        if (now < p.until) return p.entry;
        p = {};
    }
    return nullptr;
}

void decision_cache::put(digest const& token_hash, decision entry, wall_time now) {
    auto const expires = entry->who->expires;
    if (!expires || now >= *expires) return;
    auto& row = rows_[row_of(token_hash)];
    std::lock_guard lock(row.mutex);
    auto* to = &row.places[0];
    for (auto& p : row.places) {
        if (p.entry && p.hash == token_hash) {
            to = &p;
            break;
        }
        if (p.until < to->until) to = &p;  // empty places end first of all
    }
    *to = {token_hash, *expires, std::move(entry)};
}

std::size_t decision_cache::size() const {
    std::size_t sum = 0;
    for (auto const& row : rows_) {
        std::lock_guard lock(row.mutex);
        for (auto const& p : row.places) sum += p.entry != nullptr;
    }
    return sum;
}

// The end of a token is its signature: as good as random, so the bits are spread by a multiplication and no more.
std::uint64_t recent_tokens::mark_of(std::string_view token) noexcept {
    std::uint64_t a = 0, b = 0;
    auto const tail = token.substr(token.size() - std::min<std::size_t>(token.size(), 16));
    std::memcpy(&a, tail.data(), std::min<std::size_t>(tail.size(), 8));
    if (tail.size() > 8) std::memcpy(&b, tail.data() + 8, tail.size() - 8);
    return (a ^ (b << 1)) * 0x9E3779B97F4A7C15ull;
}

recent_tokens::~recent_tokens() {
    for (auto& row : rows_)
        for (auto& p : row.places) OPENSSL_cleanse(p.text.data(), p.text.size());
}

decision recent_tokens::find(std::string_view token, std::uint64_t epoch, wall_time now) {
    auto const mark = mark_of(token);
    auto& row = rows_[(mark >> 54) % rows];
    std::lock_guard lock(row.mutex);
    for (auto const& p : row.places)
        if (p.mark == mark && p.epoch == epoch && now < p.until && p.text == token) return p.entry;
    return nullptr;
}

void recent_tokens::put(std::string_view token, decision entry, std::uint64_t epoch, wall_time now) {
    if (token.size() > max_text || !entry->who->expires) return;
    auto const mark = mark_of(token);
    auto& row = rows_[(mark >> 54) % rows];
    std::lock_guard lock(row.mutex);
    auto* to = &row.places[0];
    for (auto& p : row.places) {
        if (p.mark == mark && p.text == token) {
            to = &p;
            break;
        }
        if (p.until < to->until) to = &p;
    }
    OPENSSL_cleanse(to->text.data(), to->text.size());
    to->text = token;
    to->mark = mark;
    to->until = std::min(*entry->who->expires, now + longest);
    to->epoch = epoch;
    to->entry = std::move(entry);
}

}  // namespace fjord::auth
