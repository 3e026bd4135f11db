// GET, HEAD and PROPFIND: bytes of files, names of directories.
#include "base/text.hpp"
#include "site/door_core.hpp"
#include "site/file_answer.hpp"
#include "site/listing.hpp"

namespace fjord::site {

namespace {

constexpr std::size_t batch_size = 512;

// A directory that is being listed, by whom.
struct listing_job {
    core_ptr core;
    account_ptr who;
    std::shared_ptr<directory_reader> reader;
};

asio::awaitable<result<std::vector<listed>>> next_batch(listing_job const& job) {
    auto work = [reader = job.reader] { return reader->next(batch_size); };
    co_return co_await on_pool_as(job.core, job.who, std::move(work));
}

asio::awaitable<result<listing_job>> open_listing(core_ptr core, account_ptr who, std::shared_ptr<unique_fd> fd, bool is_root) {
    auto work = [fd, is_root]() -> result<std::shared_ptr<directory_reader>> {
        auto opened = directory_reader::open(fd->get(), is_root);
        if (!opened) return opened.error();
        return std::make_shared<directory_reader>(std::move(*opened));
    };
    auto reader = co_await on_pool_as(core, who, std::move(work));
    if (!reader) co_return reader.error();
    co_return listing_job{core, std::move(who), std::move(*reader)};
}

// One name per line, directories with a slash: for people with curl.
asio::awaitable<result<void>> send_names(listing_job job, net::body_writer& to) {
    for (;;) {
        auto batch = co_await next_batch(job);
        if (!batch) co_return batch.error();
        if (batch->empty()) co_return result<void>{};
        std::string text;
        for (auto const& e : *batch) text += e.name + (e.facts.state == object_state::directory ? "/\n" : "\n");
        if (auto sent = co_await to.write(text); !sent) co_return sent.error();
    }
}

asio::awaitable<net::response> directory_answer(core_ptr core, net::request& req, served directory, visit const& at) {
    net::response answer;
    answer.headers.set("Content-Type", "text/plain; charset=utf-8");
    answer.headers.set("X-Content-Type-Options", "nosniff");
    if (req.method == "HEAD") co_return answer;
    auto listing = co_await open_listing(core, at.account, directory.fd, at.path.empty());
    if (!listing) co_return net::problem(listing.error());
    auto produce = [job = *listing](net::body_writer& to) { return send_names(job, to); };
    answer.body = net::produced_body{std::nullopt, std::move(produce)};
    co_return answer;
}

struct propfind_job {
    core_ptr core;
    path_segments path;
    served self;
    std::optional<listing_job> children;  // none for depth 0
    std::string etag;
    std::optional<disk_space> space;
    asked_properties asked;
};

std::string self_element(propfind_job const& job) {
    bool const directory = job.self.facts.state == object_state::directory;
    return response_element({href_of(job.core->prefix, job.path, directory), job.self.facts, job.etag, job.space}, job.asked);
}

// A listing goes out batch by batch: memory does not grow with the directory.
asio::awaitable<result<void>> send_multistatus(std::shared_ptr<propfind_job> job, net::body_writer& to) {
    auto const& prefix = job->core->prefix;
    auto text = std::string(multistatus_head()) + self_element(*job);
    for (;;) {
        auto batch = co_await next_batch(*job->children);
        if (!batch) co_return batch.error();
        if (batch->empty()) break;
        for (auto& e : *batch) {
            auto path = job->path;
            path.push_back(std::move(e.name));
            auto href = href_of(prefix, path, e.facts.state == object_state::directory);
            text += response_element({std::move(href), e.facts, {}, std::nullopt}, job->asked);
        }
        if (auto sent = co_await to.write(text); !sent) co_return sent.error();
        text.clear();
    }
    text += multistatus_tail();
    co_return co_await to.write(text);
}

// RFC 4918 section 9.1: infinite depth, also by saying nothing, may be refused with this precondition.
net::response refuse_infinite_depth() {
    return net::text_response(
        403, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n",
        "application/xml; charset=utf-8");
}

asio::awaitable<result<disk_space>> ask_space(core_ptr core, std::shared_ptr<unique_fd> directory) {
    auto work = [directory] { return root_directory::space_at(*directory); };
    co_return co_await on_pool(core->parts.pool, std::move(work));
}

}  // namespace

asio::awaitable<net::response> handle_get(core_ptr core, net::request& req) {
    auto e = co_await enter(core, req, req.method == "HEAD" ? verb::head : verb::get);
    if (e.refused) co_return std::move(*e.refused);
    auto file = co_await open_served(core, e.at.account, e.at.path);
    if (!file && file.error().code != errc::not_found && file.error().code != errc::conflict)
        co_return net::problem(file.error());
    auto const state = file ? file->facts.state : object_state::absent;
    if (auto refused = check_state(*core, req, e.at, state)) co_return std::move(*refused);
    if (!file->fd && req.method != "HEAD") co_return may_not_read();
    if (state == object_state::directory) co_return co_await directory_answer(core, req, std::move(*file), e.at);
    if (e.at.trailing_slash) co_return net::problem(404, "there is nothing at this path");
    bool const reveal = file->fd && held_at(*core, *e.at.caller, e.at.path, false).read;
    if (reveal && wants_unknown_digest(req, file->digests)) {
        auto computed = co_await compute_digests(core->parts.pool, file->fd, file->facts, e.at.account);
        if (!computed) co_return net::problem(computed.error());
        file->digests = std::move(*computed);
    }
    co_return file_answer(req, std::move(*file), reveal);
}

asio::awaitable<net::response> handle_propfind(core_ptr core, net::request& req) {
    auto const depth = trim(req.headers.get("Depth"));
    auto e = co_await enter(core, req, depth == "1" ? verb::list : verb::propfind);
    if (e.refused) co_return std::move(*e.refused);
    auto body = co_await net::read_body(req, 64u << 10);
    if (!body) co_return net::problem(body.error());
    auto asked = parse_propfind(*body);
    if (!asked) co_return net::problem(asked.error());
    auto found = co_await open_served(core, e.at.account, e.at.path);
    if (!found && found.error().code != errc::not_found && found.error().code != errc::conflict)
        co_return net::problem(found.error());
    auto const state = found ? found->facts.state : object_state::absent;
    if (auto refused = check_state(*core, req, e.at, state)) co_return std::move(*refused);
    if (depth != "0" && depth != "1" && state == object_state::directory) co_return refuse_infinite_depth();

    auto job = std::make_shared<propfind_job>();
    job->core = core;
    job->path = e.at.path;
    job->self = std::move(*found);
    job->asked = std::move(*asked);
    bool const reveal = held_at(*core, *e.at.caller, e.at.path, state == object_state::directory).read;
    if (reveal && state == object_state::file) job->etag = entity_tag(job->self.facts, job->self.digests);
    if (state == object_state::directory && job->self.fd) {
        auto space = co_await ask_space(core, job->self.fd);
        if (space) job->space = *space;
    }
    if (depth == "1" && state == object_state::directory) {
        if (!job->self.fd) co_return may_not_read();
        auto listing = co_await open_listing(core, e.at.account, job->self.fd, e.at.path.empty());
        if (!listing) co_return net::problem(listing.error());
        job->children = std::move(*listing);
    }
    net::response answer;
    answer.status = 207;
    answer.headers.set("Content-Type", "application/xml; charset=utf-8");
    if (job->children)
        answer.body = net::produced_body{std::nullopt, [job](net::body_writer& to) { return send_multistatus(job, to); }};
    else
        answer.body = std::string(multistatus_head()) + self_element(*job) + std::string(multistatus_tail());
    co_return answer;
}

}  // namespace fjord::site
