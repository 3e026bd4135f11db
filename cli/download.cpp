#include "cli/download.hpp"

#include "base/file.hpp"
#include "cli/chunk_map.hpp"
#include "cli/output.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <unistd.h>

namespace fjord::cli {
namespace {

constexpr int failures_per_place = 2;  // then a place is left alone for the rest of the run

// Everything the workers of one download share; they all run on one context, so nothing is locked.
struct job {
    client_context& c;
    download_plan plan;
    chunk_map chunks;
    std::vector<int> failures;
    std::set<std::string> used;
    unique_fd file;
    std::string map_file;
    progress_bar bar;
    std::uint64_t live = 0;  // bytes of chunks in flight
    error last;
    int workers = 0;

    job(client_context& ctx, download_plan p, std::string const& dest)
        : c(ctx),
          plan(std::move(p)),
          chunks(plan.size),
          failures(plan.places.size()),
          map_file(dest + ".fjord-part.map"),
          bar(dest, plan.size, ctx.options().quiet || ctx.options().json) {}

    std::optional<std::size_t> best_place() const {
        for (std::size_t i = 0; i < failures.size(); ++i)
            if (failures[i] < failures_per_place) return i;
        return std::nullopt;
    }
    void remember() {
        auto const text = plan.sha256.hex() + "\n" + chunks.save() + "\n";
        if (auto ok = write_file_atomically(map_file, text); !ok) last = ok.error();  // costs a resume, not the download
    }
};

result<void> write_at(int fd, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0) return error_from_errno(errno, "writing the download");
        offset += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

// One chunk from one place.
asio::awaitable<result<void>> fetch(job& j, std::size_t chunk, std::size_t place) {
    auto const span = j.chunks.span(chunk);
    net::client_request request;
    request.url = j.plan.places[place].url;
    request.bearer = j.plan.places[place].token;
    bool const partial = j.chunks.count() > 1;
    if (partial) request.headers.set("Range", range_field(span));
    auto stream = co_await j.c.http().open(std::move(request));
    if (!stream) co_return stream.error();
    auto const status = (*stream)->head().status;
    if (status != (partial ? 206u : 200u))
        co_return fail(status == 401 || status == 403 ? errc::denied : errc::unavailable,
                       j.plan.places[place].name + " answered " + std::to_string(status));
    std::vector<char> buffer(256 << 10);
    std::uint64_t at = span.begin;
    for (;;) {
        auto n = co_await (*stream)->read_some(buffer);
        if (!n) {
            j.live -= at - span.begin;
            co_return n.error();
        }
        if (*n == 0) break;
        if (at + *n > span.end) co_return fail(errc::corrupt, j.plan.places[place].name + " sent more bytes than asked for");
        if (auto ok = write_at(j.file.get(), at, {buffer.data(), *n}); !ok) co_return ok.error();
        at += *n;
        j.live += *n;
        j.bar.set(std::min(j.plan.size, j.chunks.bytes_done() + j.live));
    }
    j.live -= at - span.begin;
    if (at != span.end)
        co_return fail(errc::unavailable, j.plan.places[place].name + " sent " + std::to_string(at - span.begin) + " of " +
                                              std::to_string(span.size()) + " bytes");
    co_return result<void>{};
}

asio::awaitable<void> worker(job& j) {
    for (;;) {
        auto const place = j.best_place();
        auto const chunk = place ? j.chunks.take() : std::nullopt;
        if (!chunk) break;
        auto ok = co_await fetch(j, *chunk, *place);
        if (ok) {
            j.chunks.finish(*chunk);
            j.used.insert(j.plan.places[*place].name);
            j.remember();
            continue;
        }
        j.chunks.give_back(*chunk);
        j.last = ok.error();
        if (ok.error().code == make_error_code(errc::no_space)) break;
        ++j.failures[*place];
    }
}

asio::awaitable<result<void>> run(job& j, int streams) {
    auto executor = co_await asio::this_coro::executor;
    j.workers = std::clamp<int>(streams, 1, static_cast<int>(std::max<std::size_t>(1, j.chunks.count())));
    asio::steady_timer all_done(executor, asio::steady_timer::time_point::max());
    for (int i = 0, n = j.workers; i < n; ++i) {
        auto finished = [&j, &all_done](std::exception_ptr failure) {
            if (failure) j.last = fail(errc::internal, "a download worker failed");
            if (--j.workers == 0) all_done.cancel();
        };
        asio::co_spawn(executor, worker(j), std::move(finished));
    }
    boost::system::error_code ignored;
    if (j.workers > 0) co_await all_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!j.chunks.complete()) co_return error(j.last.code ? j.last : fail(errc::unavailable, "no place could serve the bytes"));
    co_return result<void>{};
}

result<digest> hash_file(int fd, std::uint64_t size) {
    digester d;
    std::vector<char> buffer(1 << 20);
    std::uint64_t at = 0;
    while (at < size) {
        auto const n = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at));
        if (n < 0) return error_from_errno(errno, "reading the download back");
        if (n == 0) return fail(errc::corrupt, "the download is shorter than it should be");
        d.update(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
        at += static_cast<std::uint64_t>(n);
    }
    return *d.finish().sha256;
}

// Bytes on disk from an earlier run count only when they belong to the same version.
void resume(job& j) {
    auto text = read_file(j.map_file);
    if (!text) return;
    auto const newline = text->find('\n');
    if (newline == std::string::npos || text->substr(0, newline) != j.plan.sha256.hex()) return;
    auto rest = std::string_view(*text).substr(newline + 1);
    if (rest.ends_with('\n')) rest.remove_suffix(1);
    j.chunks.load(rest);
}

}  // namespace

result<download_plan> read_plan(json::value const& resolved) {
    download_plan p;
    auto const* o = resolved.if_object();
    if (!o) return fail(errc::invalid_argument, "the broker's resolve answer is no object");
    auto const* size = o->if_contains("size");
    auto const* digests = o->if_contains("digests");
    auto const* places = o->if_contains("places");
    if (!size || !digests || !digests->is_object() || !places || !places->is_array())
        return fail(errc::invalid_argument, "the broker's resolve answer lacks size, digests or places");
    boost::system::error_code bad;
    p.size = size->to_number<std::uint64_t>(bad);
    if (bad) return fail(errc::invalid_argument, "the broker's resolve answer has a size that is no number");
    auto id = digest::from_hex(digest_algorithm::sha256, member_text(*digests, "sha-256"));
    if (!id) return id.error();
    p.sha256 = *id;
    p.filename = member_text(resolved, "filename");
    for (auto const& one : places->get_array()) {
        download_place place{member_text(one, "site"), member_text(one, "url"), secret(member_text(one, "token"))};
        if (!place.url.starts_with("root")) p.places.push_back(std::move(place));
    }
    if (p.places.empty() && !places->get_array().empty())
        return fail(errc::unsupported,
                    "the bytes are at sites reached by roots:// only, which `fjord get` does not speak; take URL and token "
                    "from `fjord resolve` and use xrdcp, or have the site's administrator set attribute https_url");
    return p;
}

result<download_report> download(client_context& c, download_plan plan, std::string const& dest, int streams,
                                 std::function<result<download_plan>()> renew) {
    auto const part = dest + ".fjord-part";
    job j(c, std::move(plan), dest);
    j.file = unique_fd(open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!j.file) return error_from_errno(errno, "opening", part);
    resume(j);
    if (ftruncate(j.file.get(), static_cast<off_t>(j.plan.size)) != 0) return error_from_errno(errno, "making room for", part);
    for (int round = 0;; ++round) {
        auto done = c.run(run(j, streams));
        bool corrupt = false;
        if (done) {
            auto seen = hash_file(j.file.get(), j.plan.size);
            if (!seen) return seen.error();
            if (*seen == j.plan.sha256) break;
            done = fail(errc::corrupt, "the bytes of " + dest + " do not match sha-256 " + j.plan.sha256.hex());
            corrupt = true;
        }
        if (round == 2 || done.error().code == make_error_code(errc::no_space)) return done.error();
        auto fresh = renew();
        if (!fresh)
            return error(done.error().code,
                         done.error().message() + "; asking for other places failed too: " + fresh.error().message());
        if (!(fresh->sha256 == j.plan.sha256))
            return fail(errc::conflict, "a new version was registered meanwhile; run the command again");
        if (corrupt) {
            // Whoever gave bytes last is tried last; a single bad replica must not win twice.
            auto gave = [&j](download_place const& p) { return j.used.count(p.name) == 0; };
            std::stable_partition(fresh->places.begin(), fresh->places.end(), gave);
            j.chunks.reset();
        }
        j.plan.places = std::move(fresh->places);
        j.failures.assign(j.plan.places.size(), 0);
    }
    if (fsync(j.file.get()) != 0) return error_from_errno(errno, "syncing", part);
    if (rename(part.c_str(), dest.c_str()) != 0) return error_from_errno(errno, "naming", dest);
    unlink(j.map_file.c_str());
    return download_report{j.plan.size, j.plan.sha256.hex(), {j.used.begin(), j.used.end()}};
}

}  // namespace fjord::cli
