// Stored bytes of any kind: decoding refuses or reads, and what it read encodes to something it reads again.
#include "catalog/keys.hpp"
#include "catalog/log_codec.hpp"
#include "catalog/records_json.hpp"

#include <cstdlib>

namespace {

using namespace fjord::catalog;

template <class Record>
void try_decode(std::string_view bytes) {
    Record read;
    if (!decode(bytes, read)) return;
    auto stored = encode(read);
    Record again;
    if (!decode(stored, again) || encode(again) != stored) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(uint8_t const* data, size_t size) {
    std::string_view bytes(reinterpret_cast<char const*>(data), size);
    try_decode<collection_record>(bytes);
    try_decode<item_record>(bytes);
    try_decode<asset_pointer>(bytes);
    try_decode<numbered_version>(bytes);
    try_decode<tree_member>(bytes);
    try_decode<replica_record>(bytes);
    try_decode<site_record>(bytes);
    try_decode<rule_record>(bytes);
    try_decode<transfer_record>(bytes);
    try_decode<policy_record>(bytes);
    try_decode<upload_record>(bytes);
    try_decode<revocation_record>(bytes);
    try_decode<probe_record>(bytes);
    (void)decode_log_value(1, bytes);
    (void)keys::describe(bytes);
    if (auto a = parse_asset_ref(bytes); a && *parse_asset_ref(a->str()) != *a) std::abort();
    return 0;
}
