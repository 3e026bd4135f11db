#include "cli/demo/story.hpp"

#include "base/digest.hpp"
#include "base/file.hpp"
#include "cli/output.hpp"

#include <boost/json/serialize.hpp>

#include <filesystem>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

global_options options_for(federation const& f) {
    global_options o;
    o.broker = f.broker_url();
    o.ca = f.path("ca.pem");
    return o;
}

std::string shell_line(std::vector<std::string> const& argv) {
    std::string line = "$ fjord";
    for (std::size_t i = 1; i < argv.size(); ++i) {
        bool const plain = argv[i].find_first_of(" <>&|\\'\"()*") == std::string::npos;
        char const quote = argv[i].find('\'') == std::string::npos ? '\'' : '"';
        line += plain ? " " + argv[i] : std::string(" ") + quote + argv[i] + quote;
    }
    return line;
}

std::string detail_of(net::client_response const& r) {
    auto value = parse_json(r.body);
    return value ? member_text(*value, "detail") : std::string();
}

}  // namespace

story::story(federation& f, narrator& n, std::string data_folder)
    : federation_(f), tell_(n), data_(std::move(data_folder)), samples_(demo_samples()), client_(options_for(f), secret()) {}

std::vector<std::string> story::collections() const {
    std::vector<std::string> out;
    for (auto const& s : samples_)
        if (out.empty() || out.back() != s.collection) out.push_back(s.collection);
    return out;
}

finished_command story::fjord(std::string const& persona, std::vector<std::string> args, bool show) {
    auto c = federation_.as(persona, std::move(args));
    if (persona == "twin") c.env.push_back({"FJORD_SITE", "hpc"});
    if (show) tell_.command(shell_line(c.argv) + (persona.empty() ? "" : "        # as " + persona));
    auto done = run_command(c);
    if (!done) return {1, {}, done.error().message()};
    if (show) tell_.say(done->out + done->err);
    return std::move(*done);
}

secret story::token_of(std::string const& persona) const {
    auto text = read_file(federation_.path(persona + ".token"));
    auto value = text ? *text : std::string();
    while (!value.empty() && value.back() == '\n') value.pop_back();
    return secret(value);
}

net::client_response story::http(std::string const& method, std::string const& url, secret const& token, int redirects) {
    net::client_request request;
    request.method = method;
    request.url = url;
    request.bearer = token;
    request.max_redirects = redirects;
    request.max_body = 256u << 20;
    auto answer = client_.send(std::move(request));
    if (answer) return std::move(*answer);
    net::client_response none;
    none.body = answer.error().message();
    return none;
}

std::string story::source_file(std::string const& collection) const {
    for (auto const& s : samples_)
        if (s.collection == collection) return data_ + "/" + s.file;
    return {};
}

std::string story::sha256_of_file(std::string const& path) const {
    auto bytes = read_file(path, 1u << 30);
    return bytes ? sha256_of(*bytes).hex() : std::string();
}

std::string story::asset_uri(std::string const& collection) {
    for (auto const& s : samples_) {
        if (s.collection != collection) continue;
        auto done = fjord("twin", {"--json", "resolve", collection + "/" + s.item}, false);
        auto value = parse_json(done.out);
        if (!value || !value->is_object() || !value->as_object().contains("assets")) return {};
        auto const& assets = value->at("assets").as_array();
        return assets.empty() ? std::string() : member_text(assets.front(), "asset");
    }
    return {};
}

bool story::prepare() {
    tell_.begin("a federation: issuer, broker, two sites, a cache");
    for (std::string const site : {"site-a", "site-b"}) {
        std::vector<std::string> add{"site", "add", site, "--kind", federation_.site_kind()};
        bool const xrootd = federation_.site_kind() == "xrootd";
        add.insert(add.end(), {"--url", federation_.site_url(site) + (xrootd ? "/data" : ""), "--jurisdiction",
                               site == "site-a" ? "DE" : "IT"});
        add.insert(add.end(),
                   {"--attribute", std::string("country=") + (site == "site-a" ? "DE" : "IT"), "--attribute", "tier=1"});
        if (xrootd) add.insert(add.end(), {"--attribute", "token_base=/data"});
        if (!tell_.check(fjord("admin", add).exit_code == 0, site + " is registered")) return false;
    }
    for (auto const& c : demo_collections()) {
        auto const file = federation_.path(c.id + ".collection.json");
        if (!write_file_atomically(file, c.document)) return false;
        if (!tell_.check(fjord("admin", {"collection", "add", file}, false).exit_code == 0,
                         "collection " + c.id + ": " + c.terms))
            return false;
    }
    auto const policy = federation_.path("policy.json");
    if (!write_file_atomically(policy, demo_policy())) return false;
    auto const set = fjord("admin", {"policy", "set", "demo", policy}, false);
    tell_.command("$ fjord policy set demo policy.json        # as admin");
    return tell_.check(set.exit_code == 0,
                       "the sharing conditions hold from the next request on" + (set.exit_code ? ": " + set.err : ""));
}

bool story::ingest() {
    tell_.begin("ingest: STAC items from real rasters, bytes to site-a, digests registered");
    for (auto const& s : samples_) {
        std::vector<std::string> args{"ingest", data_ + "/" + s.file, "--collection", s.collection, "--item", s.item, "--at",
                                      "site-a"};
        if (!s.datetime.empty()) args.insert(args.end(), {"--datetime", s.datetime});
        for (auto const& p : s.properties) args.insert(args.end(), {"--property", p});
        if (!tell_.check(fjord("twin", args).exit_code == 0,
                         s.collection + "/" + s.item + " is described, uploaded and registered"))
            return false;
    }
    scene_ = asset_uri("landsat-7");
    return tell_.check(!scene_.empty(), "the scene resolves as " + scene_);
}

bool story::search() {
    tell_.begin("search: where, when and what, in one query");
    auto const done =
        fjord("twin", {"search", "--bbox", "-35.2,-8.4,-34.6,-7.7", "--datetime", "1999-01-01T00:00:00Z/2003-01-01T00:00:00Z",
                       "--filter", "platform = 'landsat-7' AND gsd <= 30"});
    return tell_.check(
        done.exit_code == 0 && done.out.find("landsat-7") != std::string::npos && done.out.find("1 item\n") != std::string::npos,
        "bbox + datetime + CQL2 find exactly the scene");
}

bool story::replicate() {
    tell_.begin("a rule asks for two copies; site-b pulls from site-a (HTTP-TPC COPY); the broker verifies");
    auto const done =
        fjord("twin", {"rule", "add", "landsat-7", "--sites", "tier=1", "--copies", "2", "--activity", "demo", "--wait"});
    if (!tell_.check(done.exit_code == 0 && done.out.find("fulfilled") != std::string::npos, "the rule reads fulfilled"))
        return false;
    auto const stat = fjord("twin", {"stat", scene_});
    bool const both = stat.out.find("site-a") != std::string::npos && stat.out.find("site-b") != std::string::npos;
    tell_.check(both, "both copies are available, size and digest verified");
    auto const transfers = fjord("admin", {"transfer", "list"});
    return tell_.check(transfers.out.find("pull") != std::string::npos && transfers.out.find("done") != std::string::npos,
                       "one pull from site-a to site-b is done");
}

bool story::resolve_and_read() {
    tell_.begin("resolve: a twin next to the cache is sent there; the first read fills, the second hits");
    auto const done = fjord("twin", {"--json", "resolve", scene_}, false);
    tell_.command("$ fjord resolve " + scene_ + "        # as twin, FJORD_SITE=hpc");
    auto value = parse_json(done.out);
    if (!tell_.check(value && value->is_object() && value->as_object().contains("places"), "the broker answers with places"))
        return false;
    auto const& best = value->at("places").as_array().front();
    tell_.say(member_text(best, "kind") + " " + member_text(best, "site") + ": " + member_text(best, "url") + "  (" +
              member_text(best, "why") + ")");
    tell_.check(member_text(best, "kind") == "cache", "the cache comes first, with a token for this one object");
    auto const source = sha256_of_file(source_file("landsat-7"));
    secret const token(member_text(best, "token"));
    for (auto const* expected : {"fwd=miss", "hit"}) {
        tell_.command("> GET " + member_text(best, "url") + "        # with the minted token");
        auto const answer = http("GET", member_text(best, "url"), token);
        auto const status = std::string(answer.headers.get("Cache-Status"));
        tell_.say("< " + std::to_string(answer.status) + "  Cache-Status: " + status + "  " + std::to_string(answer.body.size()) +
                  " bytes");
        tell_.check(answer.status == 200 && status.find(expected) != std::string::npos,
                    std::string(expected) == "hit" ? "the second read is a hit" : "the first read is a miss that fills");
        tell_.check(sha256_of(answer.body).hex() == source, "the bytes are those of the source file");
    }
    auto const followed = http("GET", federation_.broker_url() + "/data/" + scene_ + "?site=hpc", token_of("twin"), 3);
    tell_.command("> GET " + federation_.broker_url() + "/data/" + scene_ + "?site=hpc        # following the redirect");
    return tell_.check(followed.status == 200 && sha256_of(followed.body).hex() == source,
                       "the plain URL, followed, gives the same bytes");
}

bool story::refuse() {
    tell_.begin("authorization: the same request without a token, with an expired one, from a partner");
    auto const url = federation_.broker_url() + "/data/" + scene_;
    auto const expired = federation_.mint("flood-twin", {"/twins/flood"}, "twin-lab", -60);
    struct attempt {
        char const* who;
        secret token;
        unsigned status;
        char const* expect;
    };
    for (auto const& a :
         {attempt{"no token", secret(), 401, "Bearer"}, attempt{"an expired token", expired, 401, "invalid_token"},
          attempt{"the partner's token on a restricted collection", token_of("partner"), 403, "insufficient_scope"}}) {
        tell_.command(std::string("> GET ") + url + "        # " + a.who);
        auto const answer = http("GET", url, a.token);
        tell_.say("< " + std::to_string(answer.status) + "  " + detail_of(answer));
        bool const reasoned =
            answer.headers.get("WWW-Authenticate").find(a.expect) != std::string_view::npos && !detail_of(answer).empty();
        tell_.check(answer.status == a.status && reasoned,
                    std::string(a.who) + ": refused with " + std::to_string(a.status) + " and a reason");
    }
    auto const climate = asset_uri("climate");
    auto const embargoed = http("GET", federation_.broker_url() + "/data/" + climate, token_of("partner"));
    tell_.command("> GET " + federation_.broker_url() + "/data/" + climate + "        # the partner, before the embargo ends");
    tell_.say("< " + std::to_string(embargoed.status) + "  " + detail_of(embargoed));
    tell_.check(embargoed.status == 403, "the embargo holds");
    auto const cache = http("GET", federation_.cache_url() + "/data/" + scene_);
    tell_.command("> GET " + federation_.cache_url() + "/data/" + scene_ + "        # the cache, without a token");
    tell_.say("< " + std::to_string(cache.status) + "  " + detail_of(cache));
    tell_.check(cache.status == 401, "a hit in the cache is authorized again, too");
    auto const open = http("GET", federation_.broker_url() + "/data/" + asset_uri("elevation"), secret(), 3);
    return tell_.check(open.status == 200 && sha256_of(open.body).hex() == sha256_of_file(source_file("elevation")),
                       "the public elevation model needs no token");
}

bool story::survive() {
    tell_.begin("failure: site-a stops; the same URI still resolves and delivers");
    federation_.stop_role("site-a");
    tell_.command("$ kill -TERM $(site-a)");
    auto const resolved = fjord("twin", {"resolve", scene_});
    tell_.check(resolved.exit_code == 0, "the URI still resolves");
    auto const target = federation_.path("downloaded.tif");
    auto const got = fjord("twin", {"get", scene_, target});
    tell_.check(got.exit_code == 0 && sha256_of_file(target) == sha256_of_file(source_file("landsat-7")),
                "fjord get delivers verified bytes through the cache");
    auto const direct = federation_.path("direct.tif");
    auto const elsewhere = fjord("twin", {"get", "--site", "nowhere-near", scene_, direct});
    return tell_.check(elsewhere.exit_code == 0 && sha256_of_file(direct) == sha256_of_file(source_file("landsat-7")),
                       "and from site-b without the cache");
}

}  // namespace fjord::cli
