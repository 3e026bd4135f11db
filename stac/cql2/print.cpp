#include "stac/cql2/expression.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <charconv>
#include <cmath>

namespace fjord::stac::cql2 {
namespace {

namespace json = boost::json;

std::string number_text(double v, bool whole) {
    char buffer[64];
    auto const end = whole && std::abs(v) < 9e15 ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(v)).ptr
                                                 : std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
    std::string out(buffer, end);
    if (!whole && out.find_first_of(".e") == std::string::npos) out += ".0";
    return out;
}

std::string number_text(json::value const& v) { return number_text(v.to_number<double>(), !v.is_double()); }

std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (char const c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out += quote;
}

void append_positions(std::string& out, json::value const& v, bool outermost = false) {
    auto const& list = v.get_array();
    bool const position = !list.empty() && list[0].is_number();
    if (!position || outermost) out += '(';
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out += position ? " " : ", ";
        if (position) {
            out += number_text(list[i]);
        } else {
            append_positions(out, list[i]);
        }
    }
    if (!position || outermost) out += ')';
}

std::string wkt(json::value const& v) {
    auto const& object = v.get_object();
    if (auto const* bbox = object.if_contains("bbox"); bbox && !object.contains("type")) {
        std::string out = "BBOX(";
        for (auto const& n : bbox->get_array()) out += (out.back() == '(' ? "" : ", ") + number_text(n);
        return out += ')';
    }
    std::string out;
    for (char const c : object.at("type").get_string()) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    if (auto const* members = object.if_contains("geometries")) {
        out += '(';
        for (auto const& m : members->get_array()) out += (out.back() == '(' ? "" : ", ") + wkt(m);
        return out += ')';
    }
    append_positions(out, object.at("coordinates"), true);
    return out;
}

std::string joined(std::vector<node> const& args, std::string_view between) {
    std::string out;
    for (auto const& a : args) {
        if (!out.empty()) out += between;
        out += to_text(a);
    }
    return out;
}

// Operands that are not plain values stand in parentheses, so no precedence has to be remembered.
std::string operand(node const& n) {
    bool const plain = n.kind <= op::function || n.kind == op::casei || n.kind == op::accenti || is_spatial(n.kind) ||
                       is_temporal(n.kind) || is_array_op(n.kind);
    return plain ? to_text(n) : "(" + to_text(n) + ")";
}

std::string infix(node const& n, std::string const& symbol) {
    std::string out;
    for (auto const& a : n.args) {
        if (!out.empty()) out += " " + symbol + " ";
        out += operand(a);
    }
    return out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return out;
}

std::string interval_text(node const& n) {
    auto end = [](node const& e) {
        if (e.kind == op::unbounded) return std::string("'..'");
        if (e.kind == op::date || e.kind == op::timestamp) return quoted(e.text, '\'');
        return to_text(e);
    };
    return "INTERVAL(" + end(n.args[0]) + ", " + end(n.args[1]) + ")";
}

json::value interval_json(node const& n) {
    json::array ends;
    for (auto const& e : n.args) {
        if (e.kind == op::unbounded) {
            ends.emplace_back("..");
        } else if (e.kind == op::date || e.kind == op::timestamp) {
            ends.emplace_back(e.text);
        } else {
            ends.push_back(to_json(e));
        }
    }
    return json::object{{"interval", std::move(ends)}};
}

json::array json_list(std::vector<node> const& args) {
    json::array out;
    for (auto const& a : args) out.push_back(to_json(a));
    return out;
}

}  // namespace

std::string to_text(node const& n) {
    switch (n.kind) {
        case op::boolean:
            return n.truth ? "TRUE" : "FALSE";
        case op::number:
            return number_text(n.number, n.whole);
        case op::text:
            return quoted(n.text, '\'');
        case op::date:
            return "DATE(" + quoted(n.text, '\'') + ")";
        case op::timestamp:
            return "TIMESTAMP(" + quoted(n.text, '\'') + ")";
        case op::interval:
            return interval_text(n);
        case op::unbounded:
            return "'..'";
        case op::geometry:
            return wkt(n.shape->json);
        case op::array:
            return "(" + joined(n.args, ", ") + ")";
        case op::property:
            return quoted(n.text, '"');
        case op::function:
            return n.text + "(" + joined(n.args, ", ") + ")";
        case op::not_:
            return "NOT (" + to_text(n.args[0]) + ")";
        case op::is_null:
            return operand(n.args[0]) + " IS NULL";
        case op::between:
            return operand(n.args[0]) + " BETWEEN " + operand(n.args[1]) + " AND " + operand(n.args[2]);
        case op::and_:
        case op::or_:
        case op::like:
        case op::in:
            return infix(n, upper(name_of(n.kind)));
        default:
            break;
    }
    if (is_comparison(n.kind) || is_arithmetic(n.kind)) return infix(n, std::string(name_of(n.kind)));
    return upper(name_of(n.kind)) + "(" + joined(n.args, ", ") + ")";
}

json::value to_json(node const& n) {
    switch (n.kind) {
        case op::boolean:
            return n.truth;
        case op::number:
            if (n.whole && std::abs(n.number) < 9e15) return static_cast<std::int64_t>(n.number);
            return n.number;
        case op::text:
            return json::string(n.text);
        case op::date:
            return json::object{{"date", n.text}};
        case op::timestamp:
            return json::object{{"timestamp", n.text}};
        case op::interval:
            return interval_json(n);
        case op::unbounded:
            return "..";
        case op::geometry:
            return n.shape->json;
        case op::array:
            return json_list(n.args);
        case op::property:
            return json::object{{"property", n.text}};
        case op::function:
            return json::object{{"op", n.text}, {"args", json_list(n.args)}};
        default:
            break;
    }
    auto const name = name_of(n.kind);
    return json::object{{"op", json::string_view(name.data(), name.size())}, {"args", json_list(n.args)}};
}

}  // namespace fjord::stac::cql2
