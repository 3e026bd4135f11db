// fjord ls, stat, search: looking around.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"

#include <boost/json/serialize.hpp>

#include <functional>

namespace fjord::cli {
namespace {

// Follows `next` links of a STAC list and hands over its rows until `limit` of them were seen.
result<std::size_t> walk(client_context& c, std::string path, std::string_view member, std::size_t limit,
                         std::function<void(json::value const&)> const& visit) {
    std::size_t seen = 0;
    while (!path.empty() && seen < limit) {
        auto page = c.call("GET", path);
        if (!page) return page.error();
        auto const* rows = page->as_object().if_contains(member);
        if (!rows || !rows->is_array())
            return fail(errc::invalid_argument, "the broker's answer to " + path + " has no " + std::string(member));
        for (auto const& row : rows->get_array()) {
            if (seen == limit) break;
            visit(row);
            ++seen;
        }
        path.clear();
        if (auto const* links = page->as_object().if_contains("links"))
            for (auto const& link : links->as_array())
                if (member_text(link, "rel") == "next") path = member_text(link, "href");
        if (path.starts_with(c.options().broker))
            path = path.substr(c.options().broker.size());
        else if (auto parts = net::parse_url(path))
            path = parts->path + (parts->query.empty() ? "" : "?" + parts->query);
    }
    return seen;
}

std::string when(json::value const& item) {
    auto const* p = item.as_object().if_contains("properties");
    if (!p) return {};
    auto const single = member_text(*p, "datetime");
    return single.empty() ? member_text(*p, "start_datetime") + "/" + member_text(*p, "end_datetime") : single;
}

std::string item_path(dataset_uri const& u) {
    return "/collections/" + encode_segment(u.collection.str()) + "/items/" + encode_segment(u.item.str());
}

int list_collections(client_context& c) {
    table t({"COLLECTION", "TITLE"});
    auto row = [&](json::value const& v) {
        if (c.options().json)
            print_json(v);
        else
            t.add({member_text(v, "id"), member_text(v, "title")});
    };
    auto seen = walk(c, "/collections", "collections", SIZE_MAX, row);
    if (!seen) return report(seen.error());
    if (!c.options().json) t.print();
    return exit_done;
}

int list_items(client_context& c, dataset_uri const& u) {
    table t({"ITEM", "DATETIME", "ASSETS"});
    auto row = [&](json::value const& v) {
        if (c.options().json) return print_json(v);
        auto const* assets = v.as_object().if_contains("assets");
        t.add({member_text(v, "id"), when(v), std::to_string(assets && assets->is_object() ? assets->get_object().size() : 0)});
    };
    auto seen = walk(c, "/collections/" + encode_segment(u.collection.str()) + "/items?limit=1000", "features", SIZE_MAX, row);
    if (!seen) return report(seen.error());
    if (!c.options().json) t.print();
    return exit_done;
}

int list_assets(client_context& c, dataset_uri const& u) {
    auto item = c.call("GET", item_path(u));
    if (!item) return report(item.error());
    table t({"ASSET", "SIZE", "TYPE", "HREF"});
    auto const* assets = item->as_object().if_contains("assets");
    if (assets && assets->is_object())
        for (auto const& a : assets->get_object()) {
            if (c.options().json) {
                json::object o{{"asset", a.key()}};
                for (auto const& m : a.value().as_object()) o[m.key()] = m.value();
                print_json(o);
            } else {
                t.add({std::string(a.key()), member_text(a.value(), "file:size"), member_text(a.value(), "type"),
                       member_text(a.value(), "href")});
            }
        }
    if (!c.options().json) t.print();
    return exit_done;
}

}  // namespace

int list(client_context& c, list_args const& a) {
    if (a.uri.empty()) return list_collections(c);
    auto uri = dataset_uri::parse(a.uri);
    if (!uri) return report(uri.error());
    return uri->item.empty() ? list_items(c, *uri) : list_assets(c, *uri);
}

int stat(client_context& c, list_args const& a) {
    auto uri = dataset_uri::parse(a.uri);
    if (!uri) return report(uri.error());
    if (uri->asset.empty()) {
        auto document =
            c.call("GET", uri->item.empty() ? "/collections/" + encode_segment(uri->collection.str()) : item_path(*uri));
        if (!document) return report(document.error());
        print_json(*document);
        return exit_done;
    }
    auto answer = c.call("GET", "/api/v1/replicas?uri=" + encode_query(uri->path()));
    if (!answer) return report(answer.error());
    if (c.options().json) {
        print_json(*answer);
        return exit_done;
    }
    std::printf("%s\n", uri->path().c_str());
    if (auto const* v = answer->as_object().if_contains("current"))
        for (auto const& m : v->as_object())
            std::printf("  %-12s %s\n", std::string(m.key()).c_str(), text_of(m.value()).c_str());
    table t({"SITE", "STATE", "SIZE", "VERIFIED", "PATH"});
    for (auto const& r : answer->at("replicas").as_array())
        t.add({member_text(r, "site"), member_text(r, "state"), member_text(r, "size"), member_text(r, "verified_at"),
               member_text(r, "path")});
    t.print();
    return exit_done;
}

int search(client_context& c, search_args const& a) {
    std::string path = "/search?limit=" + std::to_string(std::min(a.limit, 1000));
    std::string collections;
    for (auto const& one : a.collections) collections += (collections.empty() ? "" : ",") + one;
    auto add = [&path](char const* name, std::string const& value) {
        if (!value.empty()) path += std::string("&") + name + "=" + encode_query(value);
    };
    add("collections", collections);
    add("bbox", a.bbox);
    add("datetime", a.datetime);
    add("filter", a.filter);
    if (!a.filter.empty()) add("filter-lang", "cql2-text");
    add("sortby", a.sortby);
    table t({"COLLECTION", "ITEM", "DATETIME"});
    auto row = [&](json::value const& v) {
        if (c.options().json)
            print_json(v);
        else
            t.add({member_text(v, "collection"), member_text(v, "id"), when(v)});
    };
    auto seen = walk(c, path, "features", static_cast<std::size_t>(a.limit), row);
    if (!seen) return report(seen.error());
    if (!c.options().json) {
        t.print();
        if (!c.options().quiet) std::printf("%zu item%s\n", *seen, *seen == 1 ? "" : "s");
    }
    return exit_done;
}

}  // namespace fjord::cli
