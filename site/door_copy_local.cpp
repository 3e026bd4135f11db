// COPY inside of this door (RFC 4918 section 9.8): WebDAV clients ask for it with a Destination at the very server they talk to.
// The bytes go the way of an upload: into a hidden file, digests compared with those stored at the source, then the name.
#include "base/text.hpp"
#include "site/copy_job.hpp"
#include "site/listing.hpp"

#include <unistd.h>

#include <cerrno>

namespace fjord::site {

namespace {

constexpr std::size_t batch_size = 256;

struct local_copy {
    core_ptr core;
    account_ptr who;
    path_segments from, to;
    replace_mode mode = replace_mode::never;
    bool with_content = true;  // of a directory: Depth: infinity
    std::size_t files = 0;
    std::unique_ptr<copy_place> place;
};
using copy_ptr = std::shared_ptr<local_copy>;

// From a descriptor: no identity is needed any more.
asio::awaitable<result<std::size_t>> read_piece(core_ptr core, std::shared_ptr<unique_fd> fd, std::shared_ptr<std::uint64_t> at,
                                                std::span<char> out) {
    auto work = [fd, at, out]() -> result<std::size_t> {
        for (;;) {
            auto const n = ::pread(fd->get(), out.data(), out.size(), static_cast<off_t>(*at));
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) return error_from_errno(errno, "read the file to copy");
        }
    };
    auto got = co_await on_pool(core->parts.pool, std::move(work));
    if (got) *at += *got;
    co_return got;
}

asio::awaitable<result<void>> copy_file(copy_ptr job, served source, path_segments to) {
    sender_promise promise{.size = source.facts.size};
    if (source.digests) promise.digests.push_back(*source.digests);
    auto at = std::make_shared<std::uint64_t>(0);
    byte_reader read = [core = job->core, fd = source.fd, at](std::span<char> out) { return read_piece(core, fd, at, out); };
    arrival what{to, job->who, std::move(promise)};
    auto file = co_await take_in(job->core, std::move(what), std::move(read), {});
    if (!file) co_return file.error();
    auto work = [job, file = *file, to = std::move(to)]() -> result<void> {
        if (auto sealed = file->seal(); !sealed) return sealed.error();
        return file->publish(to, job->mode);
    };
    auto done = co_await on_pool_as(job->core, job->who, std::move(work));
    if (done) ++job->files;
    co_return done;
}

asio::awaitable<result<void>> make_directory(copy_ptr job, path_segments path) {
    auto work = [job, path = std::move(path)] { return job->core->root.make_directory_and_parents(path); };
    co_return co_await on_pool_as(job->core, job->who, std::move(work));
}

using names = std::vector<listed>;

asio::awaitable<result<names>> list(copy_ptr job, std::shared_ptr<unique_fd> fd, bool is_root) {
    auto work = [fd, is_root]() -> result<names> {
        auto reader = directory_reader::open(fd->get(), is_root);
        if (!reader) return reader.error();
        names all;
        for (;;) {
            auto batch = reader->next(batch_size);
            if (!batch) return batch.error();
            if (batch->empty()) return all;
            all.insert(all.end(), batch->begin(), batch->end());
        }
    };
    co_return co_await on_pool_as(job->core, job->who, std::move(work));
}

path_segments joined(path_segments const& top, path_segments const& relative) {
    auto out = top;
    out.insert(out.end(), relative.begin(), relative.end());
    return out;
}

// Directory after directory; the names of one are in memory at a time.
asio::awaitable<result<void>> copy_all(copy_ptr job) {
    std::vector<path_segments> waiting{path_segments{}};  // relative to both ends
    while (!waiting.empty()) {
        auto const here = std::move(waiting.back());
        waiting.pop_back();
        auto source = co_await open_served(job->core, job->who, joined(job->from, here));
        if (!source) co_return source.error();
        if (!source->fd)
            co_return fail(errc::denied, "the permissions of the file system do not let this account read " +
                                             path_text(joined(job->from, here)));
        if (source->facts.state == object_state::file) {
            if (auto done = co_await copy_file(job, std::move(*source), joined(job->to, here)); !done) co_return done.error();
            continue;
        }
        if (auto made = co_await make_directory(job, joined(job->to, here)); !made) co_return made.error();
        if (!job->with_content) break;
        auto entries = co_await list(job, source->fd, joined(job->from, here).empty());
        if (!entries) co_return entries.error();
        for (auto& entry : *entries) waiting.push_back(joined(here, {std::move(entry.name)}));
    }
    co_return result<void>{};
}

bool is_inside(path_segments const& path, path_segments const& top) {
    return path.size() > top.size() && std::equal(top.begin(), top.end(), path.begin());
}

net::response copied(copy_ptr const& job, bool replaced, result<void> const& done) {
    if (done) return net::empty_response(replaced ? 204 : 201);
    if (done.error().code == errc::already_exists) return net::problem(412, "something appeared at the destination meanwhile");
    if (job->files == 0) return net::problem(done.error());
    return net::problem(error(done.error().code, done.error().message() + "; " + std::to_string(job->files) +
                                                     " files were copied before and stay at the destination"));
}

}  // namespace

bool is_local_copy(door_core const& core, net::request const& req) {
    // With a token for the other side the client means a third-party copy, be it to ourselves.
    if (req.headers.count("Source") > 0 || req.headers.count("Destination") != 1) return false;
    if (req.headers.find("TransferHeaderAuthorization")) return false;
    return own_path(core, req, req.headers.get("Destination")).has_value();
}

asio::awaitable<net::response> handle_local_copy(core_ptr core, net::request& req) {
    auto e = co_await enter(core, req, verb::get);
    if (e.refused) co_return std::move(*e.refused);
    auto const overwrite = trim(req.headers.get("Overwrite"));
    if (!overwrite.empty() && !iequals(overwrite, "T") && !iequals(overwrite, "F"))
        co_return net::problem(400, "Overwrite must be T or F");
    auto const depth = trim(req.headers.get("Depth"));
    if (!depth.empty() && depth != "0" && !iequals(depth, "infinity"))
        co_return net::problem(400, "the Depth of a COPY is 0 or infinity (RFC 4918 section 9.8.3)");

    auto target = e.at;
    target.action = verb::copy_pull;
    target.path = own_path(*core, req, req.headers.get("Destination")).value();
    target.trailing_slash = false;
    if (auto const why = refuse_unseen(verb::copy_pull, held_at(*core, *target.caller, target.path, false)))
        co_return refuse(*core, req, target, *why);
    if (root_directory::is_hidden(target.path)) co_return net::problem(403, "this name is reserved");

    auto source = co_await open_served(core, e.at.account, e.at.path);
    auto const gone = !source && (source.error().code == errc::not_found || source.error().code == errc::conflict);
    if (!source && !gone) co_return net::problem(source.error());
    auto const from_state = source ? source->facts.state : object_state::absent;
    if (auto refused = check_state(*core, req, e.at, from_state)) co_return std::move(*refused);
    auto const to_facts = co_await look(core, target.account, target.path);
    if (!to_facts) co_return net::problem(to_facts.error());
    if (e.at.path == target.path) co_return net::problem(403, "source and destination are the same (RFC 4918 section 9.8.5)");
    if (is_inside(target.path, e.at.path)) co_return net::problem(409, "a directory cannot be copied into itself");
    if (auto refused = check_state(*core, req, target, to_facts->state, !iequals(overwrite, "F"))) co_return std::move(*refused);
    bool const replaces = to_facts->state == object_state::file;
    if (replaces && from_state == object_state::directory)
        co_return net::problem(409, "a file exists at the destination; remove it first to put a directory there");

    auto job = std::make_shared<local_copy>();
    job->core = core;
    job->who = e.at.account;
    job->from = e.at.path;
    job->to = target.path;
    job->mode = replaces ? replace_mode::allowed : replace_mode::never;
    job->with_content = depth != "0";
    job->place = copy_place::take(core);
    if (!job->place) co_return net::problem(503, "this site runs as many copies as it may; try again later");
    auto const done = co_await copy_all(job);
    (done ? core->copies_done : core->copies_failed).add();
    co_return copied(job, replaces, done);
}

}  // namespace fjord::site
