// PUT: a file comes in whole and verified, or not at all; and its registration with the broker that reserved the upload.
#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "site/door_core.hpp"

namespace fjord::site {

namespace {

logger const log_("site");

// What is known about the target before the first byte is read.
struct put_plan {
    visit at;
    sender_promise promise;
    replace_mode mode = replace_mode::never;
    bool existed = false;
    bool must_be_new = false;  // If-None-Match: *
    bool registered = false;   // an upload that the broker reserved
};

// Every field that promises the digest of the whole content. A malformed promise is a promise broken from the start.
result<std::vector<digest_set>> promised_digests(net::header_list const& headers) {
    std::vector<digest_set> promises;
    auto const take = [&](std::string_view name, auto parse) -> result<void> {
        for (auto const& value : headers.all(name)) {
            auto parsed = parse(value);
            if (!parsed) return error(errc::invalid_argument, std::string(name) + ": " + parsed.error().message());
            promises.push_back(*parsed);
        }
        return {};
    };
    // Content-Digest is of the bytes in this message, which for a PUT without coding and range are the representation.
    for (auto const* name : {"Repr-Digest", "Content-Digest"})
        if (auto ok = take(name, &parse_repr_digest_header); !ok) return ok.error();
    if (auto ok = take("Digest", &parse_digest_header); !ok) return ok.error();
    auto const md5 = [](std::string_view value) -> result<digest_set> {
        auto d = digest::from_base64(digest_algorithm::md5, trim(value));
        if (!d) return d.error();
        digest_set set;
        set.set(*d);
        return set;
    };
    if (auto ok = take("Content-MD5", md5); !ok) return ok.error();
    return promises;
}

// The digests that the answer is asked to tell.
std::vector<digest_algorithm> asked_digests(net::header_list const& headers) {
    std::vector<digest_algorithm> asked;
    for (auto const* name : {"Want-Repr-Digest", "Want-Digest"}) {
        auto const field = headers.find(name);
        auto const algorithm = field ? preferred_digest(*field) : std::nullopt;
        if (algorithm) asked.push_back(*algorithm);
    }
    return asked;
}

std::optional<net::response> refuse_form(net::request const& req, visit const& at) {
    if (at.trailing_slash) return net::problem(405, "a file's path does not end with a slash; MKCOL makes directories");
    if (req.headers.find("Content-Range")) return net::problem(400, "partial PUT is not supported (RFC 9110 section 14.5)");
    auto const coding = trim(req.headers.get("Content-Encoding"));
    if (!coding.empty() && !iequals(coding, "identity"))
        return net::problem(415, "files are taken as they are, without Content-Encoding");
    return std::nullopt;
}

// Looks at the target and decides whether the bytes may come.
asio::awaitable<std::optional<net::response>> plan_put(core_ptr core, net::request& req, put_plan& plan) {
    if (auto refused = refuse_form(req, plan.at)) co_return refused;
    auto promises = promised_digests(req.headers);
    if (!promises) co_return net::problem(promises.error());
    plan.promise = {req.body->content_length(), std::move(*promises), asked_digests(req.headers)};
    auto const limit = core->options.max_upload;
    if (limit && plan.promise.size && *plan.promise.size > limit)
        co_return net::problem(413, "this site takes files of up to " + std::to_string(limit) + " bytes");

    plan.registered = core->parts.registrar && !plan.at.caller->upload_id.empty();
    if (plan.registered) plan.promise.wanted.push_back(digest_algorithm::sha256);
    plan.must_be_new = trim(req.headers.get("If-None-Match")) == "*";
    auto found = co_await open_served(core, plan.at.account, plan.at.path);
    if (!found && found.error().code != errc::not_found) co_return net::problem(found.error());
    auto const state = found ? found->facts.state : object_state::absent;
    plan.existed = state != object_state::absent;
    // A reserved upload that is repeated after a lost answer meets its own file: that is settled when the bytes are known.
    bool const may_be_own = plan.registered && state == object_state::file;
    if (!may_be_own)
        if (auto refused = check_state(*core, req, plan.at, state, !plan.must_be_new)) co_return refused;
    if (state == object_state::absent && req.headers.find("If-Match"))
        co_return net::problem(412, "there is no file yet at this path");
    if (state == object_state::file && !may_be_own) {
        auto const etag = entity_tag(found->facts, found->digests);
        if (auto const status = net::evaluate_preconditions(req, etag, found->facts.modified()))
            co_return net::problem(*status, "the file is not in the state the request asks for");
    }
    bool const may_replace = held_at(*core, *plan.at.caller, plan.at.path, false).modify && !plan.must_be_new && !plan.registered;
    plan.mode = may_replace ? replace_mode::allowed : replace_mode::never;
    co_return std::nullopt;
}

struct arrived {
    file_facts facts;
    digest_set digests;
    bool already_there = false;  // the same content stood at the path
};

// Blocking. A reserved upload that finds the very same content in place is a repetition, not a conflict.
result<arrived> settle(door_core const& core, put_plan const& plan, incoming_file& file) {
    auto digests = file.seal();
    if (!digests) return digests.error();
    auto published = file.publish(plan.at.path, plan.mode);
    if (published) return arrived{file.facts(), *digests, false};
    if (!plan.registered || published.error().code != errc::already_exists) return published.error();
    auto const look_there = [&] { return core.root.open_existing(plan.at.path); };
    auto there = act_as(plan.at.account.get(), look_there);
    if (!there) return published.error();
    auto const stored = stored_digests(there->fd.get(), there->facts);
    if (!stored || !stored->sha256 || !(*stored->sha256 == *digests->sha256) || there->facts.size != file.facts().size)
        return published.error();
    return arrived{there->facts, *digests, true};
}

asio::awaitable<result<arrived>> settle_on_pool(core_ptr core, std::shared_ptr<put_plan> plan,
                                                std::shared_ptr<incoming_file> file) {
    auto work = [core, plan, file] { return settle(*core, *plan, *file); };
    co_return co_await on_pool(core->parts.pool, std::move(work));
}

asio::awaitable<result<arrived>> receive(core_ptr core, net::request& req, std::shared_ptr<put_plan> plan) {
    auto* body = req.body;
    byte_reader read = [body](std::span<char> out) { return body->read_some(out); };
    arrival what{plan->at.path, plan->at.account, plan->promise};
    auto file = co_await take_in(core, std::move(what), std::move(read), {});
    if (!file) co_return file.error();
    co_return co_await settle_on_pool(core, plan, std::move(*file));
}

net::response refuse_arrival(core_ptr const& core, net::request const& req, put_plan const& plan, error const& why) {
    core->upload_failures.add();
    if (why.code == errc::corrupt) return net::problem(400, why.message());
    if (why.code == errc::already_exists) {
        if (plan.must_be_new) return net::problem(412, "something exists at this path, and the request forbids overwriting");
        return refuse(*core, req, plan.at,
                      {403, "storage.modify", "something exists at this path, and overwriting needs storage.modify"});
    }
    return net::problem(why);
}

// The broker's refusal in its own words.
net::response broker_refusal(commit_answer const& answer) {
    auto const parsed = parse_json(answer.body, {.max_bytes = 64u << 10, .max_depth = 16});
    if (!parsed || !parsed->is_object()) return net::problem(answer.status, "the broker refused to register the upload");
    return net::json_response(answer.status, *parsed, "application/problem+json");
}

asio::awaitable<result<void>> take_back(core_ptr core, visit at) {
    auto work = [core, path = std::move(at.path)] { return core->root.remove(path); };
    co_return co_await on_pool_as(core, std::move(at.account), std::move(work));
}

// Engaged: the upload is not registered. A clear refusal takes the file back, unless it stood there before this request; an open
// outcome leaves it, because the broker may have registered it: a file too many is found by a scan, a lost one is lost.
asio::awaitable<std::optional<net::response>> register_upload(core_ptr core, visit at, arrived file) {
    upload_commit commit{at.caller->issuer, at.caller->upload_id, at.token, file.facts.size, file.digests};
    auto answer = co_await core->parts.registrar->commit(std::move(commit));
    if (answer && answer->accepted()) co_return std::nullopt;
    core->upload_failures.add();
    if (!answer) {
        log_.warn("an upload is in place but it is not known whether the broker registered it",
                  {{"path", path_text(at.path)}, {"upload", at.caller->upload_id}, {"reason", answer.error().message()}});
        co_return net::problem(503, answer.error().message() + "; the bytes are in place: repeat the PUT to try again");
    }
    if (!file.already_there) {
        auto removed = co_await take_back(core, at);
        if (!removed)
            log_.error("cannot remove a refused upload", {{"path", path_text(at.path)}, {"reason", removed.error().message()}});
    }
    co_return broker_refusal(*answer);
}

net::response accepted(net::request const& req, put_plan const& plan, arrived const& file) {
    auto answer = net::empty_response(plan.existed && !plan.registered ? 204 : 201);
    answer.headers.set("ETag", entity_tag(file.facts, file.digests));
    auto const tell = [&](std::string_view want, std::string_view field, auto write) {
        auto const asked = req.headers.find(want);
        auto const algorithm = asked ? preferred_digest(*asked) : std::nullopt;
        if (algorithm && file.digests.get(*algorithm)) answer.headers.set(field, write(*file.digests.get(*algorithm)));
    };
    tell("Want-Digest", "Digest", &digest_header);
    tell("Want-Repr-Digest", "Repr-Digest", &repr_digest_header);
    return answer;
}

}  // namespace

asio::awaitable<net::response> handle_put(core_ptr core, net::request& req) {
    auto e = co_await enter(core, req, verb::put);
    if (e.refused) co_return std::move(*e.refused);
    auto plan = std::make_shared<put_plan>();
    plan->at = std::move(e.at);
    if (auto refused = co_await plan_put(core, req, *plan)) co_return std::move(*refused);
    auto file = co_await receive(core, req, plan);
    if (!file) co_return refuse_arrival(core, req, *plan, file.error());
    if (plan->registered) {
        auto refused = co_await register_upload(core, plan->at, *file);
        if (refused) co_return std::move(*refused);
    }
    core->uploads.add();
    core->upload_bytes.add(file->facts.size);
    co_return accepted(req, *plan, *file);
}

}  // namespace fjord::site
