// fjord put: upload to a site and register, one transaction per file.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/digest.hpp"
#include "base/file.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

struct local_file {
    std::shared_ptr<unique_fd> fd;
    std::uint64_t size = 0;
    digest_set digests;
};

result<local_file> examine(std::string const& path, bool quiet) {
    local_file f;
    f.fd = std::make_shared<unique_fd>(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!*f.fd) return error_from_errno(errno, "opening", path);
    struct stat st {};
    if (fstat(f.fd->get(), &st) != 0) return error_from_errno(errno, "examining", path);
    if (!S_ISREG(st.st_mode)) return fail(errc::invalid_argument, path + " is not a regular file");
    f.size = static_cast<std::uint64_t>(st.st_size);
    digester d;
    progress_bar bar("digesting " + path, f.size, quiet);
    std::vector<char> buffer(1 << 20);
    for (;;) {
        auto const n = read(f.fd->get(), buffer.data(), buffer.size());
        if (n < 0) return error_from_errno(errno, "reading", path);
        if (n == 0) break;
        d.update(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
        bar.set(d.size());
    }
    if (d.size() != f.size) return fail(errc::conflict, path + " changed while it was read; try again");
    f.digests = d.finish();
    return f;
}

std::string media_type_of(std::string const& path) {
    static std::map<std::string, std::string> const known{{".tif", "image/tiff; application=geotiff"},
                                                          {".tiff", "image/tiff; application=geotiff"},
                                                          {".nc", "application/x-netcdf"},
                                                          {".json", "application/json"},
                                                          {".geojson", "application/geo+json"},
                                                          {".h5", "application/x-hdf5"},
                                                          {".csv", "text/csv"},
                                                          {".txt", "text/plain"},
                                                          {".png", "image/png"},
                                                          {".jpg", "image/jpeg"},
                                                          {".parquet", "application/vnd.apache.parquet"}};
    auto at = known.find(fs::path(path).extension().string());
    return at == known.end() ? "application/octet-stream" : at->second;
}

json::object digests_json(digest_set const& d) {
    return {{"sha-256", d.sha256->hex()}, {"adler32", d.adler32->hex()}, {"crc32c", d.crc32c->hex()}, {"md5", d.md5->hex()}};
}

net::upload_source source_of(local_file const& f, std::shared_ptr<progress_bar> bar) {
    auto at = std::make_shared<std::uint64_t>(0);
    return [fd = f.fd, at, bar](std::span<char> out) -> asio::awaitable<result<std::size_t>> {
        auto const n = pread(fd->get(), out.data(), out.size(), static_cast<off_t>(*at));
        if (n < 0) co_return error_from_errno(errno, "reading the file to upload");
        *at += static_cast<std::uint64_t>(n);
        bar->set(*at);
        co_return static_cast<std::size_t>(n);
    };
}

}  // namespace

result<json::value> upload_file(client_context& c, std::string const& file, std::string const& uri, std::string const& at,
                                std::string const& media_type) {
    bool const quiet = c.options().quiet || c.options().json;
    auto local = examine(file, quiet);
    if (!local) return local.error();
    json::object body{{"uri", uri}, {"size", local->size}, {"filename", fs::path(file).filename().string()}};
    body["media_type"] = media_type.empty() ? media_type_of(file) : media_type;
    body["digests"] = digests_json(local->digests);
    if (!at.empty()) body["site"] = at;
    auto reserved = c.call("POST", "/api/v1/uploads", json::value(std::move(body)));
    if (!reserved) return reserved.error();

    auto const url = member_text(*reserved, "url");
    if (url.starts_with("root"))
        return fail(errc::unsupported,
                    "site " + member_text(*reserved, "site") +
                        " is reached by roots:// only, which `fjord put` does not speak: choose another with --at, or "
                        "have its administrator set attribute https_url");
    net::client_request put;
    put.method = "PUT";
    put.url = url;
    put.bearer = secret(member_text(*reserved, "token"));
    if (auto const* fields = reserved->as_object().if_contains("headers"); fields && fields->is_object())
        for (auto const& f : fields->get_object())
            if (f.value().is_string()) put.headers.set(f.key(), std::string_view(f.value().get_string()));
    put.headers.set("Repr-Digest", repr_digest_header(*local->digests.sha256));
    put.upload = source_of(*local, std::make_shared<progress_bar>(file, local->size, quiet));
    put.upload_length = local->size;
    put.timeout = std::chrono::hours(24);  // the stall limit ends what does not move
    put.expect_continue = local->size > (1u << 20);
    auto sent = c.send(std::move(put));
    auto const site = member_text(*reserved, "site");
    if (!sent) return error(sent.error().code, "uploading to " + site + ": " + sent.error().message());
    if (sent->status >= 300) {
        std::string detail = "site " + site + " refused the upload with " + std::to_string(sent->status);
        if (auto why = parse_json(sent->body)) detail += ": " + member_text(*why, "detail");
        return fail(errc_of_status(sent->status), detail);
    }
    if (reserved->at("commits_itself").as_bool()) {
        json::object done{{"asset", uri}, {"site", site}, {"size", local->size}, {"digests", digests_json(local->digests)}};
        done["version"] = local->digests.sha256->text();
        return json::value(std::move(done));
    }
    json::object commit{{"size", local->size}, {"digests", digests_json(local->digests)}};
    return c.call("POST", "/api/v1/uploads/" + member_text(*reserved, "id") + "/commit", json::value(std::move(commit)));
}

int put(client_context& c, put_args const& a) {
    auto uri = dataset_uri::parse(a.uri);
    if (!uri) return report(uri.error());
    if (uri->item.empty())
        return report(fail(errc::invalid_argument, "put needs a URI down to the item or asset: COLLECTION/ITEM[/ASSET]"));
    if (!uri->asset.empty() && a.files.size() > 1)
        return report(fail(errc::invalid_argument,
                           "several files need an item URI (COLLECTION/ITEM); each becomes an asset named after its file"));
    for (auto const& file : a.files) {
        if (fs::is_directory(file))
            return report(fail(
                errc::unsupported,
                file + " is a directory; tree assets come with the catalog's manifests, upload its files one by one for now"));
        auto target = *uri;
        if (target.asset.empty()) target.asset = asset_key(fs::path(file).stem().string());
        auto done = upload_file(c, file, target.path(), a.at, a.media_type);
        if (!done) return report(done.error());
        if (c.options().json)
            print_json(*done);
        else if (!c.options().quiet)
            std::printf("%s  ->  %s at %s  %s\n", file.c_str(), target.path().c_str(), member_text(*done, "site").c_str(),
                        member_text(*done, "version").c_str());
    }
    return exit_done;
}

}  // namespace fjord::cli
