#include "transfer/verify.hpp"

#include <algorithm>
#include <memory>

namespace fjord::transfer {

namespace {

constexpr std::chrono::seconds stat_time{30};
constexpr std::chrono::seconds checksum_time{60};
constexpr std::uint64_t slowest_checksum = 10u << 20;  // bytes per second a site must reach when it hashes
constexpr std::uint64_t slowest_read = 1u << 20;
constexpr std::size_t hash_block = 1u << 20;  // hashed on the pool in pieces of this size

// Collects what is read and hashes it in blocks off the loop.
class read_back_hasher {
public:
    explicit read_back_hasher(blocking_pool& pool) : pool_(pool) {}

    asio::awaitable<result<void>> take(std::string_view bytes) {
        pending_.append(bytes);
        if (pending_.size() < hash_block) co_return result<void>();
        auto work = [this]() -> result<void> {
            digester_.update(pending_);
            pending_.clear();
            return {};
        };
        co_return co_await on_pool(pool_, std::move(work));
    }

    digest_set finish() {
        digester_.update(pending_);
        return digester_.finish();
    }
    std::uint64_t size() const noexcept { return digester_.size() + pending_.size(); }

private:
    blocking_pool& pool_;
    digester digester_;
    std::string pending_;
};

error other_bytes(std::string const& site, std::string const& path, std::string const& what) {
    return fail(errc::corrupt, site + " holds other bytes than expected at " + path + ": " + what);
}

result<void> judge(std::string const& site, std::string const& path, digest_set const& found, digest_set const& known) {
    if (compare(found, known) == digest_match::equal) return {};
    for (auto a : worth_asking(known))
        if (auto const& got = found.get(a); got && !(*got == *known.get(a)))
            return other_bytes(site, path, got->text() + " instead of " + known.get(a)->text());
    return fail(errc::corrupt, "the content at " + site + " cannot be verified: no digest of it is known in common");
}

asio::awaitable<result<void>> verify_by_reading(verify_context c, secret token, std::string path,
                                                catalog::asset_version version) {
    auto hasher = std::make_shared<read_back_hasher>(c.pool);
    storage::byte_sink sink = [hasher](std::string_view bytes) { return hasher->take(bytes); };
    storage::call call{token, due_after(c.time, checksum_time, version.size, slowest_read)};
    auto read = co_await c.driver.read(std::move(call), path, std::nullopt, std::move(sink));
    if (!read) co_return read.error();
    if (hasher->size() != version.size)
        co_return other_bytes(c.site, path, std::to_string(hasher->size()) + " of " + std::to_string(version.size) + " bytes");
    co_return judge(c.site, path, hasher->finish(), version.digests);
}

}  // namespace

std::vector<digest_algorithm> worth_asking(digest_set const& known) {
    std::vector<digest_algorithm> out;
    for (auto a : {digest_algorithm::sha256, digest_algorithm::crc32c, digest_algorithm::adler32, digest_algorithm::md5})
        if (known.get(a)) out.push_back(a);
    return out;
}

steady_time due_after(clock& time, std::chrono::seconds base, std::uint64_t size, std::uint64_t bytes_per_second) {
    return time.steady() + base + std::chrono::seconds(size / bytes_per_second);
}

asio::awaitable<result<void>> verify_file(verify_context c, secret token, std::string path, catalog::asset_version version) {
    if (!version.digests.sha256 && version.id.algorithm() == digest_algorithm::sha256) version.digests.sha256 = version.id;
    storage::call ask{token, due_after(c.time, stat_time)};
    auto stat = co_await c.driver.stat(ask, path);
    if (!stat && stat.error().code == errc::not_found) co_return fail(errc::corrupt, c.site + " has no file at " + path);
    if (!stat) co_return stat.error();
    if (stat->directory || stat->size != version.size)
        co_return other_bytes(c.site, path, std::to_string(stat->size) + " of " + std::to_string(version.size) + " bytes");
    if (!c.read_back) {
        ask.deadline = due_after(c.time, checksum_time, version.size, slowest_checksum);
        auto wanted = worth_asking(version.digests);
        auto tells = [&c](digest_algorithm a) {
            return !c.told || std::find(c.told->begin(), c.told->end(), a) != c.told->end();
        };
        std::erase_if(wanted, [&](digest_algorithm a) { return !tells(a); });
        if (!wanted.empty()) {
            auto told = co_await c.driver.checksum(ask, path, std::move(wanted));
            if (!told && told.error().code != errc::unsupported) co_return told.error();
            if (told && version.digests.get(told->algorithm())) {
                digest_set found;
                found.set(*told);
                co_return judge(c.site, path, found, version.digests);
            }
        }
    }
    co_return co_await verify_by_reading(c, std::move(token), std::move(path), std::move(version));
}

}  // namespace fjord::transfer
