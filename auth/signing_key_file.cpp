#include "auth/signing_key_file.hpp"

#include "base/json.hpp"
#include "base/log.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/file.h>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr std::int64_t last_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

error broken(std::string const& file, std::string_view why) {
    return fail(fjord::errc::invalid_argument, "signing keys " + file + ": " + std::string(why));
}

result<stored_key> read_one(json::value const& value, std::string const& file) {
    object_reader in(value, "signing keys " + file);
    stored_key out;
    out.when.kid = in.string("kid");
    auto const created = parse_rfc3339(in.string("created"));
    auto const use_from = parse_rfc3339(in.string("use_from"));
    out.when.token_life = seconds{in.integer("token_life", 0, last_second)};
    auto const pem = in.string("pem");
    if (auto ok = in.done(); !ok) return ok.error();
    if (!created || !use_from) return broken(file, "created or use_from is not a time");
    out.when.created = *created;
    out.when.use_from = *use_from;
    auto key = signing_key::from_pem(pem, file);
    if (!key) return key.error();
    if ((*key)->kid() != out.when.kid) return broken(file, "key " + out.when.kid + " does not have that thumbprint");
    out.key = std::move(*key);
    return out;
}

}  // namespace

result<std::vector<stored_key>> parse_key_file(std::string_view text, std::string const& file) {
    auto document = parse_json(text, {max_key_file_bytes, 8});
    if (!document) return broken(file, document.error().message());
    object_reader in(*document, "signing keys " + file);
    in.integer("version", 1, 1);
    auto const* keys = in.member("keys");
    if (auto ok = in.done(); !ok) return ok.error();
    if (!keys || !keys->is_array()) return broken(file, "keys must be a list");
    std::vector<stored_key> out;
    std::set<std::string> seen;
    for (auto const& value : keys->get_array()) {
        auto one = read_one(value, file);
        if (!one) return one.error();
        if (!seen.insert(one->when.kid).second) return broken(file, "key " + one->when.kid + " is there twice");
        out.push_back(std::move(*one));
    }
    return out;
}

result<secret> render_key_file(std::vector<stored_key> const& keys) {
    json::array rows;
    for (auto const& k : keys) {
        auto pem = k.key->pem();
        if (!pem) return pem.error();
        json::object row{{"kid", k.when.kid}, {"created", format_rfc3339(k.when.created)}};
        row["use_from"] = format_rfc3339(k.when.use_from);
        row["token_life"] = k.when.token_life.count();
        row["pem"] = pem->reveal();
        rows.push_back(std::move(row));
    }
    json::object document{{"version", 1}};
    document["keys"] = std::move(rows);
    return secret(json::serialize(document) + "\n");
}

result<unique_fd> lock_key_file(std::string const& file) {
    auto const path = file + ".lock";
    unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return error_from_errno(errno, "opening", path);
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) return error_from_errno(errno, "locking", path);
    return fd;
}

result<std::shared_ptr<signing_key const>> read_or_make_pem(std::string const& file) {
    auto const kept = read_file(file, 64u << 10);
    if (kept) return signing_key::from_pem(*kept, file);
    if (kept.error().code != fjord::errc::not_found) return broken(file, kept.error().message());
    auto key = signing_key::generate(algorithm::es256);
    if (!key) return key.error();
    auto const pem = (*key)->pem();
    if (!pem) return pem.error();
    if (auto ok = write_file_atomically(file, pem->reveal(), 0600); !ok)
        return broken(file, "cannot be written: " + ok.error().message());
    log.info("signing key created", {{"file", file}, {"kid", (*key)->kid()}});
    return key;
}

}  // namespace fjord::auth
