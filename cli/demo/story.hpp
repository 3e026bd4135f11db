#pragma once
// The steps of the demo, in the order a newcomer would take them.
#include "cli/client_context.hpp"
#include "cli/demo/federation.hpp"
#include "cli/demo/material.hpp"
#include "cli/demo/narrator.hpp"

#include <string>
#include <vector>

namespace fjord::cli {

class story {
public:
    story(federation& f, narrator& n, std::string data_folder);

    // Sites, collections and policies; then the six steps. Each is false when the demo cannot go on.
    bool prepare();
    bool ingest();
    bool search();
    bool replicate();
    bool resolve_and_read();
    bool refuse();
    bool survive();

    std::vector<std::string> collections() const;

private:
    // Runs `fjord ARGS` as a persona, shows the command and, when `show`, its output.
    finished_command fjord(std::string const& persona, std::vector<std::string> args, bool show = true);
    net::client_response http(std::string const& method, std::string const& url, secret const& token = {}, int redirects = 0);
    secret token_of(std::string const& persona) const;
    std::string source_file(std::string const& collection) const;
    std::string sha256_of_file(std::string const& path) const;
    // The first registered asset of the collection's sample item, "C/I/A".
    std::string asset_uri(std::string const& collection);

    federation& federation_;
    narrator& tell_;
    std::string data_;
    std::vector<demo_sample> samples_;
    client_context client_;
    std::string scene_;  // C/I/A of the Landsat scene
};

}  // namespace fjord::cli
