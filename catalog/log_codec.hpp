#pragma once
// Log entries as bytes, for engines that store bytes. Key: the sequence, 8 bytes big-endian, so that keys sort by age. Value:
// 0x01, time (ms since 1970, 8 bytes), length and bytes of type, length and bytes of subject (lengths 4 bytes), then the data to
// the end; integers big-endian. Pure; any thread.
#include "catalog/store.hpp"

#include <string>
#include <string_view>

namespace fjord::catalog {

std::string encode_log_key(sequence seq);
result<sequence> decode_log_key(std::string_view key);                     // errc::corrupt
std::string encode_log_value(log_entry const& entry);                      // all but seq
result<log_entry> decode_log_value(sequence seq, std::string_view value);  // errc::corrupt

// What every engine answers to a reader that is outside its log.
error log_was_pruned(sequence since, sequence oldest);
error log_ends_before(sequence since, sequence newest);

}  // namespace fjord::catalog
