// fjord get: a verified download in parallel ranges, resumed where it stopped, from whichever place answers.
#include "cli/commands.hpp"
#include "cli/download.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include <boost/json/value_from.hpp>

#include <filesystem>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

json::object resolve_body(client_context& c, std::string const& uri, get_args const& a) {
    json::object body{{"uri", uri}};
    auto const& site = a.site.empty() ? c.options().site : a.site;
    if (!site.empty()) body["site"] = site;
    if (!a.purpose.empty()) body["purpose"] = a.purpose;
    return body;
}

result<download_plan> plan_of(client_context& c, std::string const& uri, get_args const& a) {
    auto answer = c.call("POST", "/api/v1/resolve", json::value(resolve_body(c, uri, a)));
    if (!answer) return answer.error();
    return read_plan(*answer);
}

int get_one(client_context& c, std::string const& uri, std::string dest, get_args const& a) {
    auto plan = plan_of(c, uri, a);
    if (!plan) return report(plan.error());
    if (dest.empty() || dest.ends_with('/') || fs::is_directory(dest))
        dest = (fs::path(dest) / (plan->filename.empty() ? fs::path(uri).filename().string() : plan->filename)).string();
    std::error_code ignored;
    if (auto folder = fs::path(dest).parent_path(); !folder.empty()) fs::create_directories(folder, ignored);
    // Places and tokens age while a long download runs: ask again when one is refused.
    auto renew = [&c, uri, a]() { return plan_of(c, uri, a); };
    auto done = download(c, std::move(*plan), dest, a.streams, renew);
    if (!done) return report(done.error());
    if (c.options().json) {
        print_json(json::object{{"uri", uri},
                                {"file", dest},
                                {"size", done->size},
                                {"sha-256", done->sha256},
                                {"from", json::value_from(done->places)}});
    } else if (!c.options().quiet) {
        std::string from;
        for (auto const& p : done->places) from += (from.empty() ? "" : ", ") + p;
        std::printf("%s  %s  sha-256 verified  from %s\n", dest.c_str(), human_bytes(done->size).c_str(),
                    from.empty() ? "what was there" : from.c_str());
    }
    return exit_done;
}

}  // namespace

int get(client_context& c, get_args const& a) {
    auto uri = dataset_uri::parse(a.uri);
    if (!uri) return report(uri.error());
    if (!uri->asset.empty()) return get_one(c, uri->path() + (uri->version ? "?version=" + uri->version->text() : ""), a.dest, a);
    auto answer = c.call("POST", "/api/v1/resolve", json::value(resolve_body(c, uri->path(), a)));
    if (!answer) return report(answer.error());
    auto const& assets = answer->at("assets").as_array();
    if (assets.empty()) return report(fail(errc::not_found, uri->path() + " has no registered assets"));
    fs::path const base = a.dest.empty() ? fs::path(".") : fs::path(a.dest);
    int worst = exit_done;
    for (auto const& row : assets) {
        auto const asset = member_text(row, "asset");  // C/I/A
        auto const name = member_text(row, "filename");
        auto parsed = dataset_uri::parse(asset);
        if (!parsed) return report(parsed.error());
        auto folder = uri->item.empty() ? base / parsed->item.str() : base;
        auto const dest = (folder / (name.empty() ? parsed->asset.str() : name)).string();
        if (int const code = get_one(c, asset, dest, a); code != exit_done) worst = code;
    }
    return worst;
}

int resolve(client_context& c, resolve_args const& a) {
    json::object body{{"uri", a.uri}, {"need", a.need}};
    auto const& site = a.site.empty() ? c.options().site : a.site;
    if (!site.empty()) body["site"] = site;
    if (!a.purpose.empty()) body["purpose"] = a.purpose;
    auto answer = c.call("POST", "/api/v1/resolve", json::value(std::move(body)));
    if (!answer) return report(answer.error());
    if (c.options().json) {
        print_json(*answer);
        return exit_done;
    }
    if (auto const* assets = answer->as_object().if_contains("assets")) {
        table t({"ASSET", "SIZE", "VERSION"});
        for (auto const& row : assets->as_array())
            t.add({member_text(row, "asset"), member_text(row, "size"), member_text(row, "version")});
        t.print();
        return exit_done;
    }
    std::printf("%s  %s bytes  %s\n", member_text(*answer, "asset").c_str(), member_text(*answer, "size").c_str(),
                member_text(*answer, "version").c_str());
    table t({"PRI", "KIND", "PLACE", "URL", "EXPIRES", "WHY"});
    for (auto const& p : answer->at("places").as_array())
        t.add({member_text(p, "priority"), member_text(p, "kind"), member_text(p, "site"),
               a.need == "path" && !member_text(p, "path").empty() ? member_text(p, "path") : member_text(p, "url"),
               member_text(p, "expires"), member_text(p, "why")});
    t.print();
    return exit_done;
}

}  // namespace fjord::cli
