#include "tests/bench/support/pgstac_peer.hpp"

#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace fjord::bench {

namespace {

namespace fs = std::filesystem;

constexpr char const* programs = "/usr/lib/postgresql/15/bin/";
constexpr char const* owner = "postgres";  // made by Debian's package

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench: pgstac: %s\n", why.c_str());
    std::exit(1);
}

}  // namespace

// PostgreSQL refuses to run as root.
std::vector<std::string> pgstac_peer::as_owner(std::vector<std::string> argv) const {
    if (::geteuid() != 0) return argv;
    std::vector<std::string> out{"setpriv",       "--reuid",     owner, "--regid",    owner,
                                 "--init-groups", "--pdeathsig", "INT", "--reset-env"};
    out.insert(out.end(), argv.begin(), argv.end());
    return out;
}

std::string pgstac_peer::run(std::vector<std::string> argv) const {
    auto const what = argv.back();
    cli::command c{std::move(argv), {{"PGHOST", folder_}, {"PGUSER", owner}, {"PGDATABASE", "stac"}}, false, {}};
    auto const done = cli::run_command(c);
    if (!done) give_up(done.error().message());
    if (done->exit_code != 0) give_up(what + ":\n" + done->err.substr(0, 2000));
    return done->out;
}

pgstac_peer::pgstac_peer(std::string python, std::string folder, int core)
    : python_(std::move(python)), folder_(std::move(folder)) {
    fs::create_directories(folder_);
    if (::geteuid() == 0) run({"chown", owner, folder_});
    auto const data = folder_ + "/pg";
    run(as_owner({std::string(programs) + "initdb", "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8", "-A", "trust", "-U", owner,
                  "-D", data}));
    std::vector<std::string> argv{std::string(programs) + "postgres", "-D", data, "-k", folder_};
    for (auto const* setting :
         {"listen_addresses=", "fsync=off", "synchronous_commit=off", "shared_buffers=1GB", "work_mem=64MB",
          "maintenance_work_mem=256MB", "max_wal_size=4GB", "effective_cache_size=4GB", "random_page_cost=1.1", "jit=off"})
        argv.insert(argv.end(), {"-c", setting});
    cli::command c{as_owner(std::move(argv)), {}, false, folder_ + ".log"};
    cpu_set_t mine, its;
    sched_getaffinity(0, sizeof mine, &mine);
    CPU_ZERO(&its);
    CPU_SET(static_cast<unsigned>(core), &its);
    sched_setaffinity(0, sizeof its, &its);
    auto started = cli::child_process::start(c);
    sched_setaffinity(0, sizeof mine, &mine);
    if (!started) give_up(started.error().message());
    server_ = std::move(*started);
    cli::command const look{{"pg_isready", "-q", "-h", folder_}, {}, false, {}};
    for (int i = 0; i < 300; ++i) {
        if (auto done = cli::run_command(look); done && done->exit_code == 0) break;
        if (!server_.running()) give_up("PostgreSQL did not start; see " + c.log_file);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    run({"createdb", "-h", folder_, "-U", owner, "stac"});
    run({python_ + "/bin/pypgstac", "migrate"});
    sql("ALTER DATABASE stac SET search_path TO pgstac, public");
    sql(R"(CREATE FUNCTION bench_search(queries jsonb) RETURNS TABLE(ms float8, items int) LANGUAGE plpgsql AS $$
DECLARE q jsonb; answer jsonb; since timestamptz;
BEGIN
  FOR q IN SELECT jsonb_array_elements(queries) LOOP answer := pgstac.search(q); END LOOP;
  FOR q IN SELECT jsonb_array_elements(queries) LOOP
    since := clock_timestamp();
    answer := pgstac.search(q);
    ms := extract(epoch FROM clock_timestamp() - since) * 1000;
    items := jsonb_array_length(answer->'features');
    RETURN NEXT;
  END LOOP;
END $$)");
}

pgstac_peer::~pgstac_peer() { server_.stop(); }

std::string pgstac_peer::sql(std::string const& text) {
    return run({"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text});
}

std::string pgstac_peer::version() {
    auto out = sql("SELECT pgstac.get_version()");
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

void pgstac_peer::load(std::string const& table, std::string const& file) {
    run({python_ + "/bin/pypgstac", "load", table, file, "--method", "insert"});
}

void pgstac_peer::analyze() { sql("ANALYZE"); }

std::vector<pgstac_peer::answer> pgstac_peer::search(std::vector<std::string> const& bodies) {
    std::string list;
    for (auto const& b : bodies) list += (list.empty() ? "[" : ",") + b;
    std::istringstream lines(sql("SELECT * FROM bench_search($q$" + list + "]$q$)"));
    std::vector<answer> out;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        auto const bar = line.find('|');
        out.push_back({std::strtod(line.c_str(), nullptr), std::atoi(line.c_str() + bar + 1)});
    }
    if (out.size() != bodies.size()) give_up("search() gave no answer");
    return out;
}

}  // namespace fjord::bench
