// fjord site|rule|transfer|cache|policy|collection: the administration API from the command line.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"
#include "base/file.hpp"
#include "policies/policies.hpp"

#include <boost/json/serialize.hpp>

#include <map>
#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

struct kind_view {
    std::string path;
    std::vector<std::string> columns;  // member names; "a.b" reaches into objects
};

kind_view const& view_of(std::string const& kind) {
    static std::map<std::string, kind_view> const views{
        {"sites", {"/api/v1/sites", {"id", "kind", "jurisdiction", "enabled", "url", "attributes"}}},
        {"rules",
         {"/api/v1/rules", {"id", "uri", "sites", "copies", "status.state", "status.done", "status.total", "status.reason"}}},
        {"transfers",
         {"/api/v1/transfers", {"id", "asset", "from", "to", "mode", "state", "attempt", "bytes", "total", "reason"}}},
        {"caches", {"/api/v1/caches", {"id", "near", "url", "used", "capacity", "seen"}}},
        {"policies", {"/api/v1/policies", {"id", "version", "updated"}}},
        {"revocations", {"/api/v1/revocations", {"id", "issuer", "issued_before", "created", "expires", "reason"}}},
        {"collections", {"/collections", {"id", "title"}}},
    };
    return views.at(kind);
}

std::string cell(json::value const& row, std::string const& column) {
    auto const dot = column.find('.');
    if (dot == std::string::npos) return member_text(row, column);
    auto const* inner = row.as_object().if_contains(column.substr(0, dot));
    return inner ? member_text(*inner, column.substr(dot + 1)) : std::string();
}

int print_record(client_context& c, json::value const& v) {
    if (c.options().json || !v.is_object()) {
        print_json(v);
        return exit_done;
    }
    for (auto const& m : v.get_object()) {
        std::string const key(m.key());
        if (key != "honours" || !m.value().is_object()) {
            std::printf("%-14s %s\n", key.c_str(), text_of(m.value()).c_str());
            continue;
        }
        // What the site probe found: a line each, spelled as site expressions spell it.
        for (auto const& fact : m.value().get_object())
            std::printf("%-32s %s\n", (key + "." + std::string(fact.key())).c_str(), text_of(fact.value()).c_str());
    }
    return exit_done;
}

json::value attribute_value(std::string const& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    if (auto parsed = parse_json(text); parsed && (parsed->is_int64() || parsed->is_uint64() || parsed->is_double()))
        return *parsed;
    return json::value(text);
}

result<json::object> attributes_of(std::vector<std::string> const& pairs) {
    json::object o;
    for (auto const& pair : pairs) {
        auto const eq = pair.find('=');
        if (eq == std::string::npos || eq == 0)
            return fail(errc::invalid_argument, "attribute \"" + pair + "\" must be written key=value");
        o[pair.substr(0, eq)] = attribute_value(pair.substr(eq + 1));
    }
    return o;
}

result<json::object> rule_body(rule_args const& a) {
    json::object o;
    if (a.uri.empty() == a.collection.empty())
        return fail(errc::invalid_argument, "a rule selects data by URI or by --collection with --filter: give one of them");
    if (!a.uri.empty()) o["uri"] = a.uri;
    if (!a.collection.empty()) o["collection"] = a.collection;
    if (!a.filter.empty()) {
        o["filter"] = a.filter;
        o["filter_lang"] = "cql2-text";
    }
    o["sites"] = a.sites;
    o["copies"] = a.copies;
    o["priority"] = a.priority;
    if (!a.lifetime.empty()) o["lifetime"] = a.lifetime;
    if (!a.activity.empty()) o["activity"] = a.activity;
    if (!a.comment.empty()) o["comment"] = a.comment;
    return o;
}

int wait_for(client_context& c, std::string const& id) {
    bool const live = !c.options().quiet && !c.options().json && isatty(STDERR_FILENO) == 1;
    for (;;) {
        auto rule = c.call("GET", "/api/v1/rules/" + encode_segment(id));
        if (!rule) return report(rule.error());
        auto const state = cell(*rule, "status.state");
        if (live)
            std::fprintf(stderr, "\r\033[K%s  %s of %s copies  %s", state.c_str(), cell(*rule, "status.done").c_str(),
                         cell(*rule, "status.total").c_str(), cell(*rule, "status.reason").c_str());
        if (state == "fulfilled" || state == "impossible") {
            if (live) std::fprintf(stderr, "\r\033[K");
            print_record(c, *rule);
            if (state == "fulfilled") return exit_done;
            return report(fail(errc::conflict, "rule " + id + " cannot be fulfilled: " + cell(*rule, "status.reason")));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

}  // namespace

int list_records(client_context& c, std::string const& kind) {
    auto const& view = view_of(kind);
    table t([&] {
        std::vector<std::string> head;
        for (auto column : view.columns) {
            if (auto const dot = column.find('.'); dot != std::string::npos) column = column.substr(dot + 1);
            for (auto& ch : column) ch = static_cast<char>(std::toupper(static_cast<unsigned char>(ch)));
            head.push_back(column);
        }
        return head;
    }());
    std::string cursor;
    do {
        auto page = c.call("GET", view.path + (cursor.empty() ? "" : "?cursor=" + encode_query(cursor)));
        if (!page) return report(page.error());
        for (auto const& row : page->at(kind).as_array()) {
            if (c.options().json) {
                print_json(row);
                continue;
            }
            std::vector<std::string> cells;
            for (auto const& column : view.columns) cells.push_back(cell(row, column));
            t.add(std::move(cells));
        }
        cursor = member_text(*page, "next");
    } while (!cursor.empty());
    if (!c.options().json) t.print();
    return exit_done;
}

int show_record(client_context& c, record_args const& a) {
    auto answer = c.call("GET", view_of(a.kind).path + "/" + encode_segment(a.id));
    if (!answer) return report(answer.error());
    return print_record(c, *answer);
}

int delete_record(client_context& c, record_args const& a) {
    auto answer = c.call("DELETE", view_of(a.kind).path + "/" + encode_segment(a.id));
    if (!answer) return report(answer.error());
    if (!c.options().quiet && !c.options().json) std::printf("deleted %s\n", a.id.c_str());
    return exit_done;
}

int add_site(client_context& c, site_args const& a) {
    auto attributes = attributes_of(a.attributes);
    if (!attributes) return report(attributes.error());
    json::object o{{"id", a.id}, {"kind", a.kind}, {"url", a.url}, {"jurisdiction", a.jurisdiction}, {"enabled", !a.disabled}};
    o["attributes"] = std::move(*attributes);
    auto answer = c.call("POST", "/api/v1/sites", json::value(std::move(o)));
    return answer ? print_record(c, *answer) : report(answer.error());
}

// Changes what was named and leaves the rest as it is.
int set_site(client_context& c, site_args const& a) {
    auto const path = "/api/v1/sites/" + encode_segment(a.id);
    auto now = c.call("GET", path);
    if (!now) return report(now.error());
    auto added = attributes_of(a.attributes);
    if (!added) return report(added.error());
    json::object o;
    for (auto const* key : {"id", "kind", "url", "jurisdiction", "enabled", "attributes"})
        if (auto const* v = now->as_object().if_contains(key)) o[key] = *v;
    if (!a.url.empty()) o["url"] = a.url;
    if (!a.jurisdiction.empty()) o["jurisdiction"] = a.jurisdiction;
    o["enabled"] = !a.disabled;
    auto& attributes = o["attributes"].as_object();
    for (auto const& m : *added) {
        if (m.value().is_string() && m.value().get_string().empty())
            attributes.erase(m.key());
        else
            attributes[m.key()] = m.value();
    }
    auto answer = c.call("PUT", path, json::value(std::move(o)));
    return answer ? print_record(c, *answer) : report(answer.error());
}

int add_rule(client_context& c, rule_args const& a) {
    auto body = rule_body(a);
    if (!body) return report(body.error());
    auto answer = c.call("POST", a.plan ? "/api/v1/rules/plan" : "/api/v1/rules", json::value(std::move(*body)));
    if (!answer) return report(answer.error());
    if (a.wait && !a.plan) return wait_for(c, member_text(*answer, "id"));
    return print_record(c, *answer);
}

int explain_rule(client_context& c, std::string const& id) {
    auto answer = c.call("GET", "/api/v1/rules/" + encode_segment(id) + "/explain");
    if (!answer) return report(answer.error());
    if (c.options().json) return print_record(c, *answer);
    if (auto const* status = answer->as_object().if_contains("status"))
        std::printf("%s: %s\n", member_text(*status, "state").c_str(), member_text(*status, "reason").c_str());
    if (auto const* sentences = answer->as_object().if_contains("sentences"))
        for (auto const& s : sentences->as_array()) std::printf("  %s\n", text_of(s).c_str());
    return exit_done;
}

int transfer_action(client_context& c, std::string const& id, std::string const& action) {
    auto answer = c.call("POST", "/api/v1/transfers/" + encode_segment(id) + "/" + action);
    return answer ? print_record(c, *answer) : report(answer.error());
}

int add_collection(client_context& c, collection_args const& a) {
    auto text = read_file(a.file);
    if (!text) return report(text.error());
    net::client_request request;
    request.method = "POST";
    request.url = "/collections";
    request.headers.set("Content-Type", "application/json");
    request.body = std::move(*text);
    auto answer = c.call_raw(std::move(request));
    if (!answer) return report(answer.error());
    if (!c.options().quiet) std::printf("%s\n", std::string(answer->headers.get("Location")).c_str());
    return exit_done;
}

int set_policy(client_context& c, policy_args const& a) {
    auto text = read_file(a.file);
    if (!text) return report(text.error());
    net::client_request request;
    request.method = "PUT";
    request.url = "/api/v1/policies/" + encode_segment(a.id);
    request.headers.set("Content-Type", "application/json");
    request.body = std::move(*text);
    auto answer = c.call_raw(std::move(request));
    if (!answer) return report(answer.error());
    auto value = parse_json(answer->body);
    return value ? print_record(c, *value) : report(value.error());
}

int check_policy_file(std::string const& file) {
    auto text = read_file(file);
    if (!text) return report(text.error());
    auto value = parse_json(*text);
    if (!value) return report(error(value.error().code, file + ": " + value.error().message()));
    auto rules = policies::rule_set::parse(file, *value, 1);
    if (!rules) return report(error(rules.error().code, file + ": " + rules.error().message()));
    std::printf("%s: every rule can be enforced here\n", file.c_str());
    return exit_done;
}

int explain_policy(client_context& c, explain_args const& a) {
    json::object o{{"action", a.action}, {"uri", a.uri}};
    if (!a.purpose.empty()) o["purpose"] = a.purpose;
    auto answer = c.call("POST", "/api/v1/policies/decide", json::value(std::move(o)));
    return answer ? print_record(c, *answer) : report(answer.error());
}

}  // namespace fjord::cli
