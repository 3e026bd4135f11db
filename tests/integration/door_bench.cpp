#include "tests/integration/door_bench.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "cli/demo/xrootd_site.hpp"
#include "tests/support/test_tls.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace fjord::test {
namespace {

namespace fs = std::filesystem;

std::string quoted(std::string const& word) {
    if (!word.empty() && word.find_first_of(" \t\n'\"\\$*?&;<>|()[]{}#~") == std::string::npos) return word;
    std::string out = "'";
    for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

void replace_all(std::string& text, std::string const& what, std::string const& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

constexpr char const* group_rules =
    "\n[[group_access]]\npath = \"/data/vo\"\nread = [\"/vo\"]\nwrite = [\"/vo\"]\n"
    "\n[[group_access]]\npath = \"/data/vo/protected\"\nread = [\"/vo\"]\nwrite = [\"/vo/managers\"]\n";

class stop_at_end : public ::testing::Environment {
public:
    void TearDown() override { door_bench::get().stop(); }
};

}  // namespace

std::ostream& operator<<(std::ostream& os, client_run const& r) {
    os << "\n$ " << r.shown << "\n" << r.out << r.err;
    return os << "[exit " << r.exit_code << "]\n";
}

door_bench& door_bench::get() {
    // Not destroyed at exit: stop() runs as a test environment, where it can still fail the program.
    static auto* bench = [] {
        ::testing::AddGlobalTestEnvironment(new stop_at_end);
        return new door_bench();
    }();
    return *bench;
}

door_bench::door_bench() {
    std::string name = (fs::temp_directory_path() / "fjb-XXXXXX").string();
    dir_ = mkdtemp(name.data());
    fs::permissions(dir_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec | fs::perms::others_read);
    for (std::string const role : {"issuer", "site-a", "site-b", "xrd"}) {
        auto port = cli::reserve_port();
        if (!port) give_up(port.error().message());
        ports_[role] = std::move(*port);
    }
    auto url = [this](std::string const& role) { return "https://localhost:" + std::to_string(ports_.at(role).number); };
    issuer_url_ = url("issuer");
    a_ = {url("site-a"), path("site-a")};
    b_ = {url("site-b"), path("site-b")};
    xrootd_ = {url("xrd"), path("xrd/root")};
    make_test_tls(dir_);
    for (auto const* folder : {"home", "certs", "site-a/data", "site-a/public", "site-b/data", "site-b/public"})
        fs::create_directories(path(folder));
    // davix and gfal2 want a folder of authorities, named by their hashes.
    fs::copy_file(ca(), path("certs/ca.pem"));
    auto hashed = cli::run_command({{"openssl", "rehash", ca_folder()}, {}, false, {}});
    if (!hashed || hashed->exit_code != 0) give_up("openssl rehash failed");
    write_configs();
    for (std::string const role : {"issuer", "site-a", "site-b"}) start(role);
    for (std::string const role : {"issuer", "site-a", "site-b"}) wait_ready(role);
}

void door_bench::write_configs() {
    for (std::string const role : {"issuer", "site-a", "site-b"}) {
        auto const port = std::to_string(ports_.at(role).number);
        auto text = "listen = [\"https://127.0.0.1:" + port + "\"]\npublic_url = \"https://localhost:" + port + "\"\nca = \"" +
                    ca() + "\"\n";
        if (role == "issuer") text += "key_file = \"" + path("issuer-key.pem") + "\"\n";
        if (role != "issuer") text += "root = \"" + path(role) + "\"\npublic = [\"/public\"]\naccess_log = true\n";
        if (role == "site-b") text += "recursive_delete = true\n";
        text += "\n[tls]\ncertificate = \"" + path("host.pem") + "\"\nkey = \"" + path("host.key") + "\"\n";
        if (role != "issuer")
            text += "\n[tpc]\nallow_local = true\n\n[[issuer]]\nurl = \"" + issuer_url_ + "\"\nca = \"" + ca() +
                    "\"\nbase_path = \"/data\"\n" + group_rules;
        write(role + ".toml", text);
    }
}

void door_bench::start(std::string const& role) {
    auto const kind = role == "issuer" ? std::string("issuer") : std::string("site");
    auto started = cli::child_process::start(
        {{FJORD_PROGRAM, "serve", kind, "--config", path(role + ".toml"), "--ready-file", path(role + ".ready")},
         {},
         false,
         path(role + ".log")});
    if (!started) give_up(started.error().message());
    processes_[role] = std::move(*started);
}

void door_bench::wait_ready(std::string const& role) {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (access(path(role + ".ready").c_str(), R_OK) != 0) {
        if (!processes_.at(role).running() || std::chrono::steady_clock::now() > until) {
            auto const log = read_file(path(role + ".log"));
            give_up(role + " did not come up:\n" + (log ? *log : std::string()));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

storage_site const& door_bench::xrootd() {
    if (processes_.contains("xrd") && processes_.at("xrd").running()) return xrootd_;
    ports_.at("xrd").hold.reset();  // it wants its port for itself
    auto minter = auth::minter::open(issuer_url_, path("issuer-key.pem"), system_clock());
    cli::xrootd_options o{path("xrd"), ports_.at("xrd").number, path("host.pem"), path("host.key"), ca(),
                          issuer_url_, minter->jwks()};
    auto started = cli::start_xrootd_site(o);
    if (!started) give_up(started.error().message());
    processes_["xrd"] = std::move(*started);
    if (auto up = cli::wait_for_xrootd(o.dir, o.port, processes_.at("xrd")); !up) give_up(up.error().message());
    return xrootd_;
}

bool door_bench::xrootd_crashed() { return processes_.contains("xrd") && !processes_.at("xrd").running(); }

secret door_bench::token(std::string const& scope, std::vector<std::string> audience) {
    auto minter = auth::minter::open(issuer_url_, path("issuer-key.pem"), system_clock());
    auth::mint_request m;
    m.subject = "flood-twin";
    m.audience = audience.empty() ? std::vector<std::string>{a_.url, b_.url, xrootd_.url} : std::move(audience);
    m.scope = scope;
    auto minted = minter->mint(m);
    tokens_.push_back(minted.reveal());
    return minted;
}

secret door_bench::group_token(std::vector<std::string> groups) {
    auto minter = auth::minter::open(issuer_url_, path("issuer-key.pem"), system_clock());
    auth::mint_request m;
    m.subject = "flood-twin";
    m.audience = {a_.url, b_.url};
    m.groups = std::move(groups);
    auto minted = minter->mint(m);
    tokens_.push_back(minted.reveal());
    return minted;
}

secret door_bench::expired_token(std::string const& scope) {
    manual_clock past(system_clock().now() - std::chrono::hours(1));
    auto minter = auth::minter::open(issuer_url_, path("issuer-key.pem"), past);
    auth::mint_request m;
    m.subject = "flood-twin";
    m.audience = {a_.url, b_.url, xrootd_.url};
    m.scope = scope;
    auto minted = minter->mint(m);
    tokens_.push_back(minted.reveal());
    return minted;
}

std::string door_bench::write(std::string const& name, std::string const& content) const {
    if (auto ok = write_file_atomically(path(name), content); !ok) ADD_FAILURE() << ok.error().message();
    return path(name);
}

void door_bench::remove(storage_site const& site, std::string const& file) const {
    std::error_code ignored;
    fs::remove(site.folder + file, ignored);
}

void door_bench::place(storage_site const& site, std::string const& file, std::string const& content) const {
    auto const at = fs::path(site.folder + file);
    fs::create_directories(at.parent_path());
    if (auto ok = write_file_atomically(at.string(), content); !ok) ADD_FAILURE() << ok.error().message();
    if (&site != &xrootd_ || getuid() != 0) return;
    auto owned = cli::run_command({{"chown", "-R", "nobody", site.folder}, {}, false, {}});
    EXPECT_TRUE(owned && owned->exit_code == 0) << "XRootD must own what it writes";
}

std::string door_bench::content(storage_site const& site, std::string const& file) const {
    auto text = read_file(site.folder + file, 1u << 30);
    return text ? *text : std::string("(absent)");
}

bool door_bench::exists(storage_site const& site, std::string const& file) const { return fs::exists(site.folder + file); }

client_run door_bench::run(std::vector<std::string> argv, secret const& token, cli::environment env) {
    cli::command c;
    c.argv = std::move(argv);
    c.clean = true;
    c.env = {{"HOME", path("home")},
             {"LC_ALL", "C.UTF-8"},
             {"TZ", "UTC"},
             {"X509_CERT_DIR", ca_folder()},
             {"GFAL_PYTHONBIN", "/usr/bin/python3"}};  // another python3 first on PATH breaks the gfal scripts
    if (!token.empty()) c.env.emplace_back("BEARER_TOKEN", token.reveal());
    c.env.insert(c.env.end(), env.begin(), env.end());
    auto done = cli::run_command(c);
    client_run r;
    for (auto const& word : c.argv) r.shown += (r.shown.empty() ? "" : " ") + quoted(word);
    r.shown = masked(std::move(r.shown));
    if (!done) {
        r.err = done.error().message();
    } else {
        r.exit_code = done->exit_code;
        r.out = masked(std::move(done->out));
        r.err = masked(std::move(done->err));
    }
    if (std::getenv("FJORD_SHOW")) std::cout << r << std::flush;
    return r;
}

std::string door_bench::masked(std::string text) const {
    for (auto const& t : tokens_) replace_all(text, t, "$TOKEN");
    replace_all(text, dir_ + "/", "");
    return text;
}

bool door_bench::logged(std::string const& role, std::vector<std::string> const& words) const {
    auto const text = read_file(path(role + ".log"), 1u << 30);
    std::istringstream lines(text ? *text : std::string());
    for (std::string line; std::getline(lines, line);)
        if (std::all_of(words.begin(), words.end(), [&line](auto const& w) { return line.find(w) != std::string::npos; }))
            return true;
    return false;
}

void door_bench::stop() {
    if (std::exchange(stopped_, true)) return;
    for (auto& [role, process] : processes_) {
        EXPECT_TRUE(process.running() || role == "xrd") << role << " died under its clients";
        process.stop();
    }
    for (std::string const role : {"issuer", "site-a", "site-b"}) {
        auto const log = read_file(path(role + ".log"), 1u << 30);
        EXPECT_TRUE(log && log->find("eyJ") == std::string::npos) << "a token is in the log of " << role;
    }
    std::error_code ignored;
    if (!std::getenv("FJORD_KEEP")) fs::remove_all(dir_, ignored);
}

void door_bench::give_up(std::string const& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    for (auto& [role, process] : processes_) process.stop();
    std::_Exit(1);
}

std::string noise(std::size_t size, unsigned seed) {
    std::string out(size, '\0');
    std::uint64_t x = seed * 0x9E3779B97F4A7C15ull + 1;
    for (auto& ch : out) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        ch = static_cast<char>(x);
    }
    return out;
}

bool have_program(std::string const& name) {
    auto done = cli::run_command({{"sh", "-c", "command -v " + name}, {}, false, {}});
    return done && done->exit_code == 0;
}

bool have_xrootd() {
    auto done = cli::run_command({{"sh", "-c", "command -v xrootd && ls /usr/lib/*/libXrdAccSciTokens-5.so"}, {}, false, {}});
    return done && done->exit_code == 0;
}

std::string adler32_at(storage_site const& site, std::string const& file) {
    auto& bench = door_bench::get();
    auto const token = bench.token("storage.read:/");
    auto const r = bench.run({"curl", "-sS", "--cacert", bench.ca(), "-I", "-H", "Want-Digest: adler32", "-H",
                              "Authorization: Bearer " + token.reveal(), site.at(file)});
    auto const at = to_lower(r.out).find("digest: adler32=");
    if (at == std::string::npos) return {};
    auto const begin = at + std::string_view("digest: adler32=").size();
    return r.out.substr(begin, r.out.find_first_of("\r\n,", begin) - begin);
}

std::string adler32_of(std::string const& content) {
    digester d{digest_algorithm::adler32};
    d.update(content);
    return d.finish().adler32->hex();
}

}  // namespace fjord::test
