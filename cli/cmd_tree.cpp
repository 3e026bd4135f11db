// fjord tree: directories and Zarr stores as one asset, by a manifest of their members.
#include "broker/tree_manifest.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"
#include "base/file.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

using file_ptr = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

result<catalog::tree_member> digest_file(fs::path const& file, std::string path) {
    unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return error_from_errno(errno, "opening", file.string());
    digester sum{digest_algorithm::sha256};
    std::vector<char> room(256u << 10);
    for (;;) {
        auto const n = ::read(fd.get(), room.data(), room.size());
        if (n < 0) return error_from_errno(errno, "reading", file.string());
        if (n == 0) break;
        sum.update(std::string_view(room.data(), static_cast<std::size_t>(n)));
    }
    auto const size = sum.size();
    return catalog::tree_member{std::move(path), size, *sum.finish().sha256};
}

// Every file below, in the order of the bytes of its path: entries sorted as if directories ended in "/", so that memory holds
// one directory at a time. Links are not followed.
result<void> walk(fs::path const& folder, std::string const& prefix,
                  std::function<result<void>(catalog::tree_member const&)> const& visit) {
    std::vector<std::string> names;
    std::error_code ec;
    for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
        auto const status = at->symlink_status();
        auto const name = at->path().filename().string();
        if (fs::is_directory(status))
            names.push_back(name + "/");
        else if (fs::is_regular_file(status))
            names.push_back(name);
        else
            return fail(errc::invalid_argument, at->path().string() + " is neither a file nor a directory");
    }
    if (ec) return fail(errc::unavailable, "reading " + folder.string() + ": " + ec.message());
    std::sort(names.begin(), names.end());
    for (auto const& name : names) {
        if (name.ends_with('/')) {
            if (auto ok = walk(folder / name.substr(0, name.size() - 1), prefix + name, visit); !ok) return ok;
            continue;
        }
        auto member = digest_file(folder / name, prefix + name);
        if (!member) return member.error();
        if (auto ok = visit(*member); !ok) return ok;
    }
    return {};
}

// The manifest of a directory in a file that goes with its handle.
result<file_ptr> manifest_of(std::string const& folder, bool quiet) {
    file_ptr out(std::tmpfile(), &std::fclose);
    if (!out) return error_from_errno(errno, "making a temporary file");
    progress_bar bar("digesting " + folder, 0, quiet);
    std::uint64_t done = 0;
    auto const write = [&](catalog::tree_member const& m) -> result<void> {
        auto const line = broker::manifest_line(m);
        if (std::fwrite(line.data(), 1, line.size(), out.get()) != line.size())
            return error_from_errno(errno, "writing the manifest");
        bar.set(done += m.size);
        return {};
    };
    if (auto ok = walk(folder, {}, write); !ok) return ok.error();
    return out;
}

// Reads it through once: it must be in order, and its digest names the version.
result<digest> check_manifest(std::FILE* manifest, std::string const& name) {
    std::rewind(manifest);
    broker::tree_manifest sum;
    char* text = nullptr;
    std::size_t room = 0, number = 0;
    std::optional<error> failure;
    for (ssize_t n = 0; !failure && (n = ::getline(&text, &room, manifest)) > 0;) {
        ++number;
        std::string_view line(text, static_cast<std::size_t>(n));
        if (line.ends_with('\n')) line.remove_suffix(1);
        if (line.empty()) continue;
        if (auto member = sum.read(line); !member)
            failure = error(member.error().code, name + ":" + std::to_string(number) + ": " + member.error().detail);
    }
    std::free(text);
    if (failure) return *failure;
    if (std::ferror(manifest)) return error_from_errno(errno, "reading", name);
    if (sum.members() == 0) return fail(errc::invalid_argument, name + " has no members");
    return sum.finish();
}

net::upload_source source_of(std::FILE* file) {
    return [file](std::span<char> out) -> asio::awaitable<result<std::size_t>> {
        auto const n = std::fread(out.data(), 1, out.size(), file);
        if (n == 0 && std::ferror(file)) co_return error_from_errno(errno, "reading the manifest");
        co_return n;
    };
}

}  // namespace

int tree_manifest(tree_args const& a, bool quiet) {
    auto made = manifest_of(a.source, quiet);
    if (!made) return report(made.error());
    auto version = check_manifest(made->get(), a.source);
    if (!version) return report(version.error());
    std::rewind(made->get());
    std::vector<char> room(256u << 10);
    for (std::size_t n = 0; (n = std::fread(room.data(), 1, room.size(), made->get())) > 0;)
        std::fwrite(room.data(), 1, n, stdout);
    if (!quiet) std::fprintf(stderr, "%s\n", version->text().c_str());
    return exit_done;
}

int tree_put(client_context& c, tree_args const& a) {
    auto const uri = dataset_uri::parse(a.uri);
    if (!uri) return report(uri.error());
    if (uri->asset.empty() || !uri->member.empty())
        return report(fail(errc::invalid_argument, "a tree is an asset: COLLECTION/ITEM/ASSET"));
    file_ptr manifest(nullptr, &std::fclose);
    if (fs::is_directory(a.source)) {
        auto made = manifest_of(a.source, c.options().quiet || c.options().json);
        if (!made) return report(made.error());
        manifest = std::move(*made);
    } else {
        manifest.reset(std::fopen(a.source.c_str(), "rb"));
        if (!manifest) return report(error_from_errno(errno, "opening", a.source));
    }
    auto version = check_manifest(manifest.get(), a.source);
    if (!version) return report(version.error());
    struct stat st {};
    ::fstat(fileno(manifest.get()), &st);
    std::rewind(manifest.get());

    net::client_request request;
    request.method = "PUT";
    request.url = "/api/v1/trees/" + encode_segment(uri->collection.str()) + "/" + encode_segment(uri->item.str()) + "/" +
                  encode_segment(uri->asset.str()) + "?version=" + encode_query(version->text());
    auto add = [&request](std::string const& name, std::string const& value) {
        if (!value.empty()) request.url += "&" + name + "=" + encode_query(value);
    };
    add("media_type", a.media_type);
    add("site", a.site);
    add("path", a.path);
    request.headers.set("Content-Type", "application/x-ndjson");
    request.upload = source_of(manifest.get());
    request.upload_length = static_cast<std::uint64_t>(st.st_size);
    request.timeout = std::chrono::hours(6);
    request.stall = std::chrono::seconds(300);
    auto answer = c.call_raw(std::move(request));
    if (!answer) return report(answer.error());
    auto const told = parse_json(answer->body);
    if (!told) return report(told.error());
    if (c.options().json)
        print_json(*told);
    else if (!c.options().quiet)
        std::printf("%s  ->  %s  %s members, %s bytes  %s\n", a.source.c_str(), uri->path().c_str(),
                    member_text(*told, "members").c_str(), member_text(*told, "size").c_str(), version->text().c_str());
    return exit_done;
}

int tree_list(client_context& c, tree_args const& a) {
    auto const uri = dataset_uri::parse(a.uri);
    if (!uri) return report(uri.error());
    auto const path = "/api/v1/trees/" + encode_segment(uri->collection.str()) + "/" + encode_segment(uri->item.str()) + "/" +
                      encode_segment(uri->asset.str()) + "?limit=10000&prefix=" + encode_query(a.prefix);
    for (std::string cursor;;) {
        auto page = c.call("GET", path + (cursor.empty() ? "" : "&cursor=" + encode_query(cursor)));
        if (!page) return report(page.error());
        for (auto const& m : page->at("members").as_array()) {
            if (c.options().json)
                print_json(m);
            else
                std::printf("%s  %12s  %s\n", member_text(m, "digest").c_str(), member_text(m, "size").c_str(),
                            member_text(m, "path").c_str());
        }
        cursor = member_text(*page, "next");
        if (cursor.empty()) return exit_done;
    }
}

}  // namespace fjord::cli
