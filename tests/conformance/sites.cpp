// The servers of the conformance suite: Fjord's door, XRootD 5.5.3 by WebDAV and by its own protocol, an S3 server.
#include "tests/conformance/s3_server.hpp"
#include "tests/conformance/site_under_test.hpp"
#include "tests/conformance/xrootd_pair.hpp"

#include "storage/s3.hpp"
#include "storage/webdav.hpp"
#include "storage/xrootd.hpp"
#include "tests/integration/door_bench.hpp"

#include <arpa/inet.h>
#include <map>
#include <sys/socket.h>
#include <unistd.h>

namespace fjord::test {
namespace {

constexpr char const* root_folder = "conformance";

net::http_client& client_of(std::string const& ca) {
    static auto& clients = *new std::map<std::string, std::unique_ptr<net::http_client>>;
    auto& one = clients[ca];
    if (!one) one = std::make_unique<net::http_client>(net::client_options{.ca_file = ca});
    return *one;
}

class webdav_door final : public site_under_test {
public:
    std::unique_ptr<storage::driver> connect() override {
        return storage::make_webdav_driver(bench().a().url + "/data/" + root_folder, client_of(bench().ca()));
    }
    std::unique_ptr<storage::driver> connect_to(std::string const& authority) override {
        return storage::make_webdav_driver("https://" + authority, client_of(bench().ca()));
    }
    secret token(std::string const& scope) override { return bench().token(below(scope), {bench().a().url}); }
    secret foreign_token() override { return bench().token("storage.read:/ storage.modify:/", {"https://elsewhere.example"}); }
    void place(std::string const& path, std::string const& content) override {
        bench().place(bench().a(), std::string("/data/") + root_folder + "/" + path, content);
    }
    remote_file place_elsewhere(std::string const& path, std::string const& content) override {
        bench().place(bench().b(), "/data/" + path, content);
        return {bench().b().url + "/data/" + path, bench().token("storage.read:/" + path, {bench().b().url})};
    }

    static std::string below(std::string scope) {
        for (auto at = scope.find(":/"); at != std::string::npos; at = scope.find(":/", at + 2))
            scope.insert(at + 2, std::string(root_folder) + "/");
        while (scope.find("/ ") != std::string::npos) scope.erase(scope.find("/ "), 1);
        while (scope.ends_with('/')) scope.pop_back();
        return scope;
    }

private:
    static door_bench& bench() { return door_bench::get(); }
};

// XRootD 5.5.3; `scheme` says how it is spoken to.
class xrootd_site final : public site_under_test {
public:
    explicit xrootd_site(std::string scheme) : scheme_(std::move(scheme)) {}

    std::string missing() const override {
        if (!have_xrootd()) return "needs xrootd-server, xrootd-plugins, xrootd-scitokens-plugins (deploy/install-deps --run)";
        if (!have_program("xrdcp")) return "needs xrdcp (Debian: xrootd-client; deploy/install-deps --run)";
        return {};
    }
    site_traits traits() const override {
        site_traits t;
        // A path ends at '?' in the protocol; by WebDAV the server unescapes it first and cuts the name there.
        t.question_marks = false;
        t.percent_signs = t.encoded_destination = scheme_ != "https";
        return t;
    }
    std::unique_ptr<storage::driver> connect() override {
        return driver_for(pair().a().authority(), std::string("/data/") + root_folder);
    }
    std::unique_ptr<storage::driver> connect_to(std::string const& authority) override { return driver_for(authority, "/"); }
    secret token(std::string const& scope) override { return pair().token(webdav_door::below(scope), pair().a()); }
    secret foreign_token() override { return pair().token("storage.read:/ storage.modify:/", pair().b()); }
    void place(std::string const& path, std::string const& content) override {
        pair().place(pair().a(), std::string("/data/") + root_folder + "/" + path, content);
    }
    remote_file place_elsewhere(std::string const& path, std::string const& content) override {
        pair().place(pair().b(), "/data/" + path, content);
        auto const slash = scheme_ == "https" ? "/data/" : "//data/";
        return {scheme_ + "://" + pair().b().authority() + slash + path, pair().token("storage.read:/" + path, pair().b())};
    }

private:
    static xrootd_pair& pair() { return xrootd_pair::get(); }
    std::unique_ptr<storage::driver> driver_for(std::string const& authority, std::string const& path) {
        if (scheme_ == "https")
            return storage::make_webdav_driver("https://" + authority + path, client_of(door_bench::get().ca()));
        pair();  // says whom XrdCl trusts
        return storage::make_xrootd_driver(scheme_ + "://" + authority + "/" + path, test_pool()).value();
    }

    std::string scheme_;
};

class s3_site final : public site_under_test {
public:
    explicit s3_site(bool virtual_host) : virtual_host_(virtual_host) {}

    std::string missing() const override { return s3_server::missing(); }
    site_traits traits() const override {
        site_traits t;
        t.empty_directories = false;  // names imply their directories
        t.tokens = false;             // the site's credentials sign
        t.third_party_copy = false;   // a bucket cannot act
        return t;
    }
    std::unique_ptr<storage::driver> connect() override { return storage::make_s3_driver(options(), client()); }
    std::unique_ptr<storage::driver> connect_as_stranger() override {
        auto o = options();
        o.credentials = []() -> result<storage::s3_credentials> {
            return storage::s3_credentials{"AKIASTRANGER", secret("not-the-key"), {}};
        };
        return storage::make_s3_driver(std::move(o), client());
    }
    std::unique_ptr<storage::driver> connect_to(std::string const& authority) override {
        auto o = options();
        o.url = "https://" + authority + "/bucket";
        o.virtual_host = false;
        return storage::make_s3_driver(std::move(o), client());
    }
    secret token(std::string const&) override { return {}; }
    secret foreign_token() override { return {}; }
    void place(std::string const& path, std::string const& content) override {
        s3_server::get().place(std::string(root_folder) + "/" + path, content);
    }
    remote_file place_elsewhere(std::string const&, std::string const&) override { return {"https://localhost:1/x", {}}; }

private:
    storage::s3_options options() {
        auto& server = s3_server::get();
        auto o = server.options(virtual_host_);
        o.url += std::string("/") + root_folder;
        o.part_size = 8u << 20;  // 64 MiB go up in parts
        return o;
    }
    static net::http_client& client() { return client_of(s3_server::get().ca()); }
    bool virtual_host_;
};

}  // namespace

site_under_test& site_named(std::string const& name) {
    static auto& sites = *new std::map<std::string, std::unique_ptr<site_under_test>>;
    if (sites.empty()) {
        sites["webdav_door"] = std::make_unique<webdav_door>();
        sites["webdav_xrootd"] = std::make_unique<xrootd_site>("https");
        sites["root_xrootd"] = std::make_unique<xrootd_site>("root");
        sites["roots_xrootd"] = std::make_unique<xrootd_site>("roots");
        sites["s3"] = std::make_unique<s3_site>(false);
        sites["s3_virtual_host"] = std::make_unique<s3_site>(true);
    }
    return *sites.at(name);
}

std::vector<std::string> site_names() {
    return {"webdav_door", "webdav_xrootd", "root_xrootd", "roots_xrootd", "s3", "s3_virtual_host"};
}

blocking_pool& test_pool() {
    static auto& pool = *new blocking_pool(4, 1000);
    return pool;
}

silent_server::silent_server() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    // The kernel accepts for a listening socket; nobody reads.
    bool const ok = fd_ >= 0 && bind(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 && listen(fd_, 16) == 0 &&
                    getsockname(fd_, reinterpret_cast<sockaddr*>(&a), &size) == 0;
    if (!ok) throw std::runtime_error("no port for a silent server");
    port_ = ntohs(a.sin_port);
}

silent_server::~silent_server() { close(fd_); }

}  // namespace fjord::test
