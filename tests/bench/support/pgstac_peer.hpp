#pragma once
// pgstac in a PostgreSQL of its own: a cluster in a folder, run by an unprivileged user, reached by a socket in that folder,
// ended with this object. Settings are those its documentation recommends; durability is off, which is to its advantage.
#include "cli/demo/process.hpp"

#include <string>
#include <vector>

namespace fjord::bench {

class pgstac_peer {
public:
    // `python`: the folder of a virtual environment with pypgstac (deploy/fetch-peers pgstac). Ends the program with a message
    // when a step fails, as all calls do.
    pgstac_peer(std::string python, std::string folder, int core);
    ~pgstac_peer();

    // By `pypgstac load --method insert`, which copies into a temporary table and moves rows partition by partition: its fastest.
    void load_collections(std::string const& ndjson_file) { load("collections", ndjson_file); }
    void load_items(std::string const& ndjson_file) { load("items", ndjson_file); }
    void analyze();
    std::string version();

    struct answer {
        double milliseconds = 0;
        int items = 0;
    };
    // search() of each body, called in one session, inside the server: a first round that is not told, then one that is.
    std::vector<answer> search(std::vector<std::string> const& bodies);

private:
    void load(std::string const& table, std::string const& file);
    std::string sql(std::string const& text);
    std::string run(std::vector<std::string> argv) const;
    std::vector<std::string> as_owner(std::vector<std::string> argv) const;

    std::string python_, folder_;
    cli::child_process server_;
};

}  // namespace fjord::bench
