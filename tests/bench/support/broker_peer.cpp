#include "tests/bench/support/broker_peer.hpp"

#include "catalog/catalog.hpp"
#include "cli/demo/free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace fjord::bench {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(1);
}

template <class T>
T must(result<T> r, std::string const& what) {
    if (!r) give_up(what + ": " + r.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(*r);
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void pin(pid_t pid, int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    sched_setaffinity(pid, sizeof set, &set);
}

}  // namespace

broker_peer::broker_peer(std::string program, std::string folder, int core)
    : program_(std::move(program)), folder_(std::move(folder)), core_(core) {
    fs::create_directories(folder_);
    tls_ = test::make_test_tls(folder_);
}

broker_peer::~broker_peer() { process_.stop(); }

broker_peer::filled broker_peer::fill(test::amplified_items const& items, std::uint64_t count, double seconds) {
    // Compactions run beside it, wherever there is room.
    cpu_set_t mine, all;
    sched_getaffinity(0, sizeof mine, &mine);
    std::memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    fs::create_directories(folder_ + "/data");
    auto store = must(catalog::open_rocksdb_store(folder_ + "/data/store", system_clock()), "opening the store");
    catalog::catalog cat(*store, system_clock());
    catalog::change_set first;
    for (auto const& c : test::amplified_items::collections())
        first.put_collection({.id = collection_id(c), .document = test::amplified_items::collection_document(c)});
    first.put_policy(
        {.id = "open", .document = R"({"rules":[{"id":"open","effect":"permit","actions":["read","create","modify"]}]})"});
    must(cat.commit(std::move(first)), "filling the store");
    filled out;
    auto const until = now() + seconds;
    for (auto& n = out.items; n < count && now() < until;) {
        catalog::change_set batch;
        for (int i = 0; i < 1000 && n < count; ++i, ++n) {
            auto item = items.make(n);
            out.bytes += item.document.size();
            batch.put_item(
                {.collection = collection_id(item.collection), .id = item_id(item.id), .document = std::move(item.document)});
        }
        must(cat.commit(std::move(batch)), "filling the store");
    }
    sched_setaffinity(0, sizeof mine, &mine);
    return out;
}

double broker_peer::start() {
    auto plain = must(cli::reserve_port(), "a port"), secure = must(cli::reserve_port(), "a port");
    port_ = plain.number;
    std::ofstream(folder_ + "/broker.toml") << "listen = [\"http://127.0.0.1:" << plain.number
                                            << "\", \"https://127.0.0.1:" << secure.number
                                            << "\"]\npublic_url = \"https://localhost:" << secure.number
                                            << "\"\nthreads = 1\ndata_dir = \"" << folder_ << "/data\"\n[tls]\ncertificate = \""
                                            << tls_.certificate << "\"\nkey = \"" << tls_.key << "\"\n[log]\nfile = \"" << folder_
                                            << "/broker.log\"\n";
    cli::command c{{program_, "serve", "broker", "--config", folder_ + "/broker.toml"}, {}, false, folder_ + "/broker.out"};
    // A child inherits where it may run.
    cpu_set_t mine;
    sched_getaffinity(0, sizeof mine, &mine);
    pin(0, core_);
    auto const begin = now();
    process_ = must(cli::child_process::start(c), "starting the broker");
    sched_setaffinity(0, sizeof mine, &mine);
    while (!ask("GET", "/search?limit=1").starts_with("HTTP/1.1 200")) {
        if (!process_.running()) give_up("the broker did not start; see " + c.log_file);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return now() - begin;
}

void broker_peer::stop() { process_.stop(std::chrono::minutes(2)); }
void broker_peer::kill() { process_.kill(); }
void broker_peer::forget_checkpoint() { fs::remove_all(folder_ + "/data/index"); }

double broker_peer::memory() const {
    std::ifstream in("/proc/" + std::to_string(process_.pid()) + "/statm");
    double size = 0, resident = 0;
    in >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double broker_peer::cpu_seconds() const {
    double sum = 0;
    for (auto const& task : fs::directory_iterator("/proc/" + std::to_string(process_.pid()) + "/task")) {
        std::ifstream in(task.path() / "schedstat");
        double nanoseconds = 0;
        in >> nanoseconds;
        sum += nanoseconds * 1e-9;
    }
    return sum;
}

std::string broker_peer::head(std::string const& method, std::string const& target, std::size_t body) {
    auto out = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    if (method == "POST") out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body) + "\r\n";
    return out;
}

std::string broker_peer::ask(std::string const& method, std::string const& target, std::string const& body) const {
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string out;
    auto const request = head(method, target, body.size()) + "Connection: close\r\n\r\n" + body;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
        char buffer[1 << 16];
        for (ssize_t n; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return out;
}

}  // namespace fjord::bench
