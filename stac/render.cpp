#include "stac/render.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <array>

namespace fjord::stac {
namespace {

// Copies a document with the values of some members replaced; members it lacks are appended.
struct replacement {
    std::string_view name;
    std::string value;
};
std::string with_replacements(std::string_view document, std::vector<replacement> const& replacements) {
    std::string out;
    std::size_t copied = 0;
    std::vector<bool> used(replacements.size());
    auto const table = table_of(document);
    for (auto const& m : table) {
        for (std::size_t i = 0; i < replacements.size(); ++i) {
            if (replacements[i].name != m.name) continue;
            out += document.substr(copied, m.value_begin - copied);
            out += replacements[i].value;
            copied = m.value_end;
            used[i] = true;
        }
    }
    auto const end = document.rfind('}');
    out += document.substr(copied, end - copied);
    bool first = table.empty();
    for (std::size_t i = 0; i < replacements.size(); ++i) {
        if (used[i]) continue;
        if (!first) out += ',';
        first = false;
        ((out += json_quote(replacements[i].name)) += ':') += replacements[i].value;
    }
    return out += '}';
}

// What rendered assets need beside them: the schemas of their members, and the storage they refer to.
std::string with_descriptions(std::string_view item, rendered_assets const& made) {
    std::vector<std::string> schemas;
    element_walk listed(find_member(item, "stac_extensions").value_or("[]"));
    while (auto e = listed.next()) schemas.emplace_back(*e);
    for (auto const& e : made.extensions)
        if (auto const quoted = json_quote(e); std::find(schemas.begin(), schemas.end(), quoted) == schemas.end())
            schemas.push_back(quoted);
    std::vector<replacement> changes{{"stac_extensions", "[" + joined(schemas) + "]"}};
    if (made.schemes != "{}") {
        // Schemes that the document brings stay beside ours.
        auto const properties = find_member(item, "properties").value_or("{}");
        std::vector<std::string> schemes{made.schemes.substr(1, made.schemes.size() - 2)};
        member_walk own(find_member(properties, "storage:schemes").value_or("{}"));
        while (auto m = own.next())
            if (!find_member(made.schemes, m->key())) schemes.emplace_back(m->whole);
        changes.push_back({"properties", with_replacements(properties, {{"storage:schemes", "{" + joined(schemes) + "}"}})});
    }
    return with_replacements(item, changes);
}

}  // namespace

std::string joined(std::vector<std::string> const& parts) {
    std::string out;
    for (auto const& p : parts) {
        if (!out.empty()) out += ',';
        out += p;
    }
    return out;
}

std::string link(std::string_view rel, std::string_view href, std::string_view type, std::string_view title,
                 std::string_view method, std::string_view body) {
    std::string out = "{\"rel\":" + json_quote(rel) + ",\"type\":" + json_quote(type) + ",\"href\":" + json_quote(href);
    if (!title.empty()) out += ",\"title\":" + json_quote(title);
    if (!method.empty()) out += ",\"method\":" + json_quote(method);
    if (!body.empty()) (out += ",\"body\":").append(body).append(",\"merge\":false");
    return out += '}';
}

std::string link_maker::collection(collection_id const& c) const { return base + "/collections/" + encode_segment(c.str()); }
std::string link_maker::items(collection_id const& c) const { return collection(c) + "/items"; }
std::string link_maker::item(collection_id const& c, item_id const& i) const { return items(c) + "/" + encode_segment(i.str()); }

std::string render_collection(indexed_collection const& c, link_maker const& to) {
    std::vector<std::string> const ours{
        link("self", to.collection(c.id), media::json, c.id.str()),
        link("root", to.root(), media::json, "All collections"),
        link("parent", to.root(), media::json, "All collections"),
        link("items", to.items(c.id), media::geojson, "Items"),
        link("child", to.collection(c.id) + "/browse", media::json, "Items by time"),
        link("aggregate", to.collection(c.id) + "/aggregate", media::json, "Aggregate"),
        link("aggregations", to.collection(c.id) + "/aggregations", media::json, "What can be aggregated"),
        link("http://www.opengis.net/def/rel/ogc/1.0/queryables", to.collection(c.id) + "/queryables", media::schema,
             "Queryables"),
        link("http://www.opengis.net/def/rel/ogc/1.0/sortables", to.collection(c.id) + "/sortables", media::schema, "Sortables")};
    auto links = joined(ours);
    if (auto const others = foreign_links_in(find_member(c.document, "links").value_or("[]")); !others.empty())
        links += "," + others;
    return with_replacements(c.document, {{"links", "[" + links + "]"}});
}

item_writer::collection_links const& item_writer::links_of(collection_id const& c) {
    for (auto const& k : known_)
        if (k.id == c) return k;
    collection_links k{.id = c, .quoted_id = json_quote(c.str()), .plain = assets_.is_plain(c)};
    // The item's id stands at the end of the first link's href.
    auto self = link("self", to_.items(c) + "/", media::geojson);
    k.before = "[" + self.substr(0, self.size() - 2);
    k.after = "\"}," + link("collection", to_.collection(c), media::json) + "," + link("parent", to_.collection(c), media::json) +
              "," + link("root", to_.root(), media::json);
    return known_.emplace_back(std::move(k));
}

void item_writer::write_whole(indexed_item const& item, std::string& out) {
    auto const& links = links_of(item.collection);
    bool const wants_assets = !fields_ || fields_->wants("assets");
    bool const plain = !wants_assets || links.plain;
    std::string assets;
    rendered_assets made;
    if (!plain) {
        auto const stored = item.slice(item.assets_at);
        made = assets_.render(stored.empty() ? "{}" : stored, {item.collection, item.id, to_.base, &to_.rank});
        assets = std::move(made.assets);
        versions_ += assets + made.schemes;
    }
    auto const begin = out.size();
    auto const put_links = [&] {
        out += links.before;
        out += encode_segment(item.id.str());
        out += links.after;
        if (!item.foreign_links.empty()) (out += ',') += item.foreign_links;
        out += ']';
    };
    // The parts to replace, in the order of the document; those it lacks go to the end.
    struct change {
        indexed_item::part at;
        int what;
    };
    std::array<change, 3> changes{{{item.links_at, 0}, {item.collection_at, 1}, {item.assets_at, 2}}};
    std::sort(changes.begin(), changes.end(), [](change const& a, change const& b) { return a.at.begin < b.at.begin; });
    auto const put = [&](int what) {
        if (what == 0) put_links();
        if (what == 1) out += links.quoted_id;  // the collection it was put into, also where the document does not say so
        if (what == 2) out += assets;
    };
    std::string_view const document = item.document;
    std::size_t copied = 0;
    for (auto const& c : changes) {
        if (c.at.end == 0 || (c.what == 2 && plain)) continue;
        out += document.substr(copied, c.at.begin - copied);
        put(c.what);
        copied = c.at.end;
    }
    out += document.substr(copied, document.rfind('}') - copied);
    static constexpr std::string_view names[] = {",\"links\":", ",\"collection\":", ",\"assets\":"};
    for (auto const& c : changes) {
        if (c.at.end != 0 || (c.what == 2 && plain)) continue;
        out += names[c.what];
        put(c.what);
    }
    out += '}';
    if (made.extensions.empty()) return;
    auto const described = with_descriptions(std::string_view(out).substr(begin), made);
    out.replace(begin, std::string::npos, described);
}

void item_writer::write(indexed_item const& item, std::string& out) {
    ((versions_ += item.etag) += item.collection.str()) += '/';
    if (!fields_) return write_whole(item, out);
    std::string whole;
    write_whole(item, whole);
    out += fields_->apply(whole);
}

std::string render_item(indexed_item const& i, link_maker const& to, asset_renderer const& assets,
                        std::optional<field_selection> const& fields) {
    std::string out;
    out.reserve(i.document.size() + 1024);
    item_writer(to, assets, fields).write(i, out);
    return out;
}

}  // namespace fjord::stac
