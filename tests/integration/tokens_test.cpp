// The broker as an issuer: exchange of tokens at /oauth/token, signing keys that rotate while tokens are in use, discovery.
#include "tests/integration/fixture.hpp"

#include "auth/jwk.hpp"
#include "auth/jwt.hpp"
#include "auth/signature.hpp"
#include "auth/signing_key.hpp"

#include <gmock/gmock.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <map>

namespace fjord::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using form = std::map<std::string, std::string>;

class Tokens : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        f = new federation_fixture();
        f->up();
        auto const file = f->write("scene.bin", federation_fixture::bytes(5000));
        for (auto const* uri : {"landsat-7/olinda/scene", "landsat-7/recife/scene", "elevation/olinda/grid"})
            f->must("twin", {"put", file, uri, "--at", "site-a"});
    }
    static void TearDownTestSuite() {
        delete f;
        f = nullptr;
    }

    static form usual(secret const& subject, std::string scope, std::string audience = {}) {
        return {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                {"subject_token", subject.reveal()},
                {"subject_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                {"scope", std::move(scope)},
                {"audience", std::move(audience)}};
    }
    static net::client_response send(std::string body, net::header_list headers = {}) {
        net::client_request r;
        r.method = "POST";
        r.url = f->roles().broker_url() + "/oauth/token";
        r.body = std::move(body);
        r.headers = std::move(headers);
        if (!r.headers.find("Content-Type")) r.headers.set("Content-Type", "application/x-www-form-urlencoded");
        return f->http(std::move(r));
    }
    static std::string encoded(form const& fields) {
        std::string body;
        for (auto const& [name, value] : fields) {
            if (value.empty()) continue;
            std::string escaped;
            for (char const c : value)
                if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_')
                    escaped += c;
                else
                    escaped += "%" + to_hex(std::as_bytes(std::span(&c, 1)));
            body += (body.empty() ? "" : "&") + name + "=" + escaped;
        }
        return body;
    }
    static json::value answer_of(net::client_response const& r) { return parse_json(r.body).value(); }
    static json::value exchange(form const& fields) {
        auto const answer = send(encoded(fields));
        EXPECT_EQ(answer.status, 200u) << answer.body;
        EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
        auto value = answer_of(answer);
        f->in_use(token_of(value));
        return value;
    }
    static secret token_of(json::value const& answer) { return secret(cli::member_text(answer, "access_token")); }
    static json::object claims_of(secret const& token) { return auth::parse_jwt(token.reveal()).value().claims; }
    static void expect_refused(form const& fields, unsigned status, std::string const& code, std::string const& part = {}) {
        auto const answer = send(encoded(fields));
        EXPECT_EQ(answer.status, status) << answer.body;
        auto const value = answer_of(answer);
        EXPECT_EQ(cli::member_text(value, "error"), code) << answer.body;
        EXPECT_THAT(cli::member_text(value, "error_description"), HasSubstr(part));
        EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
    }
    static json::value resolve(secret const& token, std::string const& uri, unsigned status = 200) {
        auto const answer = f->http("POST", "/api/v1/resolve", token, R"({"uri": ")" + uri + R"(", "site": "hpc"})");
        EXPECT_EQ(answer.status, status) << answer.body;
        return answer_of(answer);
    }

    static inline federation_fixture* f = nullptr;
};

// --- exchange -----------------------------------------------------------------------------------------------------------------

TEST_F(Tokens, AGroupTokenGivesANarrowOneForOneDataset) {
    auto const answer = exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda"));
    EXPECT_EQ(cli::member_text(answer, "token_type"), "Bearer");
    EXPECT_EQ(cli::member_text(answer, "scope"), "storage.read:/data/landsat-7/olinda");
    EXPECT_LE(answer.at("expires_in").to_number<int>(), 600);
    auto const token = token_of(answer);
    auto const c = claims_of(token);
    EXPECT_EQ(c.at("iss").as_string(), f->roles().broker_url());
    EXPECT_EQ(c.at("aud").as_string(), f->roles().broker_url());
    EXPECT_EQ(c.at("act").at("sub"), "flood-twin");
    EXPECT_EQ(c.at("act").at("iss").as_string(), f->roles().issuer_url());
    EXPECT_FALSE(c.contains("wlcg.groups"));
    resolve(token, "landsat-7/olinda/scene");
    resolve(token, "landsat-7/recife/scene", 404);
    EXPECT_EQ(f->http("GET", "/api/v1/sites", token).status, 200u) << "who it is stays known";
    EXPECT_EQ(f->http("PUT", "/data/landsat-7/olinda/other", token, "x").status, 404u) << "reading only";
}

TEST_F(Tokens, AnExchangedTokenOnlyGetsNarrower) {
    auto const first = token_of(exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda")));
    auto const second = exchange(usual(first, "storage.read:/data/landsat-7/olinda/scene"));
    EXPECT_EQ(claims_of(token_of(second)).at("act").at("act").at("sub"), "flood-twin") << "who acted before stays visible";
    EXPECT_LE(claims_of(token_of(second)).at("exp").as_int64(), claims_of(first).at("exp").as_int64());
    expect_refused(usual(first, "storage.read:/data/landsat-7/recife"), 400, "invalid_scope", "only narrows");
    expect_refused(usual(first, "storage.read:/data/landsat-7"), 400, "invalid_scope", "only narrows");
    expect_refused(usual(first, "storage.create:/data/landsat-7/olinda/x"), 400, "invalid_scope", "only narrows");
    auto whole = usual(first, "");
    EXPECT_EQ(cli::member_text(exchange(whole), "scope"), "storage.read:/data/landsat-7/olinda") << "no scope: its own";
}

TEST_F(Tokens, APlaceReadsItAndNoOtherDoes) {
    auto const at_cache = exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda/scene", f->roles().cache_url()));
    auto const url = f->roles().cache_url() + "/data/landsat-7/";
    EXPECT_EQ(f->http("GET", url + "olinda/scene", token_of(at_cache)).status, 200u);
    EXPECT_EQ(f->http("GET", url + "recife/scene", token_of(at_cache)).status, 403u);
    EXPECT_EQ(f->http("GET", "/api/v1/sites", token_of(at_cache)).status, 401u) << "not the broker's audience";

    auto const at_site =
        exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda/scene", f->roles().site_url("site-a")));
    auto const scope = cli::member_text(at_site, "scope");
    ASSERT_THAT(scope, ::testing::StartsWith("storage.read:/"));
    auto const path = scope.substr(scope.find(':') + 1);
    EXPECT_EQ(f->http("GET", f->roles().site_url("site-a") + path, token_of(at_site)).status, 200u) << scope;
    EXPECT_EQ(f->http("GET", f->roles().site_url("site-b") + path, token_of(at_site)).status, 401u);
    expect_refused(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda/scene", f->roles().site_url("site-b")), 400,
                   "invalid_target", "no copy");
    expect_refused(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda", f->roles().site_url("site-a")), 400,
                   "invalid_scope", "name the asset");
    expect_refused(usual(f->token("twin"), "storage.create:/data/landsat-7/olinda/scene", f->roles().site_url("site-a")), 400,
                   "invalid_scope", "uploads");
}

TEST_F(Tokens, PolicyIsAskedAndHiddenLooksLikeAbsent) {
    auto const hidden = send(encoded(usual(f->token("stranger"), "storage.read:/data/landsat-7/olinda/scene")));
    auto const absent = send(encoded(usual(f->token("stranger"), "storage.read:/data/landsat-7/nothing/scene")));
    EXPECT_EQ(hidden.status, 400u);
    EXPECT_EQ(absent.status, 400u);
    auto without = [](std::string text, std::string const& name) { return text.replace(text.find(name), name.size(), "X"); };
    EXPECT_EQ(without(hidden.body, "olinda"), without(absent.body, "nothing"));
    exchange(usual(f->token("stranger"), "storage.read:/data/elevation/olinda/grid"));  // public
    expect_refused(usual(f->token("stranger"), "storage.create:/data/elevation/olinda/mine"), 400, "invalid_scope");
    exchange(usual(f->token("twin"), "storage.create:/data/elevation/new-item/grid"));
    expect_refused(usual(f->token("partner"), "storage.read:/data/climate/any/thing"), 400, "invalid_scope");
}

TEST_F(Tokens, ATokenToCreateUploadsThereAndNowhereElse) {
    auto const token = token_of(exchange(usual(f->token("twin"), "storage.create:/data/elevation/exchanged")));
    auto const file = f->write("narrow.token", token.reveal());
    auto const data = f->write("small.bin", federation_fixture::bytes(100));
    auto const here = f->fjord("", {"--token-file", file, "put", data, "elevation/exchanged/grid"});
    EXPECT_EQ(here.exit_code, 0) << here.err;
    auto const elsewhere = f->fjord("", {"--token-file", file, "put", data, "elevation/elsewhere/grid"});
    EXPECT_NE(elsewhere.exit_code, 0);
}

TEST_F(Tokens, TheCommandLineGivesAJobWhatItNeeds) {
    auto const token = f->expect_ok("twin", {"token", "exchange", "landsat-7/olinda/scene"}).out;
    auto const file = f->write("job.token", token);
    f->in_use(secret(token.substr(0, token.size() - 1)));
    auto as_job = [&](std::vector<std::string> args) {
        args.insert(args.begin(), {"--token-file", file});
        return f->fjord("", args);
    };
    EXPECT_EQ(as_job({"get", "landsat-7/olinda/scene", f->dir() + "/job.bin"}).exit_code, 0);
    EXPECT_EQ(as_job({"get", "landsat-7/recife/scene", f->dir() + "/job2.bin"}).exit_code, 3);
    EXPECT_THAT(as_job({"whoami"}).out, HasSubstr("storage.read:/data/landsat-7/olinda/scene"));
    auto const too_much = f->fjord("twin", {"token", "exchange", "landsat-7"});
    EXPECT_EQ(too_much.exit_code, 2);
    EXPECT_THAT(too_much.err, HasSubstr("name an item"));
    auto const hidden = f->fjord("stranger", {"token", "exchange", "landsat-7/olinda"});
    EXPECT_EQ(hidden.exit_code, 4);
    EXPECT_THAT(hidden.err, HasSubstr("policy does not permit"));
}

struct bad_form {
    char const* name;
    std::function<void(form&)> bend;
    std::string code, part;
};

TEST_F(Tokens, ErrorsNameTheParameter) {
    auto const access = "urn:ietf:params:oauth:token-type:access_token";
    for (auto const& [name, bend, code, part] : std::vector<bad_form>{
             {"no grant", [](form& x) { x.erase("grant_type"); }, "invalid_request", "grant_type"},
             {"another grant", [](form& x) { x["grant_type"] = "client_credentials"; }, "unsupported_grant_type",
              "token-exchange"},
             {"no subject", [](form& x) { x.erase("subject_token"); }, "invalid_request", "subject_token"},
             {"no type", [](form& x) { x.erase("subject_token_type"); }, "invalid_request", "subject_token_type"},
             {"a refresh token", [](form& x) { x["subject_token_type"] = "urn:ietf:params:oauth:token-type:refresh_token"; },
              "invalid_request", "subject_token_type"},
             {"nonsense", [](form& x) { x["subject_token"] = "abc"; }, "invalid_request", "subject_token"},
             {"actor without type", [](form& x) { x["actor_token"] = "abc"; }, "invalid_request", "actor_token_type"},
             {"type without actor", [&](form& x) { x["actor_token_type"] = access; }, "invalid_request", "actor_token_type"},
             {"bad actor", [&](form& x) { x["actor_token"] = "abc", x["actor_token_type"] = access; }, "invalid_request",
              "actor_token"},
             {"a SAML token wanted", [](form& x) { x["requested_token_type"] = "urn:ietf:params:oauth:token-type:saml2"; },
              "invalid_request", "requested_token_type"},
             {"a stranger's service", [](form& x) { x["audience"] = "https://elsewhere.example"; }, "invalid_target", "audience"},
             {"for everybody", [](form& x) { x["audience"] = "https://wlcg.cern.ch/jwt/v1/any"; }, "invalid_target", "audience"},
             {"a part of our name", [](form& x) { x["audience"] = f->roles().broker_url() + "0"; }, "invalid_target", "audience"},
             {"two names", [](form& x) { x["audience"] = "https://a", x["resource"] = "https://a/"; }, "invalid_target", "both"},
             {"no scope", [](form& x) { x.erase("scope"); }, "invalid_scope", "say what for"},
             {"all of it", [](form& x) { x["scope"] = "storage.read:/"; }, "invalid_scope", "name one dataset"},
             {"a collection", [](form& x) { x["scope"] = "storage.read:/data/landsat-7"; }, "invalid_scope", "name one dataset"},
             {"another tree", [](form& x) { x["scope"] = "storage.read:/api/v1/sites"; }, "invalid_scope", "name one dataset"},
             {"dot segments", [](form& x) { x["scope"] = "storage.read:/data/elevation/../landsat-7/olinda"; }, "invalid_scope",
              "storage.read"},
             {"a verb of none", [](form& x) { x["scope"] = "storage.stage:/data/landsat-7/olinda"; }, "invalid_scope",
              "storage.stage"},
             {"not storage", [](form& x) { x["scope"] = "openid"; }, "invalid_scope", "openid"},
         }) {
        SCOPED_TRACE(name);
        auto fields = usual(f->token("twin"), "storage.read:/data/landsat-7/olinda");
        bend(fields);
        expect_refused(fields, 400, code, part);
    }
}

TEST_F(Tokens, TheFormItselfIsChecked) {
    auto const good = encoded(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda"));
    auto error_of = [](net::client_response const& r) { return cli::member_text(answer_of(r), "error"); };
    net::header_list json_type, basic;
    json_type.set("Content-Type", "application/json");
    basic.set("Authorization", "Basic YTpi");
    EXPECT_EQ(error_of(send(good, json_type)), "invalid_request");
    auto const client = send(good, basic);
    EXPECT_EQ(client.status, 401u);
    EXPECT_EQ(error_of(client), "invalid_client");
    EXPECT_THAT(std::string(client.headers.get("WWW-Authenticate")), HasSubstr("Basic"));
    EXPECT_EQ(error_of(send(good + "&client_secret=x")), "invalid_client");
    EXPECT_EQ(error_of(send(good + "&scope=storage.read:/")), "invalid_request") << "twice";
    EXPECT_EQ(error_of(send(good + "&audience=a&audience=b")), "invalid_target");
    EXPECT_EQ(error_of(send("")), "invalid_request");
    EXPECT_EQ(error_of(send("%zz")), "invalid_request");
    EXPECT_EQ(send(std::string(70'000, 'a')).status, 413u);
    EXPECT_EQ(send(good + "&unknown=1").status, 200u) << "RFC 6749 section 3.2";
    auto const in_url = f->http("POST", "/oauth/token?" + good, {}, "x=1");
    EXPECT_EQ(in_url.status, 400u);
}

TEST_F(Tokens, ExpiredWrongAndRevokedTokensGiveNothing) {
    expect_refused(usual(f->roles().mint("flood-twin", {"/twins/flood"}, "twin-lab", -30), "storage.read:/data/landsat-7/olinda"),
                   400, "invalid_request", "expired");
    auto const for_cache =
        token_of(exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda/scene", f->roles().cache_url())));
    expect_refused(usual(for_cache, "storage.read:/data/landsat-7/olinda/scene"), 400, "invalid_request", "another service");
    auto const leaving = f->roles().mint("leaver", {"/twins/flood"}, "twin-lab", 600);
    exchange(usual(leaving, "storage.read:/data/landsat-7/olinda"));
    f->expect_ok("admin", {"token", "revoke", "--token", f->write("leaving.token", leaving.reveal())});
    expect_refused(usual(leaving, "storage.read:/data/landsat-7/olinda"), 400, "invalid_request", "revoked");
}

TEST_F(Tokens, AnUploadsTokenIsForItsUploadOnly) {
    auto const reserved = f->call("POST", "/api/v1/uploads", "twin", R"({"uri": "elevation/upload-only/grid", "size": 1})");
    auto const token = secret(cli::member_text(reserved, "token"));
    ASSERT_FALSE(token.empty()) << json::serialize(reserved);
    expect_refused(usual(token, ""), 400, "invalid_request", "upload");
}

TEST_F(Tokens, TheActorIsNamedAndLimitsTheLifetime) {
    auto fields = usual(f->token("twin"), "storage.read:/data/landsat-7/olinda");
    fields["actor_token"] = f->roles().mint("workflow-7", {}, "hpc", 60).reveal();
    fields["actor_token_type"] = "urn:ietf:params:oauth:token-type:jwt";
    auto const answer = exchange(fields);
    EXPECT_LE(answer.at("expires_in").to_number<int>(), 60);
    auto const c = claims_of(token_of(answer));
    EXPECT_EQ(c.at("sub"), "flood-twin");
    EXPECT_EQ(c.at("act").at("sub"), "workflow-7");
}

// --- proof of possession ------------------------------------------------------------------------------------------------------

// A client's key, and its proofs (RFC 9449 section 4).
class proving_client {
public:
    proving_client() : key_(auth::signing_key::generate(auth::algorithm::es256).value()) {}
    std::string const& thumbprint() const { return key_->kid(); }
    std::string proof(std::string const& method, std::string const& url, std::string const& token = {}) {
        json::object header{{"typ", "dpop+jwt"}, {"alg", "ES256"}};
        header["jwk"] = key_->jwk();
        json::object claims{{"jti", "proof-" + std::to_string(++made_)}, {"htm", method}, {"htu", url}};
        claims["iat"] = std::chrono::duration_cast<seconds>(system_clock().now().time_since_epoch()).count();
        auto const hash = sha256_of(token);
        if (!token.empty())
            claims["ath"] = base64url_encode({reinterpret_cast<char const*>(hash.bytes().data()), hash.bytes().size()});
        auto const input = base64url_encode(json::serialize(header)) + "." + base64url_encode(json::serialize(claims));
        auto const pem = key_->pem().value();
        std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_mem_buf(pem.reveal().data(), -1), BIO_free);
        auth::evp_key const key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
        return input + "." + base64url_encode(auth::signer::make(key, auth::algorithm::es256).value().sign(input).value());
    }

private:
    std::shared_ptr<auth::signing_key const> key_;
    int made_ = 0;
};

TEST_F(Tokens, AProofBindsTheNewTokenToItsKey) {
    proving_client client, thief;
    auto const endpoint = f->roles().broker_url() + "/oauth/token";
    auto with_proof = [](std::string const& proof) {
        net::header_list h;
        h.set("DPoP", proof);
        return h;
    };
    auto const fields = usual(f->token("twin"), "storage.read:/data/landsat-7/olinda");
    auto const answer = send(encoded(fields), with_proof(client.proof("POST", endpoint)));
    ASSERT_EQ(answer.status, 200u) << answer.body;
    EXPECT_EQ(cli::member_text(answer_of(answer), "token_type"), "DPoP");
    auto const token = token_of(answer_of(answer));
    f->in_use(token);
    EXPECT_EQ(claims_of(token).at("cnf").at("jkt").as_string(), client.thumbprint());

    auto const url = f->roles().broker_url() + "/data/landsat-7/olinda/scene";
    EXPECT_EQ(f->http("GET", url, token).status, 401u) << "stolen, it opens nothing";
    auto get = [&](proving_client& by) {
        net::client_request r;
        r.url = url;
        r.headers.set("Authorization", "DPoP " + token.reveal());
        r.headers.set("DPoP", by.proof("GET", url, token.reveal()));
        return f->http(std::move(r)).status;
    };
    EXPECT_EQ(get(client), 307u);
    EXPECT_EQ(get(thief), 401u);

    // What is bound stays bound, and only its key's holder exchanges it further.
    auto const narrower = usual(token, "storage.read:/data/landsat-7/olinda/scene");
    expect_refused(narrower, 400, "invalid_request", "DPoP");
    EXPECT_EQ(send(encoded(narrower), with_proof(thief.proof("POST", endpoint))).status, 400u);
    auto const again = send(encoded(narrower), with_proof(client.proof("POST", endpoint)));
    ASSERT_EQ(again.status, 200u) << again.body;
    EXPECT_EQ(claims_of(token_of(answer_of(again))).at("cnf").at("jkt").as_string(), client.thumbprint());
    auto const bad = send(encoded(fields), with_proof("nonsense"));
    EXPECT_EQ(cli::member_text(answer_of(bad), "error"), "invalid_dpop_proof");
}

// --- keys ---------------------------------------------------------------------------------------------------------------------

std::vector<std::string> kids_of(std::string const& jwks) {
    std::vector<std::string> out;
    auto const document = parse_json(jwks).value();
    for (auto const& k : document.at("keys").as_array())
        if (cli::member_text(k, "alg") == "ES256") out.push_back(cli::member_text(k, "kid"));
    return out;
}

TEST_F(Tokens, KeysRotateWhileTokensAreInUse) {
    auto published = [] { return kids_of(f->http("GET", "/.well-known/jwks.json").body); };
    auto read = [](secret const& token) {
        return f->http("GET", f->roles().cache_url() + "/data/landsat-7/olinda/scene", token).status;
    };
    auto mint = [] {
        return token_of(exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda/scene", f->roles().cache_url())));
    };
    auto kid_of = [](secret const& token) { return auth::parse_jwt(token.reveal())->kid; };
    auto const old_token = mint();
    ASSERT_EQ(read(old_token), 200u);
    auto const before = published();
    ASSERT_EQ(before.size(), 1u);

    // Announced: published at once, and it survives a crash, but it does not sign yet.
    f->expect_ok("admin", {"token", "rotate"});
    auto const announced = published();
    ASSERT_EQ(announced.size(), 2u);
    f->roles().kill_role("broker");
    ASSERT_TRUE(f->roles().restart("broker"));
    EXPECT_EQ(published(), announced);
    ASSERT_TRUE(federation_fixture::eventually([] {
        return !f->call("GET", "/api/v1/caches", "admin").at("caches").as_array().empty();
    })) << "the cache announces itself again";
    EXPECT_EQ(kid_of(mint()), before.front());

    // Used at once: the cache, which never saw this key, fetches it; the old token stays good.
    f->expect_ok("admin", {"token", "rotate", "--now"});
    ASSERT_TRUE(federation_fixture::eventually([&] { return kid_of(mint()) == announced.back(); }));
    EXPECT_EQ(read(mint()), 200u);
    EXPECT_EQ(read(old_token), 200u);
    auto const listed = f->expect_ok("admin", {"token", "keys"}).out;
    EXPECT_THAT(listed, AllOf(HasSubstr("signing"), HasSubstr("retired")));

    // Dropped: no token of it counts at the broker any more, at once.
    auto const own = token_of(exchange(usual(f->token("twin"), "storage.read:/data/landsat-7/olinda")));
    EXPECT_EQ(f->fjord("admin", {"token", "drop-key", announced.back()}).exit_code, 1) << "it signs now";
    f->expect_ok("admin", {"token", "rotate", "--now"});
    resolve(own, "landsat-7/olinda/scene");
    f->expect_ok("admin", {"token", "drop-key", announced.back()});
    resolve(own, "landsat-7/olinda/scene", 401);
    EXPECT_EQ(f->fjord("twin", {"token", "rotate"}).exit_code, 4) << "for administrators";
}

// --- discovery ----------------------------------------------------------------------------------------------------------------

TEST_F(Tokens, PeersFindEverythingTheyNeedToTrustUs) {
    auto const url = f->roles().broker_url();
    for (auto const* form : {"openid-configuration", "oauth-authorization-server"}) {
        auto const answer = f->http("GET", std::string("/.well-known/") + form);
        ASSERT_EQ(answer.status, 200u) << form;
        auto const metadata = answer_of(answer);
        EXPECT_EQ(cli::member_text(metadata, "issuer"), url) << "StoRM and Fjord compare it";
        EXPECT_EQ(cli::member_text(metadata, "token_endpoint"), url + "/oauth/token");
        auto const jwks = f->http("GET", cli::member_text(metadata, "jwks_uri"));
        EXPECT_EQ(jwks.status, 200u);
        EXPECT_EQ(jwks.headers.get("Cache-Control"), "public, max-age=3600");
        EXPECT_TRUE(auth::parse_jwks(jwks.body)) << jwks.body;
        EXPECT_EQ(jwks.body.find("\"d\""), std::string::npos) << "no private part";
    }
}

}  // namespace
}  // namespace fjord::test
