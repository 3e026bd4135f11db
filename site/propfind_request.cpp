#include "site/propfind_request.hpp"

#include "storage/xml_reader.hpp"

namespace fjord::site {

namespace {

constexpr std::string_view dav = "DAV:";
constexpr std::size_t max_properties = 256;

class propfind_reader final : public storage::xml_events {
public:
    result<void> start(std::string_view name, std::string_view space, std::size_t depth) override {
        if (depth == 1 && (name != "propfind" || space != dav))
            return fail(errc::invalid_argument, "the body is no DAV:propfind");
        if (depth == 2) return begin(name, space);
        if (depth != 3 || !in_list_) return {};
        if (asked.listed.size() == max_properties) return fail(errc::limit_exceeded, "more than 256 properties are asked for");
        asked.listed.push_back({std::string(space), std::string(name)});
        return {};
    }
    result<void> end(std::string_view, std::string_view, std::size_t depth, std::string_view) override {
        if (depth == 2) in_list_ = false;
        return {};
    }

    asked_properties asked;
    int choices = 0;

private:
    // One of three; `include`, which goes with allprop, changes nothing, because all there is is told anyway.
    result<void> begin(std::string_view name, std::string_view space) {
        if (space != dav) return {};
        in_list_ = name == "prop";
        if (in_list_) asked.what = asked_properties::kind::listed;
        if (name == "propname") asked.what = asked_properties::kind::names;
        if (in_list_ || name == "propname" || name == "allprop") ++choices;
        return {};
    }
    bool in_list_ = false;
};

}  // namespace

result<asked_properties> parse_propfind(std::string_view body) {
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return asked_properties{};
    propfind_reader reader;
    auto read = storage::read_xml("the PROPFIND body", body, {8, 4096, 64u << 10}, reader);
    if (!read && read.error().code == errc::limit_exceeded) return read.error();
    if (!read) return error(errc::invalid_argument, read.error().message());
    if (reader.choices != 1)
        return fail(errc::invalid_argument, "a DAV:propfind names one of allprop, propname and prop (RFC 4918 section 14.20)");
    return std::move(reader.asked);
}

}  // namespace fjord::site
