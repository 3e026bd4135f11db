#include "storage/probe/steps.hpp"

namespace fjord::storage::probe {

namespace {

constexpr std::string_view read = "storage.read", create = "storage.create", modify = "storage.modify", stage = "storage.stage";

constexpr milliseconds digest_rest{100};

token_spec only(std::string_view verb, std::string_view path, token_flaw flaw = token_flaw::none) {
    return {.grants = {{verb, path}}, .flaw = flaw};
}

token_spec everything() { return {.grants = {{read, ""}, {create, ""}, {modify, ""}}}; }

step put(std::string_view name, std::string_view object) {
    return {.name = name, .method = "PUT", .object = object, .token = everything(), .required = true};
}

step get(std::string_view name, std::string_view object, token_spec token, carrier how = carrier::header) {
    return {.name = name, .method = "GET", .object = object, .token = std::move(token), .how = how};
}

step head(std::string_view name, std::string_view field, std::string_view value) {
    step s{.name = name, .method = "HEAD", .object = "canary/in", .token = only(read, "canary")};
    s.headers = {{field, value}};
    s.rest = digest_rest;
    return s;
}

// A pull of the site from itself, with the narrowest tokens that a correct site needs.
step pull(std::string_view name, std::string_view object, std::string_view source, std::string_view credential = "none") {
    step s{.name = name, .method = "COPY", .object = object, .token = only(create, object)};
    s.headers = {{"Source", source}, {"Credential", credential}, {"Overwrite", "F"}};
    s.remote_token = only(read, "canary");
    return s;
}

step move(std::string_view name, std::string_view object, std::string_view destination) {
    step s{.name = name, .method = "MOVE", .object = object, .token = everything()};
    s.headers = {{"Destination", destination}, {"Overwrite", "F"}};
    return s;
}

std::vector<step> make_canaries() {
    return {put("put canary/in", "canary/in"), put("put canaryX", "canaryX"), put("put spare", "spare"),
            put("put second", "second"), put("put third", "third")};
}

std::vector<step> reads() {
    auto brief = only(read, "canary");
    brief.lifetime = seconds{2};
    token_spec pathless{.grants = {{read, ""}}, .lifetime = seconds{20}, .pathless = true};
    step put_over{.name = "create over", .method = "PUT", .object = "canaryX", .token = only(create, "canaryX")};
    step head_create{.name = "create head", .method = "HEAD", .object = "canary/in", .token = only(create, "canary/in")};
    step propfind{.name = "create propfind", .method = "PROPFIND", .object = "canary/in", .token = only(create, "canary/in")};
    propfind.headers = {{"Depth", "0"}};
    return {get("control", "canary/in", only(read, "canary")),
            get("anonymous", "canary/in", {}),
            get("used before exp", "canary/in", brief),
            get("sibling", "canaryX", only(read, "canary")),
            get("sibling slash", "canaryX", only(read, "canary/")),
            get("pathless", "canaryX", pathless),
            get("dotdot", "canaryX", only(read, "canary/../canaryX")),
            get("expired", "canary/in", only(read, "canary", token_flaw::expired)),
            get("long lived", "canary/in", only(read, "canary", token_flaw::long_lived)),
            get("wrong audience", "canary/in", only(read, "canary", token_flaw::wrong_audience)),
            get("no audience", "canary/in", only(read, "canary", token_flaw::no_audience)),
            get("minor version", "canary/in", only(read, "canary", token_flaw::minor_version)),
            get("stage", "canary/in", only(stage, "canary")),
            head_create,
            propfind,
            get("authz in url", "canary/in", only(read, "canary"), carrier::url_authz),
            get("access_token in url", "canary/in", only(read, "canary"), carrier::url_access_token),
            get("cleartext", "canary/in", only(read, "canary"), carrier::cleartext),
            head("want adler32", "Want-Digest", "adler32"),
            head("want crc32c", "Want-Digest", "crc32c"),
            head("want md5", "Want-Digest", "md5"),
            head("want sha-256", "Want-Digest", "sha-256"),
            head("want repr", "Want-Repr-Digest", "sha-256=9, adler=5, md5=1"),
            put_over};
}

std::vector<step> changes() {
    auto from_file = pull("copy from file", "from-file", "{file}/canary/in");
    from_file.opens_server_files = true;
    auto both = pull("copy both ways", "both", "{base}/canary/in");
    both.headers.push_back({"Destination", "{base}/both-pushed"});
    both.token = {.grants = {{read, ""}, {create, ""}}};
    both.remote_token = both.token;
    auto missing = pull("copy missing", "failed", "{base}/canary/missing");
    auto over = pull("copy over", "canaryX", "{base}/canary/in");
    over.token = {.grants = {{create, "canaryX"}, {modify, "canaryX"}}};
    step look{.name = "head failed", .method = "HEAD", .object = "failed", .token = only(read, "failed")};
    step remove{.name = "modify delete", .method = "DELETE", .object = "spare", .token = only(modify, "spare")};
    auto again = get("used after exp", "canary/in", only(read, "canary"));
    again.reuse = "used before exp";
    return {pull("copy", "pulled", "{base}/canary/in"),
            from_file,
            pull("copy from http", "from-http", "{http}/canary/in"),
            both,
            pull("copy oidc", "oidc", "{base}/canary/in", "oidc"),
            missing,
            look,
            pull("copy deep", "no/such/folder/file", "{base}/canary/in"),
            over,
            remove,
            move("move over", "second", "{base}/canaryX"),
            move("move deep", "third", "{base}/moved/to/third"),
            again};
}

}  // namespace

std::vector<step> const& steps() {
    static std::vector<step> const all = [] {
        auto list = make_canaries();
        for (auto& s : reads()) list.push_back(std::move(s));
        for (auto& s : changes()) list.push_back(std::move(s));
        return list;
    }();
    return all;
}

std::string canary_bytes(std::string_view run, std::string_view object) {
    return "A canary of Fjord's site probe. It is removed when the probe ends.\n" + std::string(run) + "/" + std::string(object) +
           "\n";
}

}  // namespace fjord::storage::probe
