#include "tests/integration/keycloak.hpp"

#include <boost/json/array.hpp>

#include <unistd.h>

namespace fjord::test {
namespace {

std::string const home = FJORD_PEERS "/keycloak";

json::object mapper(std::string name, std::string kind, json::object config) {
    json::object m{{"name", std::move(name)}, {"protocol", "openid-connect"}, {"protocolMapper", std::move(kind)}};
    m["config"] = std::move(config);
    return m;
}

}  // namespace

std::string keycloak::missing() {
    if (access((home + "/prepared").c_str(), R_OK) != 0) return "Keycloak is not in build/peers; run deploy/fetch-peers keycloak";
    auto const java = cli::run_command({{"java", "-version"}, {}, false, {}});
    if (!java || java->exit_code != 0) return "Java is not installed, which Keycloak needs (Debian: openjdk-17-jre-headless)";
    return {};
}

void keycloak::begin() {
    auto port = cli::reserve_port();
    if (!port) f_.give_up(port.error().message());
    port_ = port->number;
    port->hold.reset();  // Java wants its port for itself
    auto const dir = f_.dir();
    cli::command c;
    c.argv = {home + "/bin/kc.sh",
              "start",
              "--optimized",
              "--http-enabled=false",
              "--http-host=127.0.0.1",
              "--https-port=" + std::to_string(port_),
              "--https-certificate-file=" + dir + "/host.pem",
              "--https-certificate-key-file=" + dir + "/host.key",
              "--hostname=" + url(),
              "--cache=local"};
    c.env = {{"KC_BOOTSTRAP_ADMIN_USERNAME", "admin"},
             {"KC_BOOTSTRAP_ADMIN_PASSWORD", password_},
             {"JAVA_OPTS_KC_HEAP", "-Xms128m -Xmx512m"},
             {"JAVA_OPTS_APPEND", "-XX:-UseG1GC -XX:+UseSerialGC -XX:TieredStopAtLevel=1"}};
    c.log_file = dir + "/keycloak.out";
    auto started = cli::child_process::start(c);
    if (!started) f_.give_up(started.error().message());
    process_ = std::move(*started);
}

void keycloak::await() {
    cli::global_options o;
    o.ca = f_.roles().path("ca.pem");
    cli::client_context client(o, secret());
    auto answers = [&] {
        if (!process_.running()) return true;
        net::client_request r;
        r.url = url() + "/realms/master";
        auto const answer = client.send(std::move(r));
        return answer && answer->status == 200;
    };
    bool const up = federation_fixture::eventually(answers, std::chrono::seconds(180));
    if (up && process_.running()) return;
    auto const log = read_file(f_.dir() + "/keycloak.out");
    process_.stop();
    f_.give_up("Keycloak did not come up:\n" + (log ? *log : std::string("(no log)")));
}

net::client_response keycloak::post_form(std::string const& url, std::string const& form) {
    net::client_request r;
    r.method = "POST";
    r.url = url;
    r.body = form;
    r.headers.set("Content-Type", "application/x-www-form-urlencoded");
    return f_.http(std::move(r));
}

json::value keycloak::admin(std::string method, std::string const& path, json::value const& body) {
    auto const login = post_form(url() + "/realms/master/protocol/openid-connect/token",
                                 "grant_type=password&client_id=admin-cli&username=admin&password=" + password_);
    auto const session = parse_json(login.body);
    EXPECT_TRUE(session && login.status == 200) << login.body;
    net::client_request r;
    r.method = std::move(method);
    r.url = url() + "/admin/realms" + path;
    r.bearer = secret(session ? cli::member_text(*session, "access_token") : "");
    if (!body.is_null()) {
        r.body = json::serialize(body);
        r.headers.set("Content-Type", "application/json");
    }
    auto const answer = f_.http(std::move(r));
    EXPECT_LT(answer.status, 400u) << path << ": " << answer.body;
    auto value = parse_json(answer.body);
    return value ? *value : json::value(nullptr);
}

void keycloak::make_realm(std::string const& audience) {
    json::object client{{"clientId", "fjord-cli"}, {"publicClient", true}, {"enabled", true}};
    client["standardFlowEnabled"] = false;
    client["consentRequired"] = true;
    client["attributes"] = json::object{{"oauth2.device.authorization.grant.enabled", "true"}};
    client["protocolMappers"] = json::array{
        mapper("groups", "oidc-group-membership-mapper",
               {{"claim.name", "groups"}, {"full.path", "true"}, {"access.token.claim", "true"}}),
        mapper("audience", "oidc-audience-mapper", {{"included.custom.audience", audience}, {"access.token.claim", "true"}})};
    auto group = [](std::string parent, std::string child) {
        return json::object{{"name", parent}, {"subGroups", json::array{json::object{{"name", child}}}}};
    };
    json::object realm{{"realm", "twins"}, {"enabled", true}, {"accessTokenLifespan", 300}};
    realm["revokeRefreshToken"] = true;
    realm["refreshTokenMaxReuse"] = 0;
    realm["oauth2DevicePollingInterval"] = 1;
    realm["oauth2DeviceCodeLifespan"] = 120;
    realm["groups"] = json::array{group("twins", "flood"), group("fjord", "admins")};
    realm["clients"] = json::array{std::move(client)};
    admin("POST", "", realm);
}

void keycloak::add_user(std::string const& name, std::vector<std::string> const& groups) {
    json::object user{{"username", name}, {"enabled", true}, {"email", name + "@example.org"}, {"emailVerified", true}};
    user["firstName"] = name;
    user["lastName"] = "Test";
    user["credentials"] = json::array{json::object{{"type", "password"}, {"value", "pw-" + name}, {"temporary", false}}};
    json::array in;
    for (auto const& g : groups) in.push_back(json::value(g));
    user["groups"] = std::move(in);
    admin("POST", "/twins/users", user);
}

std::string keycloak::user_id(std::string const& name) {
    auto const found = admin("GET", "/twins/users?exact=true&username=" + name);
    return cli::member_text(found.as_array().at(0), "id");
}

void keycloak::rotate_keys() {
    auto const realm = cli::member_text(admin("GET", "/twins"), "id");
    auto const priority = std::to_string(1000 + ++keys_made_);
    json::object config{{"priority", json::array{json::value(priority)}}, {"keySize", json::array{"2048"}}};
    config["enabled"] = json::array{"true"};
    config["active"] = json::array{"true"};
    config["algorithm"] = json::array{"RS256"};
    json::object key{{"name", "rsa-" + priority}, {"providerId", "rsa-generated"}};
    key["providerType"] = "org.keycloak.keys.KeyProvider";
    key["parentId"] = realm;
    key["config"] = std::move(config);
    admin("POST", "/twins/components", key);
}

}  // namespace fjord::test
