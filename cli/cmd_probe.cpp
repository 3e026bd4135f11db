// fjord site probe: begins a probe, shows how far it is, prints what was found and what follows from it.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"

#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

std::string address_of(std::string const& id) { return "/api/v1/sites/" + encode_segment(id) + "/probe"; }

json::value const* member(json::value const& v, std::string_view key) {
    return v.is_object() ? v.get_object().if_contains(key) : nullptr;
}

// A long cell is broken at blanks, so that the table fits a terminal.
std::vector<std::string> broken(std::string const& text, std::size_t width) {
    std::vector<std::string> lines{""};
    for (std::size_t at = 0; at < text.size();) {
        auto const end = std::min(text.find(' ', at), text.size());
        auto const word = text.substr(at, end - at);
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + word;
        at = end + 1;
    }
    return lines;
}

void add_row(table& t, std::vector<std::string> const& cells, std::vector<std::size_t> const& widths) {
    std::vector<std::vector<std::string>> columns;
    std::size_t height = 1;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        columns.push_back(broken(cells[i], widths[i]));
        height = std::max(height, columns.back().size());
    }
    for (std::size_t line = 0; line < height; ++line) {
        std::vector<std::string> row;
        for (auto const& c : columns) row.push_back(line < c.size() ? c[line] : "");
        t.add(std::move(row));
    }
}

int print_report(client_context& c, json::value const& report, bool strict) {
    if (c.options().json) {
        print_json(report);
    } else {
        table t({"FACT", "TRIED", "HONEST IS", "FOUND", "VERDICT", "CONSEQUENCE"});
        std::vector<std::size_t> const widths{25, 34, 12, 34, 10, 46};
        for (auto const& row : report.at("rows").as_array()) {
            auto const value = member_text(row, "value");
            add_row(t,
                    {member_text(row, "attribute") + (value.empty() ? "" : "=" + value), member_text(row, "question"),
                     member_text(row, "expected"), member_text(row, "found"), member_text(row, "verdict"),
                     member_text(row, "consequence")},
                    widths);
        }
        t.print();
        if (!c.options().quiet)
            std::printf("\n%s: %s honest, %s not, %s unknown; %s requests, probed at %s\n", member_text(report, "site").c_str(),
                        member_text(report, "honest").c_str(), member_text(report, "dishonest").c_str(),
                        member_text(report, "unknown").c_str(), member_text(report, "requests").c_str(),
                        member_text(report, "finished").c_str());
        if (auto const left = member_text(report, "leftovers"); !left.empty())
            std::fprintf(stderr, "fjord: canaries are left in .fjord-probe at the site: %s\n", left.c_str());
    }
    return strict && member_text(report, "dishonest") != "0" ? exit_failed : exit_done;
}

// Until it ends; the answer then.
result<json::value> follow(client_context& c, std::string const& id) {
    bool const live = !c.options().quiet && !c.options().json;
    bool const terminal = isatty(STDERR_FILENO) == 1;
    std::string told;
    for (;;) {
        auto now = c.call("GET", address_of(id));
        if (!now || member_text(*now, "state") != "running") {
            if (live && terminal) std::fprintf(stderr, "\r\033[K");
            return now;
        }
        auto const step = member_text(*now, "step_name");
        if (live && terminal && step != told)
            std::fprintf(stderr, "\r\033[Kprobing %s  %s of %s  %s", id.c_str(), member_text(*now, "step").c_str(),
                         member_text(*now, "steps").c_str(), step.c_str());
        told = step;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

}  // namespace

int probe_site(client_context& c, probe_args const& a) {
    if (!a.last) {
        json::object body;
        if (a.no_server_files) body["server_files"] = false;
        if (a.no_cleartext) body["cleartext"] = false;
        auto begun = c.call("POST", address_of(a.id), json::value(std::move(body)));
        if (!begun) return report(begun.error());
    }
    auto ended = a.last ? c.call("GET", address_of(a.id)) : follow(c, a.id);
    if (!ended) return report(ended.error());
    if (!a.last && member_text(*ended, "state") == "failed") {
        bool const unreachable = member_text(*ended, "unreachable") == "true";
        return report(fail(unreachable ? errc::unavailable : errc::internal,
                           "site " + a.id + " could not be probed: " + member_text(*ended, "error")));
    }
    auto const* last = member(*ended, "last");
    if (!last) return report(fail(errc::not_found, "site " + a.id + " was never probed; run `fjord site probe " + a.id + "`"));
    return print_report(c, *last, a.strict);
}

}  // namespace fjord::cli
