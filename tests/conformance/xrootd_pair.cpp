#include "tests/conformance/xrootd_pair.hpp"

#include "auth/auth.hpp"
#include "base/file.hpp"
#include "cli/demo/free_port.hpp"
#include "cli/demo/xrootd_site.hpp"
#include "storage/xrootd.hpp"
#include "tests/integration/door_bench.hpp"

#include <filesystem>
#include <unistd.h>

namespace fjord::test {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    door_bench::get().stop();
    std::_Exit(1);
}

class stop_at_end : public ::testing::Environment {
public:
    void TearDown() override { xrootd_pair::get().stop(); }
};

}  // namespace

xrootd_pair& xrootd_pair::get() {
    static auto* pair = [] {
        door_bench::get();  // its environment ends after ours, and our folder goes with it
        ::testing::AddGlobalTestEnvironment(new stop_at_end);
        return new xrootd_pair();
    }();
    return *pair;
}

xrootd_pair::xrootd_pair() {
    auto& bench = door_bench::get();
    storage::xrootd_settings settings{.ca_file = bench.ca(), .work_dir = bench.path("home")};
    if (auto ok = storage::set_up_xrootd_client(settings); !ok) give_up(ok.error().message());
    std::string const copies = "ofs.tpc ttl 60 60 xfr 4 pgm /usr/bin/xrdcp --server\n";
    start(a_, "xrd-a", copies);
    start(b_, "xrd-b", copies);
}

xrootd_pair::server const& xrootd_pair::with_login() {
    if (with_login_.port == 0) start(with_login_, "xrd-z", "xrootd.tls capable all\nsec.protocol ztn\n");
    return with_login_;
}

void xrootd_pair::start(server& s, std::string const& name, std::string const& more) {
    auto& bench = door_bench::get();
    auto port = cli::reserve_port();
    if (!port) give_up(port.error().message());
    s.port = port->number;
    s.dir = bench.path(name);
    port->hold.reset();  // XRootD wants it for itself
    auto minter = auth::minter::open(bench.issuer(), bench.path("issuer-key.pem"), system_clock());
    cli::xrootd_options o{s.dir,      s.port,         bench.path("host.pem"), bench.path("host.key"),
                          bench.ca(), bench.issuer(), minter->jwks()};
    o.more = more;
    o.ipv4_only = true;
    auto started = cli::start_xrootd_site(o);
    if (!started) give_up(started.error().message());
    s.process = std::move(*started);
    if (auto up = cli::wait_for_xrootd(o.dir, o.port, s.process); !up) give_up(up.error().message());
}

secret xrootd_pair::token(std::string const& scope, server const& at) const {
    return door_bench::get().token(scope, {at.audience()});
}

void xrootd_pair::place(server const& at, std::string const& path, std::string const& content) const {
    auto const file = fs::path(at.dir + "/root" + path);
    fs::create_directories(file.parent_path());
    if (auto ok = write_file_atomically(file.string(), content); !ok) ADD_FAILURE() << ok.error().message();
    if (getuid() != 0) return;
    // XRootD runs as nobody and must own what it is to change.
    for (auto p = file; p != fs::path(at.dir + "/root"); p = p.parent_path()) EXPECT_EQ(lchown(p.c_str(), 65534, 65534), 0) << p;
}

std::string xrootd_pair::log_of(server const& at) const {
    auto text = read_file(at.dir + "/log/xrootd.log", 1u << 30);
    return text ? *text : std::string("(no log)");
}

void xrootd_pair::stop() {
    for (auto* s : {&a_, &b_, &with_login_}) {
        if (s->port == 0) continue;
        EXPECT_TRUE(s->process.running()) << s->dir << " died under its clients";
        s->process.stop();
    }
}

}  // namespace fjord::test
