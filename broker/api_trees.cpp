// /api/v1/trees/C/I/A: a tree asset registered by its manifest, and its members listed. However many there are, memory holds one
// batch of them: they go to the catalog as they come, under the version that the caller has named, which nobody finds before the
// manifest has ended and its digest has proved to be that version.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/rendering.hpp"
#include "broker/tree_manifest.hpp"

#include "base/line_framer.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "storage/driver.hpp"
#include "transfer/access.hpp"
#include "transfer/evaluator.hpp"

#include <mutex>
#include <set>

namespace fjord::broker {
namespace {

constexpr std::size_t batch_bytes = 1u << 20;
constexpr std::size_t read_size = 128u << 10;
constexpr std::size_t looked_at = 8;  // members of a copy that are compared with the manifest
constexpr std::chrono::seconds look_limit{60};

struct tree_request {
    catalog::asset_ref ref;
    digest version;
    std::string media_type, site, path;
};

result<catalog::asset_ref> ref_of(net::request const& req) {
    catalog::asset_ref ref{collection_id(req.params.at(0)), item_id(req.params.at(1)), asset_key(req.params.at(2))};
    for (auto const& name : req.params)
        if (auto ok = check_name("name", name); !ok) return ok.error();
    return ref;
}

result<digest> version_of(std::string_view text) {
    auto v = digest::from_text(text);
    if (v && v->algorithm() == digest_algorithm::sha256) return *v;
    return fail(errc::invalid_argument, "version must be sha-256:HEX, the digest of the tree");
}

result<tree_request> read_request(net::request const& req) {
    auto ref = ref_of(req);
    if (!ref) return ref.error();
    auto version = version_of(req.query.get("version"));
    if (!version)
        return fail(errc::invalid_argument,
                    "version=sha-256:HEX is required: the sha-256 of the lines \"HEX SIZE PATH\" of all members, sorted by path");
    tree_request what{*ref, *version, std::string(req.query.get("media_type")), std::string(req.query.get("site")),
                      std::string(req.query.get("path"))};
    while (what.path.ends_with('/')) what.path.pop_back();
    if (what.site.empty() != what.path.empty())
        return fail(errc::invalid_argument, "site and path come together: where a copy of the tree lies already");
    return what;
}

// One registration of a version at a time: two at once could mix their members.
class registration {
public:
    explicit registration(std::string name) : name_(std::move(name)) {
        std::lock_guard lock(mutex_);
        alone_ = under_way_.insert(name_).second;
    }
    ~registration() {
        std::lock_guard lock(mutex_);
        if (alone_) under_way_.erase(name_);
    }
    registration(registration const&) = delete;
    bool alone() const { return alone_; }

private:
    static inline std::mutex mutex_;
    static inline std::set<std::string> under_way_;  // guarded by mutex_
    std::string name_;
    bool alone_ = false;
};

// The members of one manifest on their way into the catalog. Its blocking parts run on the pool, one at a time.
class tree_writer {
public:
    // `known`: the version is registered. The same digest is the same members, so they are only compared, never written.
    tree_writer(catalog::catalog& cat, tree_request what, bool known) : cat_(cat), what_(std::move(what)), known_(known) {}

    // What an earlier attempt has left would be members of this one.
    result<void> clear() {
        if (known_) return {};
        catalog::change_set change;
        change.delete_tree_members(what_.ref, what_.version);
        auto done = cat_.commit(std::move(change));
        return done ? result<void>() : result<void>(done.error());
    }
    result<void> put(line_batch const& batch) {
        catalog::change_set change;
        for (auto const& line : batch.lines) {
            auto member = line.too_long ? result<catalog::tree_member>(fail(errc::invalid_argument, "the line is too long"))
                                        : manifest_.read(batch.of(line));
            if (!member) return error(member.error().code, "line " + std::to_string(line.number) + ": " + member.error().detail);
            note(*member);
            if (!known_) change.put_tree_member(what_.ref, what_.version, std::move(*member));
        }
        if (change.empty()) return {};
        auto done = cat_.commit(std::move(change));
        return done ? result<void>() : result<void>(done.error());
    }
    result<catalog::asset_version> end() {
        catalog::asset_version v;
        v.id = manifest_.finish();
        v.size = manifest_.bytes();
        v.members = manifest_.members();
        v.media_type = what_.media_type;
        v.filename = what_.ref.asset.str();
        v.tree = true;
        if (v.members == 0) return fail(errc::invalid_argument, "the manifest is empty; a tree has at least one member");
        if (v.id != what_.version)
            return fail(errc::conflict, "the manifest has the digest " + v.id.text() + ", not " + what_.version.text() +
                                            ": the sha-256 of the lines \"HEX SIZE PATH\" of all members, sorted by path");
        return v;
    }
    // First, last and some between them, spread as powers of two.
    std::vector<catalog::tree_member> const& sample() const { return sample_; }

private:
    void note(catalog::tree_member const& m) {
        auto const n = manifest_.members();
        if (sample_.size() < looked_at)
            sample_.push_back(m);
        else if (n >= next_) {
            sample_[1 + n % (looked_at - 1)] = m;
            next_ = n + n / 2;
        }
    }

    catalog::catalog& cat_;
    tree_request const what_;
    bool const known_;
    tree_manifest manifest_;
    std::vector<catalog::tree_member> sample_;
    std::uint64_t next_ = looked_at;
};

std::string encoded(std::string_view path) {
    std::string out;
    for (std::size_t begin = 0; begin <= path.size();) {
        auto const end = std::min(path.find('/', begin), path.size());
        out += (begin > 0 ? "/" : "") + encode_segment(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

asio::awaitable<result<void>> take_manifest(core& c, net::request& req, std::shared_ptr<tree_writer> writer) {
    line_framer framer(tree_manifest::longest_line);
    std::vector<char> room(read_size);
    for (bool more = true; more;) {
        auto const n = co_await req.body->read_some(room);
        if (!n) co_return n.error();
        framer.put({room.data(), *n});
        more = *n > 0;
        if (!more) framer.finish();
        if (more && framer.bytes() < batch_bytes) continue;
        auto put = [writer, batch = framer.take()] { return writer->put(batch); };
        auto done = co_await on_pool(c.pool, std::move(put));
        if (!done) co_return done;
    }
    co_return result<void>{};
}

// A few members of the copy, their sizes and digests as the site has them.
asio::awaitable<result<void>> look_at_copy(core& c, catalog::site_record site, std::string path,
                                           std::vector<catalog::tree_member> members) {
    auto found = c.sites.driver(site);
    if (!found) co_return found.error();
    auto& driver = **found;
    for (auto const& m : members) {
        auto const at = path + "/" + encoded(m.path);
        storage::call const call{c.sites.token(site, {{"storage.read", at}}), c.time.steady() + look_limit};
        auto stat = co_await driver.stat(call, at);
        if (!stat) co_return error(stat.error().code, m.path + " at " + site.id.str() + ": " + stat.error().message());
        if (stat->size != m.size)
            co_return fail(errc::conflict, m.path + " has " + std::to_string(stat->size) + " bytes at " + site.id.str() + ", " +
                                               std::to_string(m.size) + " in the manifest");
        digester sum{digest_algorithm::sha256};
        auto take = [&sum](std::string_view bytes) -> asio::awaitable<result<void>> {
            sum.update(bytes);
            co_return result<void>{};
        };
        storage::byte_sink sink = take;
        auto read = co_await driver.read(call, at, std::nullopt, std::move(sink));
        if (!read) co_return error(read.error().code, m.path + " at " + site.id.str() + ": " + read.error().message());
        if (*sum.finish().sha256 != m.id)
            co_return fail(errc::conflict, m.path + " at " + site.id.str() + " has not the digest of the manifest");
    }
    co_return result<void>{};
}

result<void> register_tree(core& c, tree_request const& what, catalog::asset_version const& v) {
    catalog::change_set change;
    change.register_version(what.ref, v);
    if (!what.site.empty()) {
        catalog::replica_record r;
        r.asset = what.ref;
        r.version = v.id;
        r.site = site_id(what.site);
        r.state = catalog::replica_state::available;
        r.size = v.size;
        r.path = what.path;
        r.verified_at = c.time.now();
        change.put_replica(std::move(r));
    }
    auto done = c.cat.commit(std::move(change));
    return done ? result<void>() : result<void>(done.error());
}

// What stands in the way before a byte of the manifest is read; and where the copy is.
struct beginning {
    std::optional<net::response> refused;
    std::optional<catalog::site_record> site;
    bool known = false;  // this version is registered: its members are there
};

asio::awaitable<beginning> begin(core& c, net::request& req, tree_request const& what) {
    beginning out;
    auto look = [&c, ref = what.ref] { return c.cat.find_asset(ref); };
    auto const there = co_await on_pool(c.pool, std::move(look));
    auto const action = there ? policies::action::modify : policies::action::create;
    auto asked = co_await ask(c, req.caller, action, what.ref);
    if (!asked) {
        bool const gone = asked.error().code == make_error_code(errc::not_found);
        out.refused = gone ? absent("such collection") : net::problem(asked.error());
        co_return out;
    }
    if (!asked->granted) {
        out.refused = refusal(c, req, *asked, "storage.create:/data/" + what.ref.str());
        co_return out;
    }
    if (!asked->matter.exists) {
        out.refused = net::problem(404, "there is no item " + what.ref.item.str() + "; create it before its assets");
        co_return out;
    }
    auto find = [&c, what]() -> result<beginning> {
        beginning found;
        auto version = c.cat.find_version(what.ref, what.version);
        if (!version && version.error().code != make_error_code(errc::not_found)) return version.error();
        found.known = version.has_value();
        if (what.site.empty()) return found;
        auto site = c.cat.find_site(site_id(what.site));
        if (!site) return site.error();
        found.site = std::move(*site);
        return found;
    };
    auto found = co_await on_pool(c.pool, std::move(find));
    if (!found) {
        out.refused = net::problem(found.error());
        co_return out;
    }
    out = std::move(*found);
    if (!out.site) co_return out;
    // Who names a path at a site makes it readable through this asset.
    if (!is_admin(*req.caller)) {
        out.refused = net::problem(403, "only administrators register what lies at a site already");
        co_return out;
    }
    if (auto verdict = c.policy.may_place(asked->matter.on, transfer::place_of(*out.site)); !verdict.allowed)
        out.refused = net::problem(403, "this data may not be stored at " + what.site + ": " +
                                            (verdict.reasons.empty() ? std::string("policy") : verdict.reasons.front()));
    co_return out;
}

asio::awaitable<net::response> put_tree(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto const what = read_request(req);
    if (!what) co_return net::problem(what.error());
    auto begun = co_await begin(c, req, *what);
    if (begun.refused) co_return std::move(*begun.refused);
    registration const turn(what->ref.str() + "\n" + what->version.text());
    if (!turn.alone()) co_return net::problem(409, "this version is being registered by another request; try again shortly");

    auto writer = std::make_shared<tree_writer>(c.cat, *what, begun.known);
    auto clear = [writer] { return writer->clear(); };
    auto cleared = co_await on_pool(c.pool, clear);
    if (!cleared) co_return net::problem(cleared.error());
    auto taken = co_await take_manifest(c, req, writer);
    auto version = taken ? writer->end() : result<catalog::asset_version>(taken.error());
    if (version && begun.site) {
        auto looked = co_await look_at_copy(c, *begun.site, what->path, writer->sample());
        if (!looked) version = looked.error();
    }
    if (!version) {
        (void)co_await on_pool(c.pool, clear);  // else the next attempt does it
        co_return net::problem(version.error());
    }
    auto finish = [&c, what = *what, v = *version] { return register_tree(c, what, v); };
    auto done = co_await on_pool(c.pool, std::move(finish));
    if (!done) co_return net::problem(done.error());
    auto o = render(*version);
    o["asset"] = what->ref.str();
    if (!what->site.empty()) o["site"] = what->site;
    co_return net::json_response(begun.known ? 200 : 201, o);
}

// The members by path, after `cursor`, which is a path.
asio::awaitable<net::response> list_tree(core& c, net::request& req) {
    auto const ref = ref_of(req);
    if (!ref) co_return net::problem(ref.error());
    auto const page = read_page(req);
    if (!page) co_return net::problem(page.error());
    auto asked = co_await ask(c, req.caller, policies::action::read, *ref);
    if (!asked && asked.error().code != make_error_code(errc::not_found)) co_return net::problem(asked.error());
    if (!asked) {
        if (auto refused = require_login(req)) co_return std::move(*refused);
        co_return absent("such dataset");
    }
    if (!asked->granted) co_return refusal(c, req, *asked, "storage.read:/data/" + ref->str());
    std::optional<digest> version;
    if (auto text = req.query.find("version")) {
        auto parsed = version_of(*text);
        if (!parsed) co_return net::problem(parsed.error());
        version = *parsed;
    }
    struct listing {
        std::string lines;
        std::string last;
        bool more = false;
        digest version;
    };
    auto read = [&c, ref = *ref, page = *page, version, prefix = std::string(req.query.get("prefix"))]() -> result<listing> {
        listing out;
        auto found = version ? c.cat.find_version(ref, *version) : result<catalog::asset_version>(catalog::asset_version{});
        if (!version) {
            auto current = c.cat.find_asset(ref);
            if (!current) return current.error();
            found = current->current;
        }
        if (!found) return found.error();
        if (!found->tree) return fail(errc::not_found, ref.str() + " is one file and has no members");
        out.version = found->id;
        std::size_t rows = 0;
        auto visit = [&](catalog::tree_member const& m) {
            if (!m.path.starts_with(prefix)) return m.path < prefix;
            if (rows++ == page.limit) {
                out.more = true;
                return false;
            }
            out.lines += manifest_line(m);
            out.last = m.path;
            return true;
        };
        // A prefix is where the walk begins, as if its predecessor had been the cursor.
        auto after = page.cursor;
        if (after < prefix) {
            after = prefix;
            auto first = c.cat.find_tree_member(ref, found->id, prefix);
            if (first) visit(*first);
        }
        if (auto ok = c.cat.scan_tree_members(ref, found->id, after, visit); !ok) return ok.error();
        return out;
    };
    auto got = co_await on_pool(c.pool, std::move(read));
    if (!got) co_return net::problem(got.error());
    if (req.headers.get("Accept").find("application/jsonl") != std::string_view::npos) {
        auto answer = net::text_response(200, std::move(got->lines), "application/jsonl");
        if (got->more) answer.headers.set("Link", "<?cursor=" + encode_segment(got->last) + ">; rel=next");
        co_return answer;
    }
    std::string text = "{\"version\":\"" + got->version.text() + "\",\"members\":[";
    for (auto& ch : got->lines)
        if (ch == '\n') ch = ',';
    if (!got->lines.empty()) got->lines.pop_back();
    text += got->lines + "]";
    if (got->more) text += ",\"next\":" + json_quote(got->last);
    co_return net::text_response(200, text + "}", "application/json");
}

}  // namespace

void add_tree_routes(net::router& r, core& c) {
    net::route_options manifest;
    manifest.max_body = 0;
    manifest.time_limit = std::chrono::seconds(0);
    r.add("GET", "/api/v1/trees/{c}/{i}/{a}", [&c](net::request& req) { return list_tree(c, req); });
    r.add(
        "PUT", "/api/v1/trees/{c}/{i}/{a}", [&c](net::request& req) { return put_tree(c, req); }, manifest);
}

}  // namespace fjord::broker
