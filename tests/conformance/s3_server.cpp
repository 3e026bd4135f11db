#include "tests/conformance/s3_server.hpp"

#include "base/file.hpp"
#include "cli/demo/free_port.hpp"
#include "net/client.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <filesystem>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace fjord::test {

namespace fs = std::filesystem;

namespace {

constexpr char const* access_key = "AKIAFJORDTEST";
constexpr char const* secret_key = "conformance-only-secret";

std::string program() {
    auto const* said = std::getenv("FJORD_PEERS");
    return (said ? std::string(said) : std::string(FJORD_PEERS)) + "/versitygw";
}

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::_Exit(1);
}

bool answers(int port) {
    unique_fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(static_cast<std::uint16_t>(port));
    return connect(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
}

class stop_at_end : public ::testing::Environment {
public:
    void TearDown() override { s3_server::get().stop(); }
};

}  // namespace

std::string s3_server::missing() {
    if (access(program().c_str(), X_OK) == 0) return {};
    return "needs the S3 server versitygw in build/peers (deploy/fetch-peers s3)";
}

s3_server& s3_server::get() {
    static auto* server = [] {
        ::testing::AddGlobalTestEnvironment(new stop_at_end);
        static temp_dir const certificates;
        return new s3_server(make_test_tls(certificates.str(), "localhost", "DNS:fjord.localhost"));
    }();
    return *server;
}

s3_server::s3_server(test_tls const& tls) : ca_(tls.ca) {
    std::string name = (fs::temp_directory_path() / "fjs3-XXXXXX").string();
    dir_ = mkdtemp(name.data());
    fs::create_directories(folder());
    fs::create_directories(dir_ + "/meta/fjord");
    keys_ = dir_ + "/keys";
    auto const keys =
        std::string("[default]\naws_access_key_id = ") + access_key + "\naws_secret_access_key = " + secret_key + "\n";
    if (auto ok = write_file_atomically(keys_, keys, 0600); !ok) give_up(ok.error().message());
    auto port = cli::reserve_port();
    if (!port) give_up(port.error().message());
    port_ = port->number;
    port->hold.reset();
    // Metadata beside the files, because not every folder that tests run in keeps extended attributes.
    cli::command c{
        {program(), "--port", "127.0.0.1:" + std::to_string(port_), "--cert", tls.certificate, "--key", tls.key,
         "--virtual-domain", "localhost:" + std::to_string(port_), "posix", "--sidecar", dir_ + "/meta", dir_ + "/data"},
        {{"ROOT_ACCESS_KEY", access_key}, {"ROOT_SECRET_KEY", secret_key}, {"HOME", dir_}},
        true,
        dir_ + "/server.log"};
    auto started = cli::child_process::start(c);
    if (!started) give_up(started.error().message());
    process_ = std::move(*started);
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!answers(port_)) {
        if (!process_.running() || std::chrono::steady_clock::now() > until) give_up("versitygw did not come up:\n" + log());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

storage::s3_options s3_server::options(bool virtual_host) const {
    storage::s3_options o;
    auto const port = std::to_string(port_);
    o.url = virtual_host ? "https://fjord.localhost:" + port : "https://localhost:" + port + "/fjord";
    o.virtual_host = virtual_host;
    o.credentials = []() -> result<storage::s3_credentials> {
        return storage::s3_credentials{access_key, secret(secret_key), {}};
    };
    return o;
}

void s3_server::place(std::string const& key, std::string const& content) const {
    auto const file = fs::path(folder() + "/" + key);
    fs::create_directories(file.parent_path());
    if (auto ok = write_file_atomically(file.string(), content); !ok) ADD_FAILURE() << ok.error().message();
}

std::string s3_server::log() const {
    auto text = read_file(dir_ + "/server.log", 1u << 30);
    return text ? *text : std::string("(no log)");
}

void s3_server::stop() {
    if (process_.pid() < 0) return;
    EXPECT_TRUE(process_.running()) << "the S3 server died under its clients:\n" << log();
    process_.stop();
    std::error_code ignored;
    if (!std::getenv("FJORD_KEEP")) fs::remove_all(dir_, ignored);
}

}  // namespace fjord::test
