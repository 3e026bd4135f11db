#include "storage/xml_reader.hpp"

#include <expat.h>

#include <memory>
#include <optional>
#include <string>

namespace fjord::storage {

namespace {

constexpr char separator = '\n';  // between namespace and local name; neither can hold it

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

struct split_name {
    std::string_view local, space;

    explicit split_name(std::string_view full) {
        auto const at = full.find(separator);
        local = at == std::string_view::npos ? full : full.substr(at + 1);
        space = at == std::string_view::npos ? std::string_view{} : full.substr(0, at);
    }
};

class reader {
public:
    reader(std::string_view what, xml_limits limits, xml_events& events)
        : what_(what), limits_(limits), events_(events), parser_(XML_ParserCreateNS(nullptr, separator), &XML_ParserFree) {}

    result<void> run(std::string_view xml) {
        if (!parser_) return fail(errc::internal, "no memory for an XML parser");
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), &reader::on_start, &reader::on_end);
        XML_SetCharacterDataHandler(parser_.get(), &reader::on_text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), &reader::on_doctype);
        auto const status = XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
        if (failure_) return *failure_;
        if (status == XML_STATUS_OK) return {};
        return fail(errc::corrupt, what_ + " is not well-formed XML: " + XML_ErrorString(XML_GetErrorCode(parser_.get())) +
                                       " in line " + std::to_string(XML_GetCurrentLineNumber(parser_.get())));
    }

private:
    static void on_doctype(void* self, XML_Char const*, XML_Char const*, XML_Char const*, int) {
        auto& r = *static_cast<reader*>(self);
        r.stop(fail(errc::corrupt, r.what_ + " has a document type declaration, which is refused"));
    }
    static void on_start(void* self, XML_Char const* name, XML_Char const**) { static_cast<reader*>(self)->start(name); }
    static void on_end(void* self, XML_Char const* name) { static_cast<reader*>(self)->end(name); }
    static void on_text(void* self, XML_Char const* text, int length) {
        static_cast<reader*>(self)->characters({text, static_cast<std::size_t>(length)});
    }

    void stop(error why) {
        if (!failure_) failure_ = std::move(why);
        XML_StopParser(parser_.get(), XML_FALSE);
    }

    void start(std::string_view full) {
        if (failure_) return;
        text_.clear();
        if (++depth_ > limits_.max_depth) return stop(fail(errc::limit_exceeded, what_ + " is nested too deeply"));
        split_name const name(full);
        if (auto ok = events_.start(name.local, name.space, depth_); !ok) stop(ok.error());
    }

    void end(std::string_view full) {
        if (failure_) return;
        split_name const name(full);
        if (auto ok = events_.end(name.local, name.space, depth_, trimmed(text_)); !ok) stop(ok.error());
        --depth_;
        text_.clear();
    }

    void characters(std::string_view bytes) {
        if (failure_) return;
        if (text_.size() + bytes.size() > limits_.max_text)
            return stop(fail(errc::limit_exceeded, "a text of " + what_ + " is too long"));
        text_.append(bytes);
    }

    std::string what_;
    xml_limits limits_;
    xml_events& events_;
    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
    std::optional<error> failure_;
    std::size_t depth_ = 0;
    std::string text_;
};

}  // namespace

result<void> read_xml(std::string_view what, std::string_view xml, xml_limits limits, xml_events& events) {
    if (xml.size() > limits.max_size) return fail(errc::limit_exceeded, std::string(what) + " is too large");
    return reader(what, limits, events).run(xml);
}

}  // namespace fjord::storage
