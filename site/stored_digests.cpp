#include "site/stored_digests.hpp"

#include "site/acting.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

namespace fjord::site {

namespace {

constexpr std::size_t slice = 8u << 20;
constexpr std::size_t max_record = 512;
constexpr std::array all_algorithms{digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c,
                                    digest_algorithm::md5};

std::string_view next_word(std::string_view& text) {
    auto const blank = text.find(' ');
    auto const word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    return word;
}

struct digest_run {
    std::shared_ptr<unique_fd> fd;
    file_facts facts;
    digester digests;
    std::string buffer;
};

// Up to one slice further; true at the end.
result<bool> digest_slice(digest_run& run) {
    run.buffer.resize(std::size_t{1} << 20);
    for (std::size_t done = 0; done < slice;) {
        auto const at = static_cast<off_t>(run.digests.size());
        auto const got = ::pread(run.fd->get(), run.buffer.data(), run.buffer.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "read a file to compute its digest");
        if (got == 0) return true;
        run.digests.update(std::string_view(run.buffer.data(), static_cast<std::size_t>(got)));
        done += static_cast<std::size_t>(got);
    }
    return false;
}

result<digest_set> finish_run(digest_run& run) {
    struct stat st {};
    if (::fstat(run.fd->get(), &st) != 0) return error_from_errno(errno, "look at a file to compute its digest");
    auto const now = facts_of(st);
    if (now.size != run.facts.size || now.modified_ns != run.facts.modified_ns || run.digests.size() != now.size)
        return fail(errc::conflict, "the file changed while its digest was computed; ask again");
    auto digests = run.digests.finish();
    store_digests(run.fd->get(), run.facts, digests);
    return digests;
}

}  // namespace

std::string write_digest_record(file_facts const& facts, digest_set const& digests) {
    auto text = "1 " + std::to_string(facts.size) + " " + std::to_string(facts.modified_ns);
    for (auto const a : all_algorithms)
        if (auto const& d = digests.get(a)) text += " " + d->text();
    return text;
}

std::optional<digest_set> read_digest_record(std::string_view text, file_facts const& facts) {
    if (next_word(text) != "1" || next_word(text) != std::to_string(facts.size)) return std::nullopt;
    if (next_word(text) != std::to_string(facts.modified_ns)) return std::nullopt;
    digest_set found;
    while (!text.empty()) {
        auto parsed = digest::from_text(next_word(text));
        if (!parsed) return std::nullopt;
        found.set(std::move(*parsed));
    }
    if (found.empty()) return std::nullopt;
    return found;
}

std::optional<digest_set> stored_digests(int fd, file_facts const& facts) {
    std::array<char, max_record> text{};
    auto const got = ::fgetxattr(fd, digest_attribute, text.data(), text.size());
    if (got <= 0) return std::nullopt;
    return read_digest_record({text.data(), static_cast<std::size_t>(got)}, facts);
}

bool store_digests(int fd, file_facts const& facts, digest_set const& digests) noexcept {
    auto const text = write_digest_record(facts, digests);
    return ::fsetxattr(fd, digest_attribute, text.data(), text.size(), 0) == 0;
}

boost::asio::awaitable<result<digest_set>> compute_digests(blocking_pool& pool, std::shared_ptr<unique_fd> fd, file_facts facts,
                                                           account_ptr who) {
    auto run = std::make_shared<digest_run>();
    run->fd = std::move(fd);
    run->facts = facts;
    for (;;) {
        // Slice by slice, so that one huge file does not hold a pool thread for minutes.
        auto step = [run] { return digest_slice(*run); };
        auto at_end = co_await on_pool(pool, std::move(step));
        if (!at_end) co_return at_end.error();
        if (*at_end) break;
    }
    auto finish = [run, who] {
        auto const as_owner = [&run] { return finish_run(*run); };
        return act_as(who.get(), as_owner);
    };
    co_return co_await on_pool(pool, std::move(finish));
}

std::string entity_tag(file_facts const& facts, std::optional<digest_set> const& digests) {
    if (digests && digests->sha256) return '"' + digests->sha256->hex() + '"';
    std::array<char, 64> text{};
    auto const length =
        std::snprintf(text.data(), text.size(), "\"m-%llx-%llx-%llx\"", static_cast<unsigned long long>(facts.inode),
                      static_cast<unsigned long long>(facts.size), static_cast<unsigned long long>(facts.modified_ns));
    return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace fjord::site
