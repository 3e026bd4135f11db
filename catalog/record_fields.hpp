#pragma once
// Member by member writing and reading of stored records; the kit of records_json.cpp. Not thread-safe, one per record.
#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fjord::catalog {

namespace json = boost::json;

// Builds one record. Empty text, empty digests and times of zero are left out.
class field_writer {
public:
    field_writer();
    field_writer& text(std::string_view key, std::string_view value);
    field_writer& number(std::string_view key, std::uint64_t value);
    field_writer& flag(std::string_view key, bool value);
    field_writer& time(std::string_view key, wall_time value);
    field_writer& time(std::string_view key, std::optional<wall_time> const& value);
    field_writer& hash(std::string_view key, digest const& value);
    field_writer& hashes(std::string_view key, digest_set const& value);
    field_writer& texts(std::string_view key, std::map<std::string, std::string> const& value);

    std::string str() const;                                         // the record
    std::string str_with_document(std::string_view document) const;  // the framed record

private:
    json::object object_;
};

// Reads one record into variables that keep their value when the member is absent; the first thing wrong is remembered.
class field_reader {
public:
    field_reader(std::string_view stored, std::string_view what);
    static field_reader framed(std::string_view stored, std::string_view what);  // document() is what follows the header

    void text(std::string_view key, std::string& to);
    void number(std::string_view key, std::uint64_t& to);
    void number(std::string_view key, std::uint32_t& to);
    void flag(std::string_view key, bool& to);
    void time(std::string_view key, wall_time& to);
    void time(std::string_view key, std::optional<wall_time>& to);
    void hash(std::string_view key, digest& to);
    void hashes(std::string_view key, digest_set& to);
    void texts(std::string_view key, std::map<std::string, std::string>& to);
    bool has(std::string_view key) const { return object_.contains(key); }

    std::string_view document() const noexcept { return document_; }
    void refuse(std::string_view why);
    result<void> done() const;

private:
    explicit field_reader(std::string_view what) : what_(what) {}
    void parse(std::string_view stored);
    json::value const* find(std::string_view key);

    std::string what_;
    json::object object_;
    std::string_view document_;
    std::optional<error> failure_;
};

}  // namespace fjord::catalog
