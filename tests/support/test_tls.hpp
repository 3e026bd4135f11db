#pragma once
// A certificate authority and a host certificate for one test: P-256 keys, valid for localhost, 127.0.0.1 and ::1.
//
//   auto tls = fjord::test::make_test_tls(dir.str());
//   options.tls = {tls.certificate, tls.key};      // of the server
//   client_options.ca_file = tls.ca;               // of the client
#include "base/free_with.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace fjord::test {

struct test_tls {
    std::string ca;           // ca.pem
    std::string certificate;  // host.pem
    std::string key;          // host.key
};

namespace detail {

using key_ptr = std::unique_ptr<EVP_PKEY, free_with<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, free_with<X509_free>>;
using file_ptr = std::unique_ptr<std::FILE, free_with<std::fclose>>;

inline void must(bool ok, char const* what) {
    if (!ok) throw std::runtime_error(std::string("test certificates: ") + what);
}

inline key_ptr new_key() {
    key_ptr key(EVP_EC_gen("P-256"));
    must(key != nullptr, "key");
    return key;
}

inline void add_extension(X509* certificate, X509* issuer, int nid, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, free_with<X509_EXTENSION_free>> const extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

// Without an issuer: self-signed.
inline certificate_ptr new_certificate(std::string const& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                                       std::string const& more_names = {}) {
    static long serial = 1000;
    certificate_ptr out(X509_new());
    must(out != nullptr, "certificate");
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), 86400L);
    X509_set_pubkey(out.get(), key);
    auto* subject = X509_get_subject_name(out.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(out.get(), issuer ? X509_get_subject_name(issuer) : subject);
    add_extension(out.get(), issuer ? issuer : out.get(), NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
    add_extension(out.get(), issuer ? issuer : out.get(), NID_subject_key_identifier, "hash");
    if (!issuer) add_extension(out.get(), out.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    auto const names = "DNS:localhost,IP:127.0.0.1,IP:::1" + (more_names.empty() ? std::string() : "," + more_names);
    if (issuer) add_extension(out.get(), issuer, NID_subject_alt_name, names);
    must(X509_sign(out.get(), issuer_key, EVP_sha256()) > 0, "signature");
    return out;
}

inline file_ptr create(std::string const& path) {
    file_ptr file(std::fopen(path.c_str(), "w"));
    must(file != nullptr, path.c_str());
    return file;
}

}  // namespace detail

// Writes ca.pem, host.pem and host.key into `dir`; `name` is the host certificate's subject, `more_names` are further names it is
// valid for ("DNS:bucket.localhost"). Called again with the same directory, it makes a new authority and a new certificate.
inline test_tls make_test_tls(std::string const& dir, std::string const& name = "localhost", std::string const& more_names = {}) {
    auto const ca_key = detail::new_key();
    auto const ca = detail::new_certificate("Test CA", ca_key.get(), nullptr, ca_key.get());
    auto const host_key = detail::new_key();
    auto const host = detail::new_certificate(name, host_key.get(), ca.get(), ca_key.get(), more_names);
    test_tls const out{dir + "/ca.pem", dir + "/host.pem", dir + "/host.key"};
    detail::must(PEM_write_X509(detail::create(out.ca).get(), ca.get()) == 1, "ca.pem");
    detail::must(PEM_write_X509(detail::create(out.certificate).get(), host.get()) == 1, "host.pem");
    auto const key_file = detail::create(out.key);
    detail::must(PEM_write_PrivateKey(key_file.get(), host_key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "host.key");
    detail::must(::chmod(out.key.c_str(), 0600) == 0, "host.key");  // XRootD refuses keys that others may read
    return out;
}

}  // namespace fjord::test
