// XrdCl for this process: whom to trust, how long to wait, where its log goes.
#include "storage/xrootd.hpp"

#include "base/file.hpp"
#include "base/log.hpp"

#include <XrdCl/XrdClDefaultEnv.hh>
#include <XrdCl/XrdClEnv.hh>
#include <XrdCl/XrdClLog.hh>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace fjord::storage {

namespace {

namespace fs = std::filesystem;

logger const log("xrdcl");

// XrdCl's lines carry URLs with tokens; our log removes them.
class scrubbed_log final : public XrdCl::LogOut {
public:
    void Write(std::string const& message) override {
        auto line = message;
        while (line.ends_with('\n')) line.pop_back();
        log.warn("library", {{"line", line}});
    }
};

struct bio_free {
    void operator()(BIO* b) const noexcept { BIO_free(b); }
};
struct x509_free {
    void operator()(X509* c) const noexcept { X509_free(c); }
};

// XrdCl 5.5 trusts a directory of certificates named by the hash of their subject (openssl rehash) and nothing else.
result<void> write_hashed(std::string const& ca_file, std::string const& folder) {
    auto pem = read_file(ca_file);
    if (!pem) return pem.error();
    std::error_code ec;
    fs::create_directories(folder, ec);
    if (ec) return fail(errc::denied, "making " + folder + ": " + ec.message());
    std::unique_ptr<BIO, bio_free> const in(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
    std::map<std::string, int> seen;
    while (std::unique_ptr<X509, x509_free> const one{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
        std::unique_ptr<BIO, bio_free> const out(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(out.get(), one.get());
        char* text = nullptr;
        auto const size = BIO_get_mem_data(out.get(), &text);
        char hash[16];
        std::snprintf(hash, sizeof hash, "%08lx", X509_subject_name_hash(one.get()));
        auto const name = folder + "/" + hash + "." + std::to_string(seen[hash]++);
        if (auto ok = write_file_atomically(name, {text, static_cast<std::size_t>(size)}); !ok) return ok.error();
    }
    if (seen.empty()) return fail(errc::invalid_argument, ca_file + " holds no certificate");
    return {};
}

}  // namespace

result<void> set_up_xrootd_client(xrootd_settings const& settings) {
    if (!settings.ca_file.empty()) {
        auto const folder = settings.work_dir + "/xrootd-trust";
        if (auto ok = write_hashed(settings.ca_file, folder); !ok) return ok.error();
        ::setenv("X509_CERT_DIR", folder.c_str(), 1);
    } else {
        ::setenv("X509_CERT_DIR", "/etc/ssl/certs", 0);
    }
    auto* env = XrdCl::DefaultEnv::GetEnv();
    // Each call has its own deadline; these bound what the library does about a server that is away. Its own defaults would
    // refuse a host for half an hour after one failed connection.
    env->PutInt("ConnectionWindow", 10);
    env->PutInt("ConnectionRetry", 2);
    env->PutInt("StreamErrorWindow", 1);
    env->PutInt("TimeoutResolution", 1);
    env->PutInt("RunForkHandler", 0);
    auto* out = XrdCl::DefaultEnv::GetLog();
    out->SetOutput(new scrubbed_log);  // owned by the library
    if (out->GetLevel() == XrdCl::Log::NoMsg) out->SetLevel(XrdCl::Log::ErrorMsg);
    return {};
}

}  // namespace fjord::storage
