// The site door beside XrdHttp (XRootD 5.5.3) on the same disk: `fjord serve site` as shipped, XrdHttp with SciTokens as the demo
// sets it up, the same bearer token checked on every request of both. Each server has the core next to ours; the load comes from
// here. XrdHttp acknowledges a write before it is on disk and computes no digest; ours does both. So writes are measured until
// the file is on disk (fsync of the rival's file, of ours too), and once more until the answer.
#include "auth/auth.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "cli/demo/free_port.hpp"
#include "cli/demo/process.hpp"
#include "cli/demo/xrootd_site.hpp"
#include "tests/bench/support/bench.hpp"
#include "tests/bench/support/http_peer.hpp"
#include "tests/support/test_tls.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

namespace {

using namespace fjord;
namespace fs = std::filesystem;

constexpr char const* issuer = "https://issuer.example/vo";
constexpr std::uint64_t large = 1u << 30;

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench_auth_door: %s\n", why.c_str());
    std::exit(1);
}

// Threads that exist; those to come inherit.
void pin_process(pid_t pid, int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    for (auto const& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
        sched_setaffinity(std::stoi(task.path().filename()), sizeof set, &set);
}

// Processor seconds of all its threads.
double seconds_of(pid_t pid) {
    double sum = 0;
    for (auto const& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream in(task.path() / "schedstat");
        double nanoseconds = 0;
        in >> nanoseconds;
        sum += nanoseconds * 1e-9;
    }
    return sum;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void write_random(std::string const& path, std::uint64_t size) {
    std::ifstream from("/dev/urandom", std::ios::binary);
    std::ofstream to(path, std::ios::binary);
    std::string piece(1u << 20, '\0');
    for (std::uint64_t left = size; left > 0;) {
        auto const n = std::min<std::uint64_t>(left, piece.size());
        from.read(piece.data(), static_cast<std::streamsize>(n));
        to.write(piece.data(), static_cast<std::streamsize>(n));
        left -= n;
    }
    if (!to) give_up("cannot write " + path);
}

// One of the two servers, and how to ask it.
struct server {
    std::string name;
    std::string folder;  // of the files behind `prefix`
    std::string prefix;  // of their URL paths
    int plain_port = 0, tls_port = 0;
    cli::child_process process;

    std::string request(std::string const& method, std::string const& file, std::string const& token) const {
        return method + " " + prefix + "/" + file + " HTTP/1.1\r\nHost: localhost:" + std::to_string(tls_port) +
               "\r\nAuthorization: Bearer " + token + "\r\n";
    }
    int port(bool tls) const { return tls ? tls_port : plain_port; }
};

class world {
public:
    explicit world(int server_core) : core_(server_core) {
        fs::create_directories(dir_);
        tls_ = test::make_test_tls(dir_);
        auto opened = auth::minter::open(issuer, dir_ + "/key.pem", system_clock());
        if (!opened) give_up(opened.error().message());
        std::ofstream(dir_ + "/jwks.json") << opened->jwks();
        start_ours();
        start_theirs(opened->jwks());
        auth::mint_request r;
        r.subject = "5f0c7d1e-8a52-4a37-9e3c-1d2b7c6e9a10";
        for (auto const* s : {&ours, &theirs}) r.audience.push_back("https://localhost:" + std::to_string(s->tls_port));
        r.scope = "storage.read:/ storage.modify:/ storage.create:/";
        r.lifetime = std::chrono::hours(3);
        token = opened->mint(r).reveal();
        std::printf("%s\n", dir_.c_str());
    }
    ~world() {
        ours.process.stop();
        theirs.process.stop();
        std::error_code ignored;
        fs::remove_all(dir_, ignored);
    }

    // The same file behind both. Ours comes in through the door, so that it has its digests; both are in memory afterwards.
    void place(std::string const& name, std::uint64_t size) {
        auto const source = dir_ + "/" + name;
        write_random(source, size);
        for (auto* s : {&ours, &theirs}) {
            unique_fd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
            bench::http_peer(s->tls_port, true).put(s->request("PUT", name, token), file.get(), size);
            bench::http_peer(s->tls_port, true).get(s->request("GET", name, token));
        }
        ::sync();
        std::this_thread::sleep_for(std::chrono::seconds(3));  // until then a file counts as one that may still change
    }
    std::string const& dir() const { return dir_; }

    server ours, theirs;
    std::string token;

private:
    void start_ours() {
        ours.name = "fjord";
        ours.folder = dir_ + "/ours";
        fs::create_directories(ours.folder);
        auto plain = cli::reserve_port(), secure = cli::reserve_port();
        if (!plain || !secure) give_up("no free port");
        ours.plain_port = plain->number;
        ours.tls_port = secure->number;
        std::ofstream(dir_ + "/site.toml") << "listen = [\"http://127.0.0.1:" << ours.plain_port
                                           << "\", \"https://127.0.0.1:" << ours.tls_port
                                           << "\"]\npublic_url = \"https://localhost:" << ours.tls_port
                                           << "\"\ntokens_over_http = true\nthreads = 1\nroot = \"" << ours.folder
                                           << "\"\n[tls]\ncertificate = \"" << tls_.certificate << "\"\nkey = \"" << tls_.key
                                           << "\"\n[log]\nfile = \"" << dir_ << "/site.log\"\n[[issuer]]\nurl = \"" << issuer
                                           << "\"\njwks_file = \"" << dir_ << "/jwks.json\"\n";
        auto const ready = dir_ + "/ready";
        cli::command c{{FJORD_PROGRAM, "serve", "site", "--config", dir_ + "/site.toml", "--ready-file", ready}, {}, false, {}};
        c.log_file = dir_ + "/site.out";
        auto started = cli::child_process::start(c);
        if (!started) give_up(started.error().message());
        ours.process = std::move(*started);
        while (!fs::exists(ready)) {
            if (!ours.process.running()) give_up("the door did not start; see " + c.log_file);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        pin_process(ours.process.pid(), core_);
    }

    void start_theirs(std::string const& jwks) {
        theirs.name = "XrdHttp";
        cli::xrootd_options o{
            .dir = dir_ + "/x", .certificate = tls_.certificate, .key = tls_.key, .ca = tls_.ca, .issuer = issuer, .jwks = jwks};
        fs::create_directories(o.dir);
        auto port = cli::reserve_port();
        if (!port) give_up("no free port");
        o.port = theirs.plain_port = theirs.tls_port = port->number;  // XrdHttp speaks both on one
        port->hold.reset();
        theirs.folder = o.dir + "/root/data";
        theirs.prefix = "/data";
        auto started = cli::start_xrootd_site(o);
        if (!started) give_up(started.error().message());
        theirs.process = std::move(*started);
        if (auto up = cli::wait_for_xrootd(o.dir, o.port, theirs.process); !up) give_up(up.error().message());
        pin_process(theirs.process.pid(), core_);
    }

    int core_;
    std::string const dir_ = fs::temp_directory_path() / ("fb-" + random_hex(4));  // short: it holds unix sockets
    test::test_tls tls_;
};

// What runs beside a measurement and is told as a case of its own: the first call's value is the warm-up's, as in session.
class replay {
public:
    void push(double value) { values_.push_back(value); }
    bench::sample sample() {
        return [this] {
            auto const value = values_.front();
            values_.pop_front();
            return value;
        };
    }

private:
    std::deque<double> values_;
};

// Requests per second by wrk, and per processor second of the server.
bench::sample small_reads(world& w, server& s, bool tls, replay& per_cpu) {
    auto const url = std::string(tls ? "https" : "http") + "://127.0.0.1:" + std::to_string(s.port(tls)) + s.prefix + "/small";
    return [&w, &s, &per_cpu, url] {
        cli::command c{{"wrk", "-t1", "-c16", "-d2", "-H", "Authorization: Bearer " + w.token, url}, {}, false, {}};
        auto const before = seconds_of(s.process.pid());
        auto done = cli::run_command(c);
        auto const used = seconds_of(s.process.pid()) - before;
        if (!done || done->exit_code != 0) give_up("wrk failed: " + (done ? done->err : done.error().message()));
        auto const total = done->out.find(" requests in "), rate = done->out.find("Requests/sec:");
        if (total == std::string::npos || rate == std::string::npos || done->out.find("Non-2xx") != std::string::npos)
            give_up("wrk on " + url + ": " + done->out);
        auto const line = done->out.rfind('\n', total) + 1;
        per_cpu.push(std::strtod(done->out.c_str() + line, nullptr) / used);
        return std::strtod(done->out.c_str() + rate + 13, nullptr);
    };
}

bench::sample large_reads(world& w, server& s, bool tls, replay& per_cpu) {
    return [&w, &s, &per_cpu, tls] {
        bench::http_peer peer(s.port(tls), tls);
        auto const cpu = seconds_of(s.process.pid());
        auto const start = now();
        auto const bytes = static_cast<double>(peer.get(s.request("GET", "large", w.token)));
        auto const took = now() - start;
        per_cpu.push(bytes / (seconds_of(s.process.pid()) - cpu));
        return bytes / took;
    };
}

// Bytes per second until they are on disk, and, told apart, until the answer.
bench::sample large_writes(world& w, server& s, bool tls, replay& answered) {
    return [&w, &s, &answered, tls] {
        unique_fd source(::open((w.dir() + "/large").c_str(), O_RDONLY | O_CLOEXEC));
        auto const target = s.folder + "/written";
        bench::http_peer peer(s.port(tls), tls);
        auto const start = now();
        peer.put(s.request("PUT", "written", w.token), source.get(), large);
        auto const answer = now();
        unique_fd written(::open(target.c_str(), O_RDWR | O_CLOEXEC));
        if (!written || ::fsync(written.get()) != 0) give_up("cannot sync " + target);
        auto const durable = now();
        answered.push(static_cast<double>(large) / (answer - start));
        written.reset();
        fs::remove(target);
        return static_cast<double>(large) / (durable - start);
    };
}

}  // namespace

int main(int argc, char** argv) {
    bench::session s("door", argc, argv);
    bool const small = s.wanted("door_read_4k");
    auto const cores = static_cast<int>(std::thread::hardware_concurrency());
    world w((sched_getcpu() + 1) % std::max(cores, 1));
    if (small) w.place("small", 4096);
    if (s.wanted("door_read_1g") || s.wanted("door_write_1g")) w.place("large", large);

    auto const pair = [&](std::string const& name, std::string const& unit, auto make, std::string const& aside,
                          std::string const& aside_unit) {
        for (bool const tls : {false, true}) {
            auto const full = name + (tls ? "_tls" : "_plain");
            if (!s.wanted(full)) continue;
            replay ours, theirs;
            s.compare(full, unit, make(w, w.ours, tls, ours), "XrdHttp", make(w, w.theirs, tls, theirs));
            s.compare(full + aside, aside_unit, ours.sample(), "XrdHttp", theirs.sample());
        }
    };
    pair("door_read_4k", "/s", small_reads, "_per_cpu", "/CPU s");
    pair("door_read_1g", "B/s", large_reads, "_per_cpu", "B/CPU s");
    pair("door_write_1g", "B/s", large_writes, "_answered", "B/s");
    return s.finish();
}
