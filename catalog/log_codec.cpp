#include "catalog/log_codec.hpp"

namespace fjord::catalog {
namespace {

constexpr char format_tag = '\x01';

template <class Unsigned>
void append(std::string& out, Unsigned n) {
    for (int shift = 8 * sizeof(n) - 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift & 0xff));
}

// Takes from the front of `rest`; false when it is too short.
template <class Unsigned>
bool take(std::string_view& rest, Unsigned& n) {
    if (rest.size() < sizeof(n)) return false;
    n = 0;
    for (std::size_t i = 0; i < sizeof(n); ++i) n = n << 8 | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(sizeof(n));
    return true;
}

bool take(std::string_view& rest, std::string& text) {
    std::uint32_t size = 0;
    if (!take(rest, size) || rest.size() < size) return false;
    text = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
}

error broken() {
    return fail(errc::corrupt, "the catalog's log holds an entry that cannot be read; restore the store from a backup");
}

}  // namespace

std::string encode_log_key(sequence seq) {
    std::string key;
    append(key, seq);
    return key;
}

result<sequence> decode_log_key(std::string_view key) {
    sequence seq = 0;
    if (key.size() != sizeof(seq) || !take(key, seq)) return broken();
    return seq;
}

std::string encode_log_value(log_entry const& entry) {
    std::string out(1, format_tag);
    out.reserve(17 + entry.type.size() + entry.subject.size() + entry.data.size());
    append(out, static_cast<std::uint64_t>(entry.time.time_since_epoch().count()));
    append(out, static_cast<std::uint32_t>(entry.type.size()));
    out += entry.type;
    append(out, static_cast<std::uint32_t>(entry.subject.size()));
    out += entry.subject;
    out += entry.data;
    return out;
}

result<log_entry> decode_log_value(sequence seq, std::string_view value) {
    log_entry entry{.seq = seq};
    if (value.empty() || value.front() != format_tag) return broken();
    value.remove_prefix(1);
    std::uint64_t ms = 0;
    if (!take(value, ms) || !take(value, entry.type) || !take(value, entry.subject)) return broken();
    entry.time = wall_time{milliseconds{static_cast<std::int64_t>(ms)}};
    entry.data = value;
    return entry;
}

error log_was_pruned(sequence since, sequence oldest) {
    return fail(errc::not_found, "the log after entry " + std::to_string(since) + " is no longer kept (the oldest entry is " +
                                     std::to_string(oldest) + "); read the state and follow from its position");
}

error log_ends_before(sequence since, sequence newest) {
    return fail(errc::not_found, "there is no log entry " + std::to_string(since) + " (the newest is " + std::to_string(newest) +
                                     "); read the state and follow from its position");
}

}  // namespace fjord::catalog
