#include "storage/xrootd.hpp"

#include "base/dataset_uri.hpp"
#include "base/text.hpp"
#include "storage/xrootd_call.hpp"
#include "storage/xrootd_driver.hpp"

#include <XrdCl/XrdClFile.hh>
#include <XrdCl/XrdClFileSystem.hh>

namespace fjord::storage {

namespace {

auto const new_directory_mode = XrdCl::Access::UR | XrdCl::Access::UW | XrdCl::Access::UX | XrdCl::Access::GR |
                                XrdCl::Access::GX | XrdCl::Access::OR | XrdCl::Access::OX;
auto const new_file_mode = XrdCl::Access::UR | XrdCl::Access::UW | XrdCl::Access::GR | XrdCl::Access::OR;

stat_info to_stat(XrdCl::StatInfo const& s) {
    stat_info info;
    info.directory = s.TestFlags(XrdCl::StatInfo::IsDir);
    info.size = info.directory ? 0 : s.GetSize();
    info.modified = wall_time{seconds{static_cast<std::int64_t>(s.GetModTime())}};
    return info;
}

// What XRootD calls them.
std::string_view checksum_name(digest_algorithm a) { return a == digest_algorithm::sha256 ? "sha256" : name_of(a); }

}  // namespace

std::string xrootd_target::url(std::string const& more) const {
    auto out = name;
    for (auto const& part : {opaque, more})
        if (!part.empty()) out += (out.find('?') == std::string::npos ? "?" : "&") + part;
    return out;
}

result<std::unique_ptr<driver>> make_xrootd_driver(std::string const& url, blocking_pool& pool, std::unique_ptr<driver> by_http) {
    auto site = parse_root_url(url);
    if (!site) return site.error();
    return std::make_unique<xrootd_driver>(std::move(*site), pool, std::move(by_http));
}

xrootd_driver::xrootd_driver(root_url site, blocking_pool& pool, std::unique_ptr<driver> by_http)
    : site_(std::move(site)),
      server_(std::make_shared<XrdCl::FileSystem>(XrdCl::URL(site_.endpoint()), false)),
      pool_(pool),
      by_http_(std::move(by_http)) {}

result<xrootd_target> xrootd_driver::target(call const& c, std::string_view path) const {
    auto full = root_path(site_, path);
    if (!full) return full.error();
    xrootd_target out;
    out.path = std::move(*full);
    out.name = site_.endpoint() + "/" + out.path;
    if (!c.token.empty()) out.opaque = "authz=Bearer%20" + c.token.reveal();
    return out;
}

asio::awaitable<result<xrootd_file>> xrootd_driver::open(steady_time deadline, std::string what, std::string url,
                                                         unsigned flags) {
    auto file = std::make_shared<XrdCl::File>(false);
    auto start = [file, url = std::move(url), flags](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return file->Open(url, static_cast<XrdCl::OpenFlags::Flags>(flags), new_file_mode, handler, timeout);
    };
    auto opened = co_await xrootd_call<no_answer>(pool_, std::move(what), deadline, std::move(start));
    if (!opened) co_return opened.error();
    co_return file;
}

asio::awaitable<result<std::uint64_t>> xrootd_driver::size_of(steady_time deadline, std::string what, xrootd_file file) {
    auto start = [file](XrdCl::ResponseHandler* handler, std::uint16_t timeout) { return file->Stat(true, handler, timeout); };
    auto told = co_await xrootd_call<XrdCl::StatInfo>(pool_, std::move(what), deadline, std::move(start));
    if (!told) co_return told.error();
    co_return (*told)->GetSize();
}

asio::awaitable<result<void>> xrootd_driver::close(steady_time deadline, std::string what, xrootd_file file) {
    auto start = [file](XrdCl::ResponseHandler* handler, std::uint16_t timeout) { return file->Close(handler, timeout); };
    auto closed = co_await xrootd_call<no_answer>(pool_, std::move(what), deadline, std::move(start));
    if (!closed) co_return closed.error();
    co_return result<void>{};
}

asio::awaitable<result<stat_info>> xrootd_driver::stat(call c, std::string path) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto start = [server = server_, p = where->path_with_token()](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return server->Stat(p, handler, timeout);
    };
    auto told = co_await xrootd_call<XrdCl::StatInfo>(pool_, "stat " + where->name, c.deadline, std::move(start));
    if (!told) co_return told.error();
    co_return to_stat(**told);
}

asio::awaitable<result<void>> xrootd_driver::make_directory(call c, std::string path) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto start = [server = server_, p = where->path_with_token()](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return server->MkDir(p, XrdCl::MkDirFlags::MakePath, new_directory_mode, handler, timeout);
    };
    auto made = co_await xrootd_call<no_answer>(pool_, "mkdir " + where->name, c.deadline, std::move(start));
    if (!made && made.error().code != errc::already_exists) co_return made.error();
    co_return result<void>{};
}

asio::awaitable<result<std::vector<entry>>> xrootd_driver::list(call c, std::string path) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto start = [server = server_, p = where->path_with_token()](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return server->DirList(p, XrdCl::DirListFlags::Stat, handler, timeout);
    };
    auto told = co_await xrootd_call<XrdCl::DirectoryList>(pool_, "list " + where->name, c.deadline, std::move(start));
    if (!told) co_return told.error();
    std::vector<entry> entries;
    for (auto at = (*told)->Begin(); at != (*told)->End(); ++at) {
        auto const* one = *at;
        if (!check_name("entry", one->GetName())) continue;
        entry e;
        e.name = one->GetName();
        if (auto const* s = one->GetStatInfo()) e.stat = to_stat(*s);
        entries.push_back(std::move(e));
    }
    co_return entries;
}

asio::awaitable<result<void>> xrootd_driver::remove_file(steady_time deadline, xrootd_target const& where) {
    auto start = [server = server_, p = where.path_with_token()](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return server->Rm(p, handler, timeout);
    };
    auto removed = co_await xrootd_call<no_answer>(pool_, "remove " + where.name, deadline, std::move(start));
    if (!removed) co_return removed.error();
    co_return result<void>{};
}

asio::awaitable<result<void>> xrootd_driver::remove(call c, std::string path) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto removed = co_await remove_file(c.deadline, *where);
    if (removed || removed.error().code != errc::invalid_argument) co_return removed;
    auto start = [server = server_, p = where->path_with_token()](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return server->RmDir(p, handler, timeout);
    };
    auto folder = co_await xrootd_call<no_answer>(pool_, "remove directory " + where->name, c.deadline, std::move(start));
    if (!folder) co_return folder.error();
    co_return result<void>{};
}

asio::awaitable<result<void>> xrootd_driver::rename(call c, std::string from, std::string to) {
    auto source = target(c, from), destination = target(c, to);
    if (!source) co_return source.error();
    if (!destination) co_return destination.error();
    auto there = co_await stat(c, to);
    if (there) co_return fail(errc::already_exists, destination->name + " exists");
    if (there.error().code != errc::not_found)
        co_return error(there.error().code,
                        "cannot make sure that " + destination->name + " is free: " + there.error().message());
    auto start = [server = server_, a = source->path_with_token(), b = destination->path_with_token()](
                     XrdCl::ResponseHandler* handler, std::uint16_t timeout) { return server->Mv(a, b, handler, timeout); };
    auto moved = co_await xrootd_call<no_answer>(pool_, "rename " + source->name + " to " + to, c.deadline, std::move(start));
    if (!moved) co_return moved.error();
    co_return result<void>{};
}

asio::awaitable<result<digest>> xrootd_driver::checksum(call c, std::string path, std::vector<digest_algorithm> wanted) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    for (auto const a : wanted) {
        auto argument = where->path_with_token();
        argument += (where->opaque.empty() ? "?cks.type=" : "&cks.type=") + std::string(checksum_name(a));
        auto start = [server = server_, argument](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
            XrdCl::Buffer text;
            text.FromString(argument);
            return server->Query(XrdCl::QueryCode::Checksum, text, handler, timeout);
        };
        auto const what = "checksum " + where->name;
        auto told = co_await xrootd_call<XrdCl::Buffer>(pool_, what, c.deadline, std::move(start));
        if (!told && told.error().code == errc::unsupported) continue;
        if (!told) co_return told.error();
        // "adler32 0a1b2c3d", perhaps with a NUL at its end
        std::string text((*told)->GetBuffer(), (*told)->GetSize());
        text.resize(std::min(text.size(), text.find('\0')));
        std::string_view rest(text);
        if (!iequals(take_until(rest, ' '), checksum_name(a))) continue;
        auto value = digest::from_hex(a, trim(rest));
        if (!value) co_return error(errc::corrupt, what + ": " + value.error().message());
        co_return *value;
    }
    co_return fail(errc::unsupported, where->name + ": the site tells none of the digests asked for");
}

}  // namespace fjord::storage
