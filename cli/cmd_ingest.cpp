// fjord ingest: STAC items from rasters, described by GDAL, registered with their bytes; or items that are written already.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"
#include "stac/raster.hpp"

#include <boost/json/serialize.hpp>

#include <filesystem>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

json::value property_value(std::string const& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    if (auto parsed = parse_json(text); parsed && (parsed->is_int64() || parsed->is_uint64() || parsed->is_double()))
        return *parsed;
    return json::value(text);
}

result<stac::item_draft> describe(std::string const& file, ingest_args const& a) {
    json::object properties;
    for (auto const& pair : a.properties) {
        auto const eq = pair.find('=');
        if (eq == std::string::npos || eq == 0)
            return fail(errc::invalid_argument, "property \"" + pair + "\" must be written key=value");
        properties[pair.substr(0, eq)] = property_value(pair.substr(eq + 1));
    }
    stac::raster_options o;
    o.collection = a.collection;
    o.item = a.item;
    o.asset = fs::path(file).stem().string();
    o.datetime = a.datetime;
    o.statistics = a.statistics;
    if (a.generation == "current") o.generation = stac::raster_generation::current;
    if (a.generation == "previous") o.generation = stac::raster_generation::previous;
    o.properties = properties.empty() ? std::string() : json::serialize(properties);
    return stac::describe_raster(file, o);
}

// Creates the item, or replaces it: ingesting again is no mistake.
result<void> register_item(client_context& c, ingest_args const& a, stac::item_draft const& draft) {
    net::client_request request;
    request.method = "POST";
    request.url = "/collections/" + encode_segment(a.collection) + "/items";
    request.headers.set("Content-Type", "application/geo+json");
    request.body = draft.document;
    auto created = c.call_raw(request);
    if (created) return {};
    if (created.error().code != make_error_code(errc::conflict)) return created.error();
    request.method = "PUT";
    request.url += "/" + encode_segment(draft.id.str());
    auto replaced = c.call_raw(std::move(request));
    if (!replaced) return replaced.error();
    return {};
}

result<json::value> upload_asset(client_context& c, ingest_args const& a, item_id const& item, stac::asset_draft const& asset) {
    auto const uri = encode_segment(a.collection) + "/" + encode_segment(item.str()) + "/" + encode_segment(asset.key.str());
    auto done = upload_file(c, asset.path, uri, a.at, asset.media_type);
    // The same bytes at the same site are what was asked for.
    if (!done && done.error().code == make_error_code(errc::conflict))
        return json::value(json::object{{"asset", uri}, {"version", "already there"}});
    return done;
}

}  // namespace

int ingest(client_context& c, ingest_args const& a) {
    if (!a.item.empty() && a.files.size() > 1)
        return report(fail(errc::invalid_argument, "--item names one item, but several files were given"));
    for (auto const& file : a.files) {
        if (holds_items(file)) {
            if (auto ok = ingest_lines(c, file, a); !ok) return report(ok.error());
            continue;
        }
        if (a.collection.empty())
            return report(fail(errc::invalid_argument, file + ": --collection is needed to make an item from a raster"));
        auto draft = describe(file, a);
        if (!draft) return report(error(draft.error().code, file + ": " + draft.error().message()));
        if (a.no_upload) {
            std::printf("%s\n", draft->document.c_str());
            continue;
        }
        if (auto ok = register_item(c, a, *draft); !ok) return report(ok.error());
        for (auto const& asset : draft->assets) {
            if (fs::is_directory(asset.path)) {
                if (!c.options().quiet)
                    std::fprintf(stderr,
                                 "%s is described; register its files with: fjord tree put %s %s/%s/%s --site SITE --path PATH\n",
                                 draft->id.str().c_str(), asset.path.c_str(), a.collection.c_str(), draft->id.str().c_str(),
                                 asset.key.str().c_str());
                continue;
            }
            auto done = upload_asset(c, a, draft->id, asset);
            if (!done) return report(done.error());
            if (c.options().json)
                print_json(*done);
            else if (!c.options().quiet)
                std::printf("%s  ->  %s  %s\n", file.c_str(), member_text(*done, "asset").c_str(),
                            member_text(*done, "version").c_str());
        }
    }
    return exit_done;
}

}  // namespace fjord::cli
