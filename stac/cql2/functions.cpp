#include "stac/cql2/functions.hpp"

#include "stac/calendar.hpp"
#include "stac/cql2/fold.hpp"

#include <algorithm>
#include <cmath>

namespace fjord::stac::cql2 {
namespace {

using type = function_info::kind;
using kind = value::kind;
using arguments = std::span<value const>;

value number(double n) { return std::isfinite(n) ? value::of(n) : value{}; }

template <double (*F)(double)>
value of_number(arguments a) {
    return a[0].type == kind::number ? number(F(a[0].number)) : value{};
}

// Halves away from zero, as SQL does.
double rounded(double n) { return std::round(n); }

value power_of(arguments a) {
    return a[0].type == kind::number && a[1].type == kind::number ? number(std::pow(a[0].number, a[1].number)) : value{};
}

value lower(arguments a) { return a[0].type == kind::text ? value::of(fold_case(a[0].text)) : value{}; }

value length(arguments a) {
    if (a[0].type != kind::text) return {};
    auto const continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    auto const n = a[0].text.size() - static_cast<std::size_t>(std::count_if(a[0].text.begin(), a[0].text.end(), continues));
    return value::of(static_cast<double>(n));
}

value concatenated(arguments a) {
    return a[0].type == kind::text && a[1].type == kind::text ? value::of(a[0].text + a[1].text) : value{};
}

template <class Field>
value field_of(arguments a, Field field) {
    auto const t = as_time(a[0]);
    if (!t || a[0].type == kind::interval) return {};
    return value::of(static_cast<double>(field(calendar_of(t->start))));
}
value year_of(arguments a) {
    return field_of(a, [](calendar_fields const& c) { return c.year; });
}
value month_of(arguments a) {
    return field_of(a, [](calendar_fields const& c) { return c.month; });
}
value day_of(arguments a) {
    return field_of(a, [](calendar_fields const& c) { return c.day; });
}
value hour_of(arguments a) {
    return field_of(a, [](calendar_fields const& c) { return c.hour; });
}

value phrase_in(arguments a) {
    if (a[1].type != kind::text) return {};
    auto const& phrase = a[1].text;
    if (a[0].type == kind::text) return value::of(has_phrase(a[0].text, phrase));
    if (a[0].type != kind::array) return value::of(false);
    auto const& items = a[0].items;
    return value::of(std::any_of(items.begin(), items.end(),
                                 [&](value const& v) { return v.type == kind::text && has_phrase(v.text, phrase); }));
}

// Letters, digits and everything beyond ASCII belong to words.
bool in_word(char c) {
    auto const u = static_cast<unsigned char>(c);
    return u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z');
}

// Case and accents folded, each run of other characters one space.
std::string words_of(std::string_view text) {
    std::string out;
    for (char const c : fold_case(strip_accents(text))) {
        if (in_word(c))
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

char lowered(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool has_phrase(std::string_view text, std::string_view phrase) {
    auto const wanted = words_of(phrase);
    if (wanted.empty()) return false;
    return (" " + words_of(text) + " ").find(" " + wanted + " ") != std::string::npos;
}

std::string_view name_of(function_info::kind k) noexcept {
    switch (k) {
        case type::number:
            return "number";
        case type::text:
            return "string";
        case type::boolean:
            return "boolean";
        default:
            return "datetime";
    }
}

std::vector<function_info> const& functions() {
    static std::vector<function_info> const all{
        {"abs", "The value without its sign", {{"value", type::number}}, type::number, of_number<std::fabs>},
        {"ceil", "The least whole number that is not less", {{"value", type::number}}, type::number, of_number<std::ceil>},
        {"floor", "The greatest whole number that is not more", {{"value", type::number}}, type::number, of_number<std::floor>},
        {"round", "The nearest whole number, halves away from zero", {{"value", type::number}}, type::number, of_number<rounded>},
        {"sqrt", "The square root; null of negative numbers", {{"value", type::number}}, type::number, of_number<std::sqrt>},
        {"ln",
         "The natural logarithm; null of what is not positive",
         {{"value", type::number}},
         type::number,
         of_number<std::log>},
        {"pow", "base ^ exponent", {{"base", type::number}, {"exponent", type::number}}, type::number, power_of},
        {"lower", "The text by Unicode case folding, as CASEI", {{"text", type::text}}, type::text, lower},
        {"length", "How many characters (code points) a text has", {{"text", type::text}}, type::number, length},
        {"concat", "The second text behind the first", {{"first", type::text}, {"second", type::text}}, type::text, concatenated},
        {"year", "The year of a time in UTC", {{"time", type::time}}, type::number, year_of},
        {"month", "The month of a time in UTC, 1 to 12", {{"time", type::time}}, type::number, month_of},
        {"day", "The day of the month of a time in UTC, 1 to 31", {{"time", type::time}}, type::number, day_of},
        {"hour", "The hour of a time in UTC, 0 to 23", {{"time", type::time}}, type::number, hour_of},
        {"has_phrase",
         "Whether the phrase stands in the text, or in one text of an array, as whole words, without regard to case and accents; "
         "false where there is no text",
         {{"text", type::text}, {"phrase", type::text}},
         type::boolean,
         phrase_in},
    };
    return all;
}

function_info const* find_function(std::string_view name) noexcept {
    for (auto const& f : functions()) {
        if (std::equal(f.name.begin(), f.name.end(), name.begin(), name.end(),
                       [](char a, char b) { return lowered(a) == lowered(b); }))
            return &f;
    }
    return nullptr;
}

}  // namespace fjord::stac::cql2
