#include "base/checksum.hpp"
#include "base/digest.hpp"
#include "base/free_with.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

namespace fjord {

namespace {

// Small enough that all four algorithms read a slice from the second-level cache, large enough to amortise the calls.
constexpr std::size_t slice_size = 64u << 10;

using context_ptr = std::unique_ptr<EVP_MD_CTX, free_with<EVP_MD_CTX_free>>;

// EVP calls on a fresh context with a built-in algorithm fail for want of memory only.
context_ptr start(EVP_MD const* algorithm) {
    context_ptr context(EVP_MD_CTX_new());
    if (!context || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1) throw std::bad_alloc();
    return context;
}

digest finish_evp(EVP_MD_CTX* context, digest_algorithm a) {
    std::array<std::byte, EVP_MAX_MD_SIZE> out;
    unsigned size = 0;
    EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), &size);
    return digest::from_bytes(a, std::span(out).first(size)).value();
}

digest from_number(digest_algorithm a, std::uint32_t value) {
    std::array<std::byte, 4> const bytes{static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16),
                                         static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
    return digest::from_bytes(a, bytes).value();
}

}  // namespace

struct digester::impl {
    context_ptr sha256;  // null: not wanted
    context_ptr md5;
    std::optional<std::uint32_t> adler;
    std::optional<std::uint32_t> crc;
    std::uint64_t size = 0;

    void want(digest_algorithm a) {
        switch (a) {
            case digest_algorithm::sha256:
                sha256 = start(EVP_sha256());
                break;
            case digest_algorithm::md5:
                md5 = start(EVP_md5());
                break;
            case digest_algorithm::adler32:
                adler = 1;
                break;
            case digest_algorithm::crc32c:
                crc = 0;
                break;
        }
    }

    void take(std::span<std::byte const> slice) {
        if (sha256) EVP_DigestUpdate(sha256.get(), slice.data(), slice.size());
        if (md5) EVP_DigestUpdate(md5.get(), slice.data(), slice.size());
        if (adler) adler = adler32(*adler, slice);
        if (crc) crc = crc32c(*crc, slice);
        size += slice.size();
    }
};

digester::digester()
    : digester({digest_algorithm::sha256, digest_algorithm::md5, digest_algorithm::adler32, digest_algorithm::crc32c}) {}
digester::digester(std::initializer_list<digest_algorithm> wanted)
    : digester(std::span<digest_algorithm const>(wanted.begin(), wanted.size())) {}
digester::digester(std::span<digest_algorithm const> wanted) : impl_(std::make_unique<impl>()) {
    for (auto a : wanted) impl_->want(a);
}
digester::~digester() = default;
digester::digester(digester&&) noexcept = default;
digester& digester::operator=(digester&&) noexcept = default;

void digester::update(std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
        auto const n = std::min(bytes.size(), slice_size);
        impl_->take(bytes.first(n));
        bytes = bytes.subspan(n);
    }
}

void digester::update(std::string_view bytes) { update(std::as_bytes(std::span(bytes.data(), bytes.size()))); }

std::uint64_t digester::size() const noexcept { return impl_->size; }

digest_set digester::finish() {
    digest_set out;
    if (impl_->sha256) out.sha256 = finish_evp(impl_->sha256.get(), digest_algorithm::sha256);
    if (impl_->md5) out.md5 = finish_evp(impl_->md5.get(), digest_algorithm::md5);
    if (impl_->adler) out.adler32 = from_number(digest_algorithm::adler32, *impl_->adler);
    if (impl_->crc) out.crc32c = from_number(digest_algorithm::crc32c, *impl_->crc);
    return out;
}

digest sha256_of(std::string_view bytes) {
    auto context = start(EVP_sha256());
    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
    return finish_evp(context.get(), digest_algorithm::sha256);
}

}  // namespace fjord
