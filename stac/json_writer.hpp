#pragma once
// Writes JSON text in the order told, numbers in their shortest plain form (Boost.JSON would print 0.5 as 5E-1).
//
//   json_writer w;
//   w.open('{').key("a").number(1.5).key("b").open('[').text("x").close(']').close('}');
#include <cstdint>
#include <string>
#include <string_view>

namespace fjord::stac {

class json_writer {
public:
    json_writer& open(char bracket);
    json_writer& close(char bracket);
    json_writer& key(std::string_view name);
    json_writer& text(std::string_view value);
    json_writer& number(double value);  // NaN and infinities as the strings STAC uses: "nan", "inf", "-inf"
    json_writer& integer(std::int64_t value);
    json_writer& boolean(bool value);
    json_writer& null();
    json_writer& raw(std::string_view json);  // JSON text, as it is
    std::string take() { return std::move(out_); }

private:
    void separate();
    std::string out_;
    bool after_value_ = false;
};

std::string number_text(double value);

}  // namespace fjord::stac
