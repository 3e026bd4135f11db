#include "cli/demo/federation.hpp"

#include "auth/auth.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "cli/demo/free_port.hpp"
#include "cli/demo/xrootd_site.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <filesystem>
#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

struct persona {
    char const *name, *subject, *org;
    std::vector<std::string> groups;
};

std::vector<persona> const& personas() {
    static std::vector<persona> const all{
        {"admin", "alice-admin", "twin-lab", {"/fjord/admins", "/twins/flood"}},
        {"twin", "flood-twin", "twin-lab", {"/twins/flood"}},
        {"partner", "paolo-partner", "partner-institute", {"/partners/hydrology"}},
        {"stranger", "sam-stranger", "elsewhere", {}},
        {"cache", "cache-1", "twin-lab", {"/fjord/caches"}},
    };
    return all;
}

std::string issuer_block(std::string const& url, std::string const& ca) {
    return "\n[[issuer]]\nurl = \"" + url + "\"\nca = \"" + ca + "\"\n";
}

std::string tail_of(std::string const& file) {
    auto text = read_file(file);
    if (!text) return "(no log)";
    return text->size() > 2000 ? text->substr(text->size() - 2000) : *text;
}

}  // namespace

result<void> federation::choose_ports() {
    static constexpr char const* names[] = {"broker", "cache", "cache_http", "issuer", "site-a", "site-b"};
    int next = options_.port_base;
    for (auto const* name : names) {
        if (options_.port_base != 0) {
            ports_[name] = next++;
            continue;
        }
        auto port = reserve_port();
        if (!port) return port.error();
        ports_[name] = port->number;
        reserved_[name] = std::move(port->hold);
    }
    return {};
}

// One authority and one leaf for localhost, by the openssl program: what an operator would do by hand.
result<void> federation::write_certificates() {
    auto const ext =
        "basicConstraints=CA:false\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n";
    if (auto ok = write_file_atomically(path("leaf.ext"), ext); !ok) return ok.error();
    std::vector<std::string> const key{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"};
    std::vector<std::string> ca{"openssl", "req", "-x509"};
    ca.insert(ca.end(), key.begin(), key.end());
    for (auto const& s : {std::string("-days"), std::string("30"), std::string("-subj"), std::string("/CN=Fjord demo CA"),
                          std::string("-keyout"), path("ca.key"), std::string("-out"), path("ca.pem"), std::string("-addext"),
                          std::string("basicConstraints=critical,CA:true"), std::string("-addext"),
                          std::string("keyUsage=critical,keyCertSign,cRLSign")})
        ca.push_back(s);
    std::vector<std::string> request{"openssl", "req", "-new"};
    request.insert(request.end(), key.begin(), key.end());
    for (auto const& s : {std::string("-subj"), std::string("/CN=localhost"), std::string("-keyout"), path("host.key"),
                          std::string("-out"), path("host.csr")})
        request.push_back(s);
    std::vector<std::string> const sign{"openssl",
                                        "x509",
                                        "-req",
                                        "-sha256",
                                        "-days",
                                        "30",
                                        "-in",
                                        path("host.csr"),
                                        "-CA",
                                        path("ca.pem"),
                                        "-CAkey",
                                        path("ca.key"),
                                        "-CAcreateserial",
                                        "-extfile",
                                        path("leaf.ext"),
                                        "-out",
                                        path("host.pem")};
    for (auto const& argv : {ca, request, sign}) {
        auto done = run_command({argv, {}, false, {}});
        if (!done) return done.error();
        if (done->exit_code != 0) return fail(errc::internal, "making certificates: " + done->err);
    }
    return {};
}

secret federation::mint(std::string const& subject, std::vector<std::string> const& groups, std::string const& org,
                        long lifetime_s) const {
    auto minter = auth::minter::open(issuer_url(), path("issuer-key.pem"), system_clock());
    auth::mint_request m;
    m.subject = subject;
    m.audience = {broker_url(), cache_url()};
    m.groups = groups;
    m.org = org;
    m.lifetime = std::chrono::seconds(lifetime_s);
    return minter.value().mint(m);
}

result<void> federation::write_tokens() {
    if (auto made = auth::minter::open(issuer_url(), path("issuer-key.pem"), system_clock()); !made) return made.error();
    for (auto const& p : personas()) {
        auto const token = mint(p.subject, p.groups, p.org, 6 * 3600);
        if (auto ok = write_file_atomically(path(std::string(p.name) + ".token"), token.reveal() + "\n", 0600); !ok)
            return ok.error();
    }
    return {};
}

result<void> federation::write_configs() {
    auto common = [this](std::string const& role, std::string const& listen) {
        return "listen = [" + listen + "]\npublic_url = \"https://localhost:" + std::to_string(ports_.at(role)) + "\"\nca = \"" +
               path("ca.pem") + "\"\n";
    };
    auto address = [this](std::string const& scheme, std::string const& name) {
        return "\"" + scheme + "://127.0.0.1:" + std::to_string(ports_.at(name)) + "\"";
    };
    std::string const tls = "\n[tls]\ncertificate = \"" + path("host.pem") + "\"\nkey = \"" + path("host.key") + "\"\n";
    std::map<std::string, std::string> files;
    files["issuer"] = common("issuer", address("https", "issuer")) + "key_file = \"" + path("issuer-key.pem") + "\"\n" + tls;
    files["broker"] = common("broker", address("https", "broker")) + "data_dir = \"" + path("broker") +
                      "\"\ntitle = \"Fjord demo\"\n"
                      "default_site = \"site-a\"\n" +
                      tls + "\n[location]\nsite = \"hub\"\njurisdiction = \"DE\"\n" + issuer_block(issuer_url(), path("ca.pem")) +
                      "admin_groups = [\"/fjord/admins\"]\n";
    files["cache"] = common("cache", address("https", "cache") + ", " + address("http", "cache_http")) +
                     "id = \"cache-1\"\nbroker = \"" + broker_url() + "\"\ntoken_file = \"" + path("cache.token") +
                     "\"\nsite = \"hpc\"\njurisdiction = \"DE\"\n" + tls + "\n[disk]\npath = \"" + path("cache") +
                     "\"\nsize = \"1 GiB\"\n" + issuer_block(broker_url(), path("ca.pem")) +
                     issuer_block(issuer_url(), path("ca.pem"));
    for (std::string const site : {"site-a", "site-b"})
        files[site] = common(site, address("https", site)) + "root = \"" + path(site) + "\"\ndata_dir = \"" +
                      path(site + "-state") + "\"\nbroker = \"" + broker_url() + "\"\n" + tls + "\n[tpc]\nallow_local = true\n" +
                      issuer_block(broker_url(), path("ca.pem"));
    for (auto const& [role, text] : files) {
        std::error_code ec;
        fs::create_directories(path(role), ec);
        if (auto ok = write_file_atomically(path(role + ".toml"), text); !ok) return ok.error();
    }
    return {};
}

result<void> federation::start_role(std::string const& role) {
    auto const kind = role.starts_with("site-") ? std::string("site") : role;
    command c{{options_.program, "serve", kind, "--config", path(role + ".toml"), "--ready-file", path(role + ".ready")},
              {},
              false,
              path(role + ".log")};
    unlink(path(role + ".ready").c_str());
    auto started = child_process::start(c);
    if (!started) return started.error();
    processes_[role] = std::move(*started);
    return {};
}

result<void> federation::start_xrootd(std::string const& site) {
    reserved_.erase(site);  // XRootD wants its port for itself
    auto const key = path("broker/signing-key.pem");
    auto minter = auth::minter::open(broker_url(), key, system_clock());
    if (!minter) return minter.error();
    xrootd_options o{path(site),     ports_.at(site), path("host.pem"), path("host.key"),
                     path("ca.pem"), broker_url(),    minter->jwks()};
    auto started = start_xrootd_site(o);
    if (!started) return started.error();
    processes_[site] = std::move(*started);
    return {};
}

result<void> federation::wait_ready(std::vector<std::string> const& roles) {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (auto const& role : roles) {
        for (;;) {
            if (access(path(role + ".ready").c_str(), R_OK) == 0) break;
            if (!processes_.at(role).running())
                return fail(errc::unavailable, role + " ended while starting:\n" + tail_of(path(role + ".log")));
            if (std::chrono::steady_clock::now() > until)
                return fail(errc::timed_out, role + " did not answer within 30 s:\n" + tail_of(path(role + ".log")));
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    return {};
}

result<void> federation::restart(std::string const& role) {
    bool const xrootd = options_.xrootd && role.starts_with("site-");
    if (auto ok = xrootd ? start_xrootd(role) : start_role(role); !ok) return ok.error();
    return xrootd ? wait_for_xrootd(path(role), ports_.at(role), processes_.at(role)) : wait_ready({role});
}

result<void> federation::start() {
    std::error_code ec;
    fs::create_directories(options_.dir, ec);
    if (ec) return fail(errc::denied, "making " + options_.dir + ": " + ec.message());
    for (auto step :
         {&federation::choose_ports, &federation::write_certificates, &federation::write_tokens, &federation::write_configs})
        if (auto ok = (this->*step)(); !ok) return ok.error();
    // The issuer first: a broker that is shown a token before its issuer answers remembers for a while that it had no keys.
    if (auto ok = start_role("issuer"); !ok) return ok.error();
    if (auto ok = wait_ready({"issuer"}); !ok) return ok.error();
    std::vector<std::string> roles{"broker", "cache"};
    for (auto const& role : roles)
        if (auto ok = start_role(role); !ok) return ok.error();
    for (std::string const site : {"site-a", "site-b"}) {
        if (!options_.xrootd) roles.push_back(site);
        if (auto ok = options_.xrootd ? start_xrootd(site) : start_role(site); !ok) return ok.error();
    }
    if (auto ok = wait_ready(roles); !ok) return ok.error();
    if (!options_.xrootd) return {};
    for (std::string const site : {"site-a", "site-b"})
        if (auto ok = wait_for_xrootd(path(site), ports_.at(site), processes_.at(site)); !ok) return ok.error();
    return {};
}

result<void> federation::write_env(std::vector<std::string> const& collections) const {
    json::object tokens, pids, sites;
    for (auto const& p : personas())
        if (std::string_view(p.name) != "cache") tokens[p.name] = path(std::string(p.name) + ".token");
    for (auto const& [role, process] : processes_) pids[role] = process.pid();
    for (std::string const site : {"site-a", "site-b"}) sites[site] = site_url(site);
    json::object o{{"broker", broker_url()},
                   {"cache", cache_url()},
                   {"cache_http", "http://127.0.0.1:" + std::to_string(ports_.at("cache_http"))},
                   {"issuer", issuer_url()},
                   {"issuer_key", path("issuer-key.pem")},
                   {"ca", path("ca.pem")}};
    o["sites"] = std::move(sites);
    o["tokens"] = std::move(tokens);
    o["pids"] = std::move(pids);
    o["collections"] = json::value_from(collections);
    return write_file_atomically(path("env.json"), json::serialize(o) + "\n");
}

void federation::stop_all() {
    // Those who ask before those who answer, so that nobody logs a peer that is gone.
    for (auto const* role : {"cache", "broker", "site-a", "site-b", "issuer"})
        if (auto at = processes_.find(role); at != processes_.end()) at->second.stop();
}

bool federation::all_running() {
    bool all = true;
    for (auto& [role, process] : processes_) all = process.running() && all;
    return all;
}

command federation::as(std::string const& persona, std::vector<std::string> args) const {
    command c;
    c.argv = {options_.program};
    c.argv.insert(c.argv.end(), args.begin(), args.end());
    c.env = {{"FJORD_BROKER", broker_url()}, {"FJORD_CA", path("ca.pem")}, {"BEARER_TOKEN", ""}, {"BEARER_TOKEN_FILE", ""}};
    if (!persona.empty()) c.env.back().second = path(persona + ".token");
    return c;
}

}  // namespace fjord::cli
