#include "cli/demo/demo.hpp"

#include "base/random.hpp"
#include "cli/demo/federation.hpp"
#include "cli/demo/narrator.hpp"
#include "cli/demo/story.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

sigset_t end_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGINT, SIGTERM}) sigaddset(&set, s);
    return set;
}

result<std::string> folder_for(demo_args const& a) {
    if (!a.dir.empty()) {
        std::error_code ec;
        fs::create_directories(a.dir, ec);
        auto const full = fs::canonical(a.dir, ec);
        if (ec) return fail(errc::denied, "making " + a.dir + ": " + ec.message());
        return full.string();
    }
    std::string name = (fs::temp_directory_path() / "fjord-demo-XXXXXX").string();
    if (!mkdtemp(name.data())) return fail(errc::denied, "cannot make a temporary folder");
    return name;
}

// The steps in order; one that fails ends the story, because the next ones build on it.
bool tell(story& s) {
    for (auto step : {&story::prepare, &story::ingest, &story::search, &story::replicate, &story::resolve_and_read,
                      &story::refuse, &story::survive})
        if (!(s.*step)()) return false;
    return true;
}

void wait_for_end(federation& f) {
    auto const set = end_signals();
    timespec const second{1, 0};
    while (sigtimedwait(&set, nullptr, &second) < 0)
        if (!f.all_running()) {
            std::printf("\na role ended; its log is in %s\n", f.dir().c_str());
            return;
        }
}

}  // namespace

int run_demo(demo_args const& a) {
    if (a.data.empty() || !fs::exists(a.data))
        return report(
            fail(errc::invalid_argument, "the sample rasters are missing: run deploy/demo, which fetches them, or give --data"));
    auto dir = folder_for(a);
    if (!dir) return report(dir.error());
    auto const set = end_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    federation f({*dir, a.port_base, a.xrootd, fs::read_symlink("/proc/self/exe").string()});
    narrator n;
    std::printf("Fjord demo in %s\n", dir->c_str());
    auto up = f.start();
    if (!up) return report(up.error());
    bool finished = false;
    {
        story s(f, n, a.data);
        finished = tell(s);
        n.end();
        if (finished && a.keep) {  // env.json promises a whole federation, so the site that was stopped comes back first
            auto again = f.restart("site-a");
            if (again) again = f.write_env(s.collections());
            if (!again) return report(again.error());
        }
    }
    n.summary();
    bool const good = finished && n.all_held();
    if (a.keep && good) {
        std::printf(
            "\nThe federation stays up. Try:\n  export FJORD_BROKER=%s FJORD_CA=%s BEARER_TOKEN_FILE=%s\n  fjord ls\nCtrl-C or "
            "SIGTERM ends it.\n",
            f.broker_url().c_str(), f.path("ca.pem").c_str(), f.path("twin.token").c_str());
        std::fflush(stdout);
        wait_for_end(f);
    }
    f.stop_all();
    if (a.dir.empty() && good) {
        std::error_code ignored;
        fs::remove_all(*dir, ignored);
    } else if (!good) {
        std::printf("logs and data: %s\n", dir->c_str());
    }
    return good ? exit_done : exit_failed;
}

}  // namespace fjord::cli
