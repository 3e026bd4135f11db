// Tokens beside bare OpenSSL in the same process: verifying one for the first time, verifying a known one, minting.
#include "auth/auth.hpp"
#include "auth/signature.hpp"
#include "base/digest.hpp"
#include "base/random.hpp"
#include "tests/bench/support/bench.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <cstdio>
#include <filesystem>

namespace {

using namespace fjord;

constexpr char const* issuer = "https://broker.example";
constexpr char const* audience = "https://site-a.example:8443";

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench_auth: %s\n", why.c_str());
    std::exit(1);
}

// What the broker mints for one object at one site.
auth::mint_request one_object(std::uint64_t n) {
    auth::mint_request r;
    r.subject = "5f0c7d1e-8a52-4a37-9e3c-1d2b7c6e9a10";
    r.audience = {audience};
    r.scope =
        "storage.read:/fed/" + std::to_string(n % 97) + "/cd/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    return r;
}

// OpenSSL by itself, on texts as long as a token's. Each text has a signature of its own: verifying one and the same again and
// again would flatter, because the processor learns its branches.
class bare_es256 {
public:
    bare_es256(std::size_t length, std::size_t many) {
        for (std::size_t i = 0; i < many; ++i) {
            signed_text t;
            t.text = random_hex(length / 2 + 1).substr(0, length);
            t.signature = sign(t.text);
            signed_.push_back(std::move(t));
        }
    }
    ~bare_es256() { EVP_PKEY_free(key_); }

    void verify(std::uint64_t n) const {
        for (std::size_t i = 0; n--; i = i + 1 == signed_.size() ? 0 : i + 1) {
            auto const& [text, signature] = signed_[i];
            auto* context = EVP_MD_CTX_new();
            bool const good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key_) == 1 &&
                              EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(text), text.size()) == 1;
            if (!good) give_up("bare verification failed");
            EVP_MD_CTX_free(context);
        }
    }
    void sign(std::uint64_t n) const {
        for (std::size_t i = 0; n--; i = i + 1 == signed_.size() ? 0 : i + 1) bench::keep(sign(signed_[i].text));
    }

private:
    struct signed_text {
        std::string text, signature;  // DER
    };
    static unsigned char const* bytes(std::string const& text) { return reinterpret_cast<unsigned char const*>(text.data()); }
    std::string sign(std::string const& text) const {
        auto* context = EVP_MD_CTX_new();
        std::string out(80, '\0');
        auto n = out.size();
        bool const good =
            EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_) == 1 &&
            EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &n, bytes(text), text.size()) == 1;
        if (!good) give_up("bare signing failed");
        EVP_MD_CTX_free(context);
        out.resize(n);
        return out;
    }

    evp_pkey_st* key_ = EVP_EC_gen("P-256");
    std::vector<signed_text> signed_;
};

// As a session does it: one coroutine, token after token.
boost::asio::awaitable<void> admit_all(auth::verifier& v, std::vector<secret> tokens) {
    for (auto& token : tokens) {
        auto who = co_await v.admit(std::move(token));
        if (!who) give_up("a good token was refused");
        bench::keep(**who);
    }
}

void admit(auth::verifier& v, std::vector<secret> tokens) {
    boost::asio::io_context loop(1);
    auto done = [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    boost::asio::co_spawn(loop, admit_all(v, std::move(tokens)), done);
    loop.run();
}

}  // namespace

int main(int argc, char** argv) {
    bench::session s("auth", argc, argv);
    auto const folder = std::filesystem::temp_directory_path() / ("fjord-bench-" + random_hex(8));
    std::filesystem::create_directories(folder);
    auto minter = auth::minter::open(issuer, (folder / "key.pem").string(), system_clock());
    if (!minter) give_up(minter.error().message());
    auth::issuer_options trusted;
    trusted.url = issuer;
    auto make_verifier = [&] {
        return std::make_unique<auth::verifier>(std::vector{trusted}, std::vector<std::string>{audience},
                                                auth::make_fixed_key_source(issuer, minter->jwks(), nullptr), system_clock());
    };
    std::uint64_t serial = 0;
    auto const length = minter->mint(one_object(0)).reveal().size();
    std::printf("a minted token has %zu bytes\n", length);
    constexpr std::size_t batch = 2'000;
    bare_es256 const bare(length - 87, batch);

    // First verification: every token is new. Tokens are minted ahead, outside of the time that counts.
    auto fresh = make_verifier();
    std::vector<secret> stock;
    auto first = [&]() -> double {
        stock.clear();
        for (std::size_t i = 0; i < batch; ++i) stock.push_back(minter->mint(one_object(serial++)));
        auto const before = bench::thread_seconds();
        admit(*fresh, std::move(stock));
        return static_cast<double>(batch) / (bench::thread_seconds() - before);
    };
    auto bare_verify = bench::per_cpu_second([&](std::uint64_t n) { bare.verify(n); });
    s.compare("verify_first", "/s", first, "OpenSSL ES256 verify", bare_verify);

    // A known token: one that comes again and again, and a thousand in turn.
    auto known = [&](std::size_t many) {
        auto v = std::shared_ptr<auth::verifier>(make_verifier());
        auto tokens = std::make_shared<std::vector<secret>>();
        for (std::size_t i = 0; i < many; ++i) tokens->push_back(minter->mint(one_object(serial++)));
        admit(*v, *tokens);
        return bench::per_cpu_second([v, tokens](std::uint64_t n) {
            std::size_t at = 0;
            while (n--) {
                auto who = v->recall((*tokens)[at]);
                if (!who || !*who) give_up("a known token was not recalled");
                bench::keep(***who);
                at = at + 1 == tokens->size() ? 0 : at + 1;
            }
        });
    };
    if (s.wanted("verify_known")) {
        s.reach("verify_known_one", "/s", known(1), 3e6);
        s.reach("verify_known_1000", "/s", known(1000), 3e6);
    }

    auto mint = bench::per_cpu_second([&](std::uint64_t n) {
        while (n--) bench::keep(minter->mint(one_object(n)));
    });
    auto bare_sign = bench::per_cpu_second([&](std::uint64_t n) { bare.sign(n); });
    s.compare("mint", "/s", mint, "OpenSSL ES256 sign", bare_sign);
    std::filesystem::remove_all(folder);
    return s.finish();
}
