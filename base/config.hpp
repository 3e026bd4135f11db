#pragma once
// Configuration from one declared table per role: name, type, default, bounds, prose. The table drives the parser, the error
// messages and docs/configuration.md, so they cannot disagree. Unknown key, wrong type, out of bounds: each failure names
// file, line, key and bound, and all failures of a file are reported, not just the first.
//
// A role declares its options as a table bound to an aggregate:
//
//   struct disk_options { std::string path; std::uint64_t size = 0; };
//   config_table t;
//   t.section("disk", "The disk tier");
//   t.text("disk.path", &o.disk.path).required().prose("Directory for blocks");
//   t.bytes("disk.size", &o.disk.size).between(1 << 20, 1ull << 50).prose("Bytes the tier may use; suffixes KiB..TiB");
//   t.array("issuer", &o.issuers, [](config_table& row, issuer_options& i) { row.text("url", &i.url).required(); });
//   auto ok = t.parse_file("broker.toml");      // result<void>; detail holds every failure, one per line
#include "base/error.hpp"
#include "base/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fjord {

enum class config_type { text, boolean, integer, bytes, duration, text_list, array_of_tables, free_table };

class config_reader;  // config_parse.cpp

// One declared option; the setters chain.
class config_option {
public:
    config_option& required();  // of a list or array: at least one element
    config_option& prose(std::string text);
    config_option& between(std::int64_t min, std::int64_t max);                  // integer, bytes, duration (seconds)
    config_option& one_of(std::vector<std::string> values);                      // text
    config_option& reloadable();                                                 // applied on SIGHUP
    config_option& check(std::function<result<void>(std::string const&)> test);  // text, each element of text_list

private:
    friend class config_table;
    struct impl;
    std::shared_ptr<impl> impl_;
};

class config_table {
public:
    config_table();
    ~config_table();
    config_table(config_table&&) noexcept;
    config_table& operator=(config_table&&) noexcept;

    // Prose for a [section] or [[array]]; keys of a section are written "section.key".
    void section(std::string name, std::string prose);

    // Bind a key to where its value goes. The value there now is the default. Pointers must outlive parse().
    config_option& text(std::string key, std::string* to);
    config_option& boolean(std::string key, bool* to);
    config_option& integer(std::string key, std::int64_t* to);
    config_option& bytes(std::string key, std::uint64_t* to);  // integer or "64 MiB"
    config_option& duration(std::string key, seconds* to);     // ISO 8601 ("PT6H") or integer seconds
    config_option& text_list(std::string key, std::vector<std::string>* to);
    // [[name]]: one Row appended per table; `declare` binds the row's keys.
    template <class Row>
    config_option& array(std::string name, std::vector<Row>* to, std::function<void(config_table&, Row&)> declare) {
        auto add = [to, declare](config_table& row) {
            to->emplace_back();
            declare(row, to->back());
        };
        auto sample = [declare](config_table& row) {
            static Row dummy;
            declare(row, dummy);
        };
        auto clear = [to] { to->clear(); };
        return array_erased(std::move(name), std::move(add), std::move(sample), std::move(clear));
    }

    // A free-form table of text, boolean, integer values ([attributes] of a site), kept as (key, text).
    config_option& free_table(std::string name, std::vector<std::pair<std::string, std::string>>* to);

    result<void> parse_file(std::string const& file);
    result<void> parse_text(std::string_view toml, std::string const& file_name);

    // Markdown reference of the table, for docs/configuration.md.
    std::string markdown() const;

private:
    friend class config_reader;
    config_option& array_erased(std::string name, std::function<void(config_table&)> add_row,
                                std::function<void(config_table&)> sample, std::function<void()> clear);
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord
