#include "site/listing.hpp"

#include "base/dataset_uri.hpp"
#include "base/text.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fjord::site {

namespace {

std::string xml_escape(std::string_view text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&apos;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

// Types of data files; nothing a browser would run.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> types{{{"tif", "image/tiff"},
                                                                               {"tiff", "image/tiff"},
                                                                               {"png", "image/png"},
                                                                               {"jpg", "image/jpeg"},
                                                                               {"jp2", "image/jp2"},
                                                                               {"json", "application/json"},
                                                                               {"geojson", "application/geo+json"},
                                                                               {"nc", "application/x-netcdf"},
                                                                               {"h5", "application/x-hdf5"},
                                                                               {"txt", "text/plain; charset=utf-8"},
                                                                               {"csv", "text/csv; charset=utf-8"},
                                                                               {"zip", "application/zip"},
                                                                               {"gz", "application/gzip"},
                                                                               {"parquet", "application/vnd.apache.parquet"}}};

struct known_property {
    std::string_view name;  // in the DAV: namespace
    std::string value;      // XML
};

std::vector<known_property> known_properties(dav_properties const& p) {
    bool const directory = p.facts.state == object_state::directory;
    std::vector<known_property> out;
    out.push_back({"resourcetype", directory ? "<D:collection/>" : ""});
    if (!directory) {
        out.push_back({"getcontentlength", std::to_string(p.facts.size)});
        out.push_back({"getcontenttype", std::string(content_type_of(p.href))});
    }
    out.push_back({"getlastmodified", format_http_date(p.facts.modified())});
    if (!p.etag.empty()) out.push_back({"getetag", xml_escape(p.etag)});
    if (p.space) {
        out.push_back({"quota-available-bytes", std::to_string(p.space->available)});
        out.push_back({"quota-used-bytes", std::to_string(p.space->used)});
    }
    return out;
}

std::string element(std::string_view name, std::string_view value) {
    auto const tag = "D:" + std::string(name);
    if (value.empty()) return "<" + tag + "/>";
    return "<" + tag + ">" + std::string(value) + "</" + tag + ">";
}

std::string propstat(std::string const& properties, std::string_view status) {
    return "<D:propstat><D:prop>" + properties + "</D:prop><D:status>HTTP/1.1 " + std::string(status) +
           "</D:status></D:propstat>";
}

}  // namespace

void directory_reader::closer::operator()(void* dir) const noexcept { ::closedir(static_cast<DIR*>(dir)); }

result<directory_reader> directory_reader::open(int directory, bool is_root) {
    // A descriptor of its own, so that the position is not shared.
    unique_fd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return error_from_errno(errno, "list the directory");
    auto* dir = ::fdopendir(own.get());
    if (!dir) return error_from_errno(errno, "list the directory");
    own.release();
    return directory_reader(dir, is_root);
}

result<std::vector<listed>> directory_reader::next(std::size_t max) {
    std::vector<listed> batch;
    auto* dir = static_cast<DIR*>(dir_.get());
    while (batch.size() < max) {
        errno = 0;
        auto const* entry = ::readdir(dir);
        if (!entry && errno != 0) return error_from_errno(errno, "list the directory");
        if (!entry) break;
        std::string_view const name = entry->d_name;
        if (name == "." || name == ".." || root_directory::is_hidden_name(name, is_root_)) continue;
        if (!check_name("entry", name)) continue;
        struct stat st {};
        if (::fstatat(::dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;  // removed meanwhile
        auto const facts = facts_of(st);
        if (facts.state != object_state::absent) batch.push_back({std::string(name), facts});
    }
    return batch;
}

std::string href_of(path_segments const& prefix, path_segments const& path, bool directory) {
    std::string out;
    for (auto const& segment : prefix) out += "/" + encode_segment(segment);
    for (auto const& segment : path) out += "/" + encode_segment(segment);
    if (directory) out += "/";
    return out;
}

std::string_view multistatus_head() noexcept {
    return R"(<?xml version="1.0" encoding="utf-8"?>)"
           "\n"
           R"(<D:multistatus xmlns:D="DAV:">)"
           "\n";
}
std::string_view multistatus_tail() noexcept { return "</D:multistatus>\n"; }

std::string response_element(dav_properties const& p, asked_properties const& asked) {
    auto const known = known_properties(p);
    std::string found, missing;
    if (asked.what != asked_properties::kind::listed)
        for (auto const& one : known) found += element(one.name, asked.what == asked_properties::kind::all ? one.value : "");
    for (auto const& wanted : asked.listed) {
        auto const at = std::find_if(known.begin(), known.end(),
                                     [&](known_property const& k) { return wanted.space == "DAV:" && wanted.name == k.name; });
        if (at != known.end())
            found += element(at->name, at->value);
        else if (wanted.space == "DAV:")
            missing += element(wanted.name, "");
        else
            missing += "<" + wanted.name + " xmlns=\"" + xml_escape(wanted.space) + "\"/>";
    }
    std::string out = "<D:response><D:href>" + xml_escape(p.href) + "</D:href>";
    if (!found.empty() || missing.empty()) out += propstat(found, "200 OK");  // first: some clients read no further
    if (!missing.empty()) out += propstat(missing, "404 Not Found");
    return out + "</D:response>\n";
}

std::string_view content_type_of(std::string_view name) noexcept {
    auto const dot = name.rfind('.');
    if (dot != std::string_view::npos)
        for (auto const& [extension, type] : types)
            if (iequals(name.substr(dot + 1), extension)) return type;
    return "application/octet-stream";
}

}  // namespace fjord::site
