// The contract as one table: verb x what the token grants x what is there -> status, asked of a real door over TLS. The rules
// behind it are in site/verbs.hpp; this is what a client sees of them.
#include "door_harness.hpp"

#include <fstream>
#include <map>
#include <sstream>

namespace fjord::site::test {
namespace {

// What is asked for, in the order of the columns.
//   absent   /data/absent        file  /data/file        dir  /data/dir (empty)      orphan   /data/none/x (no parent)
//   outside  /other/file         sibling  /data-other/file: /data is a prefix of its name and not of its path
constexpr std::array paths{"/data/absent", "/data/file", "/data/dir", "/data/none/x", "/other/file", "/data-other/file"};

struct row {
    char const *verb, *grant;
    std::array<unsigned, paths.size()> status;
};

constexpr std::array<unsigned, 6> unknown{401, 401, 401, 401, 401, 401};
constexpr std::array<unsigned, 6> refused{403, 403, 403, 403, 403, 403};

// Grants are for /data; "sibling" is everything for /data-other; "none" is no token at all.
//                                  absent file dir orphan outside sibling
constexpr row table[] = {
    {"GET", "none", unknown},
    {"GET", "read", {404, 200, 200, 404, 403, 403}},
    {"GET", "create", refused},
    {"GET", "modify", refused},
    {"GET", "stage", refused},
    {"GET", "read+create", {404, 200, 200, 404, 403, 403}},
    {"GET", "sibling", {403, 403, 403, 403, 403, 200}},
    {"HEAD", "none", unknown},
    {"HEAD", "read", {404, 200, 200, 404, 403, 403}},
    {"HEAD", "create", {404, 200, 200, 404, 403, 403}},
    {"HEAD", "modify", {404, 200, 200, 404, 403, 403}},
    {"HEAD", "stage", {404, 200, 200, 404, 403, 403}},
    {"HEAD", "read+create", {404, 200, 200, 404, 403, 403}},
    {"HEAD", "sibling", {403, 403, 403, 403, 403, 200}},
    {"PROPFIND 0", "none", unknown},
    {"PROPFIND 0", "read", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 0", "create", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 0", "modify", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 0", "stage", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 0", "read+create", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 0", "sibling", {403, 403, 403, 403, 403, 207}},
    {"PROPFIND 1", "none", unknown},
    {"PROPFIND 1", "read", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 1", "create", refused},
    {"PROPFIND 1", "modify", refused},
    {"PROPFIND 1", "stage", refused},
    {"PROPFIND 1", "read+create", {404, 207, 207, 404, 403, 403}},
    {"PROPFIND 1", "sibling", {403, 403, 403, 403, 403, 207}},
    {"PUT", "none", unknown},
    {"PUT", "read", refused},
    {"PUT", "create", {201, 403, 403, 201, 403, 403}},
    {"PUT", "modify", {201, 204, 405, 201, 403, 403}},
    {"PUT", "stage", refused},
    {"PUT", "read+create", {201, 403, 403, 201, 403, 403}},
    {"PUT", "sibling", {403, 403, 403, 403, 403, 204}},
    {"DELETE", "none", unknown},
    {"DELETE", "read", refused},
    {"DELETE", "create", refused},
    {"DELETE", "modify", {404, 204, 204, 404, 403, 403}},
    {"DELETE", "stage", refused},
    {"DELETE", "read+create", refused},
    {"DELETE", "sibling", {403, 403, 403, 403, 403, 204}},
    {"MKCOL", "none", unknown},
    {"MKCOL", "read", refused},
    {"MKCOL", "create", {201, 405, 405, 409, 403, 403}},
    {"MKCOL", "modify", {201, 405, 405, 409, 403, 403}},
    {"MKCOL", "stage", refused},
    {"MKCOL", "read+create", {201, 405, 405, 409, 403, 403}},
    {"MKCOL", "sibling", {403, 403, 403, 403, 403, 405}},
    {"MOVE", "none", unknown},
    {"MOVE", "read", refused},
    {"MOVE", "create", {404, 201, 403, 404, 403, 403}},
    {"MOVE", "modify", {404, 201, 201, 404, 403, 403}},
    {"MOVE", "stage", refused},
    {"MOVE", "read+create", {404, 201, 403, 404, 403, 403}},
    {"MOVE", "sibling", refused},  // it may take the file away, and not put it below /data
    {"COPY pull", "none", unknown},
    {"COPY pull", "read", refused},
    {"COPY pull", "create", {202, 403, 403, 202, 403, 403}},
    {"COPY pull", "modify", {202, 202, 409, 202, 403, 403}},
    {"COPY pull", "stage", refused},
    {"COPY pull", "read+create", {202, 403, 403, 202, 403, 403}},
    {"COPY pull", "sibling", {403, 403, 403, 403, 403, 202}},
    {"COPY push", "none", unknown},
    {"COPY push", "read", {404, 202, 400, 404, 403, 403}},
    {"COPY push", "create", refused},
    {"COPY push", "modify", refused},
    {"COPY push", "stage", refused},
    {"COPY push", "read+create", {404, 202, 400, 404, 403, 403}},
    {"COPY push", "sibling", {403, 403, 403, 403, 403, 202}},
};

class DoorTable : public DoorTest {
protected:
    void lay_out() const {
        namespace fs = std::filesystem;
        for (auto const& entry : fs::directory_iterator(root.str()))
            if (entry.path().filename() != ".fjord-in") fs::remove_all(entry.path());
        fs::create_directories(root.path("data/dir"));
        for (auto const* name : {"data/file", "other/file", "data-other/file"}) root.write(name, "what was there");
    }
    std::string all_files() const {
        std::ostringstream out;
        std::map<std::string, std::string> found;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(root.str()))
            if (entry.is_regular_file())
                found[entry.path()] = std::string(std::istreambuf_iterator(std::ifstream(entry.path()).rdbuf()), {});
        for (auto const& [name, text] : found) out << name << "=" << text << "\n";
        return out.str();
    }
    // Nobody listens at the other side of copies: an accepted one (202) ends with a failure line.
    unsigned ask(std::string verb, std::string const& path, std::string const& scope) {
        fields headers;
        std::string body;
        if (verb.starts_with("PROPFIND")) headers = {{"Depth", verb.substr(9)}};
        if (verb == "MOVE") headers = {{"Destination", site->url() + "/data/moved"}};
        if (verb == "COPY pull") headers = {{"Source", "https://127.0.0.1:1/x"}, {"TransferHeaderAuthorization", "Bearer x"}};
        if (verb == "COPY push")
            headers = {{"Destination", "https://127.0.0.1:1/x"}, {"TransferHeaderAuthorization", "Bearer x"}};
        if (verb == "PUT") body = "new bytes";
        return send(verb.substr(0, verb.find(' ')), path, scope, headers, body).status;
    }

    std::map<std::string, std::string> const scopes{
        {"none", ""},
        {"read", "storage.read:/data"},
        {"create", "storage.create:/data"},
        {"modify", "storage.modify:/data"},
        {"stage", "storage.stage:/data"},
        {"read+create", "storage.read:/data storage.create:/data"},
        {"sibling", "storage.read:/data-other storage.modify:/data-other"},
    };
};

TEST_F(DoorTable, EveryVerbInEveryStateWithEveryGrantAnswersAsTheContractSays) {
    std::size_t cells = 0;
    for (auto const& r : table)
        for (std::size_t column = 0; column < paths.size(); ++column, ++cells) {
            lay_out();
            auto const before = all_files();
            auto const status = ask(r.verb, paths[column], scopes.at(r.grant));
            EXPECT_EQ(status, r.status[column]) << r.verb << " " << paths[column] << " with " << r.grant;
            if (status >= 400) { EXPECT_EQ(all_files(), before) << r.verb << " " << paths[column] << " with " << r.grant; }
        }
    EXPECT_EQ(cells, 10u * scopes.size() * paths.size()) << "a row for every verb and grant";
}

}  // namespace
}  // namespace fjord::site::test
