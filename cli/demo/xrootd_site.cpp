#include "cli/demo/xrootd_site.hpp"

#include "base/file.hpp"
#include "base/random.hpp"

#include <arpa/inet.h>
#include <filesystem>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

// libscitokens keeps issuer keys in SQLite and can take no CA file, so the keys of a loopback issuer are put there beforehand.
constexpr char const* seed_keys = R"py(
import json, os, sqlite3, sys, time
path, issuer, jwks = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
os.makedirs(os.path.dirname(path), exist_ok=True)
now = int(time.time())
db = sqlite3.connect(path)
db.execute("CREATE TABLE IF NOT EXISTS keycache (issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)")
db.execute("INSERT OR REPLACE INTO keycache VALUES (?,?)",
           (issuer, json.dumps({"jwks": jwks, "expires": now + 4 * 86400, "next_update": now + 3 * 86400})))
db.commit()
)py";

std::string site_cfg(xrootd_options const& o) {
    auto const port = std::to_string(o.port);
    return "all.export /data\nall.export /public\noss.localroot " + o.dir + "/root\nall.adminpath " + o.dir +
           "/adm\nall.pidpath " + o.dir + "/adm\nall.sitename FJORD-DEMO\nxrd.port " + port +
           "\nxrd.network nodnr\nxrd.protocol XrdHttp:" + port + " libXrdHttp.so\nxrd.tls " + o.dir + "/tls/host.pem " + o.dir +
           "/tls/host.key\nxrd.tlsca certfile " + o.dir +
           "/tls/ca.pem\nxrootd.seclib libXrdSec.so\n"
           "http.header2cgi Authorization authz\nhttp.exthandler xrdtpc libXrdHttpTPC.so\nhttp.desthttps yes\nhttp.listingdeny "
           "no\n"
           "ofs.authorize 1\nofs.authlib ++ libXrdAccSciTokens.so config=" +
           o.dir + "/scitokens.cfg\nacc.authdb " + o.dir +
           "/authdb\n"
           "xrootd.chksum max 2 chkcgi adler32 crc32c md5\n" +
           o.more;
}

std::string scitokens_cfg(xrootd_options const& o) {
    auto const port = std::to_string(o.port);
    return "[Global]\naudience = https://localhost:" + port +
           "\nonmissing = passthrough\n\n[Issuer fjord]\nissuer = " + o.issuer + "\nbase_path = /data\n";
}

result<void> write_all(xrootd_options const& o) {
    std::error_code ec;
    for (auto const* folder : {"root/data", "root/public", "adm", "log", "cache", "home", "tls"})
        fs::create_directories(o.dir + "/" + folder, ec);
    if (ec) return fail(errc::denied, "making the folders of " + o.dir + ": " + ec.message());
    for (auto const& [from, to] :
         {std::pair{o.certificate, "/tls/host.pem"}, std::pair{o.key, "/tls/host.key"}, std::pair{o.ca, "/tls/ca.pem"}})
        fs::copy_file(from, o.dir + to, fs::copy_options::overwrite_existing, ec);
    for (auto const& [name, text] : {std::pair{"/site.cfg", site_cfg(o)}, std::pair{"/scitokens.cfg", scitokens_cfg(o)},
                                     std::pair{"/authdb", std::string("u * /public rl\n")}})
        if (auto ok = write_file_atomically(o.dir + name, text); !ok) return ok;
    auto seeded = run_command(
        {{"python3", "-c", seed_keys, o.dir + "/cache/scitokens/scitokens_cpp.sqllite", o.issuer, o.jwks}, {}, false, {}});
    if (!seeded) return seeded.error();
    if (seeded->exit_code != 0) return fail(errc::internal, "seeding the site's key cache: " + seeded->err);
    return {};
}

}  // namespace

result<child_process> start_xrootd_site(xrootd_options const& o) {
    if (o.dir.find(' ') != std::string::npos || o.dir.size() > 80)
        return fail(errc::invalid_argument,
                    "XRootD cannot live in " + o.dir +
                        ": its configuration takes no blanks and its sockets no long paths; choose another --dir");
    if (auto ok = write_all(o); !ok) return ok.error();
    command c;
    c.argv = {"xrootd"};
    if (getuid() == 0) {
        // XRootD refuses to run as root; it gives its rights up for nobody, who must own what it writes and reads.
        auto owned = run_command({{"chown", "-R", "nobody", o.dir}, {}, false, {}});
        if (!owned) return owned.error();
        for (auto folder = fs::path(o.dir).parent_path(); folder != folder.root_path() && folder != "/tmp";
             folder = folder.parent_path()) {
            std::error_code ignored;
            fs::permissions(folder, fs::perms::others_exec, fs::perm_options::add, ignored);
        }
        c.argv.insert(c.argv.end(), {"-R", "nobody"});
    }
    if (o.ipv4_only) c.argv.insert(c.argv.end(), {"-I", "v4"});
    c.argv.insert(c.argv.end(), {"-c", o.dir + "/site.cfg", "-l", o.dir + "/log/xrootd.log"});
    c.clean = true;
    c.env = {{"HOME", o.dir + "/home"}, {"XDG_CACHE_HOME", o.dir + "/cache"}};
    c.log_file = o.dir + ".out";
    return child_process::start(c);
}

result<void> wait_for_xrootd(std::string const& dir, int port, child_process& process) {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
        unique_fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a.sin_port = htons(static_cast<std::uint16_t>(port));
        if (connect(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) == 0) return {};
        if (!process.running() || std::chrono::steady_clock::now() > until) {
            auto log = read_file(dir + "/log/xrootd.log");
            auto text = log ? *log : std::string("(no log)");
            return fail(errc::unavailable,
                        "xrootd did not come up:\n" + (text.size() > 2000 ? text.substr(text.size() - 2000) : text));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace fjord::cli
