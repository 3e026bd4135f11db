#include "cli/login/login_store.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fjord::cli {
namespace {

constexpr std::size_t max_login_bytes = 256u << 10;

std::string from_environment(char const* name) {
    auto const* value = std::getenv(name);
    return value ? value : "";
}

result<wall_time> time_of(object_reader& in, std::string_view name) { return parse_rfc3339(in.string(name)); }

}  // namespace

bool wants_renewal(login_record const& r, wall_time now) {
    auto const left = r.expires - now;
    return left < std::min<milliseconds>(seconds{60}, (r.expires - r.issued) / 4);
}

result<login_record> parse_login(std::string_view text, std::string const& file) {
    auto value = parse_json(text, {max_login_bytes, 8});
    if (!value) return fail(errc::invalid_argument, file + ": " + value.error().message());
    object_reader in(*value, file);
    login_record r;
    r.broker = in.string("broker");
    r.issuer = in.string("issuer");
    auto const since = time_of(in, "since");
    r.by_agent = in.boolean("by_agent", false);
    r.account = in.string("account", "");
    r.client_id = in.string("client_id", "");
    r.client_secret_file = in.string("client_secret_file", "");
    r.scope = in.string("scope", "");
    r.audience = in.string("audience", "");
    r.ca = in.string("ca", "");
    r.token_endpoint = in.string("token_endpoint", "");
    r.revocation_endpoint = in.string("revocation_endpoint", "");
    r.access = secret(in.string("access_token", ""));
    r.refresh = secret(in.string("refresh_token", ""));
    result<wall_time> issued = wall_time{}, expires = wall_time{};
    if (!r.by_agent) issued = time_of(in, "issued"), expires = time_of(in, "expires");
    auto const refresh_expires = in.optional_string("refresh_expires");
    if (auto ok = in.done(); !ok) return ok.error();
    if (!since || !issued || !expires || (!r.by_agent && r.access.empty()))
        return fail(errc::invalid_argument, file + " is damaged; log in again with: fjord login");
    r.since = *since, r.issued = *issued, r.expires = *expires;
    if (refresh_expires)
        if (auto t = parse_rfc3339(*refresh_expires)) r.refresh_expires = *t;
    return r;
}

secret render_login(login_record const& r) {
    json::object o{{"broker", r.broker}, {"issuer", r.issuer}, {"since", format_rfc3339(r.since)}};
    if (r.by_agent) {
        o["by_agent"] = true;
        if (!r.account.empty()) o["account"] = r.account;
        return secret(json::serialize(o) + "\n");
    }
    for (auto const& [name, value] : {std::pair<char const*, std::string const*>{"client_id", &r.client_id},
                                      {"client_secret_file", &r.client_secret_file},
                                      {"scope", &r.scope},
                                      {"audience", &r.audience},
                                      {"ca", &r.ca},
                                      {"token_endpoint", &r.token_endpoint},
                                      {"revocation_endpoint", &r.revocation_endpoint}})
        if (!value->empty()) o[name] = *value;
    o["access_token"] = r.access.reveal();
    if (!r.refresh.empty()) o["refresh_token"] = r.refresh.reveal();
    o["issued"] = format_rfc3339(r.issued);
    o["expires"] = format_rfc3339(r.expires);
    if (r.refresh_expires) o["refresh_expires"] = format_rfc3339(*r.refresh_expires);
    return secret(json::serialize(o) + "\n");
}

std::string login_store::folder() {
    auto home = from_environment("XDG_STATE_HOME");
    if (home.empty() && !from_environment("HOME").empty()) home = from_environment("HOME") + "/.local/state";
    return home.empty() ? home : home + "/fjord/logins";
}

login_store::login_store(std::string const& broker) {
    if (auto const where = folder(); !where.empty() && !broker.empty())
        file_ = where + "/" + sha256_of(broker).hex().substr(0, 32) + ".json";
}

result<std::optional<login_record>> login_store::read() const {
    if (file_.empty()) return std::optional<login_record>();
    struct stat st {};
    if (::stat(file_.c_str(), &st) != 0) return std::optional<login_record>();
    if ((st.st_mode & 077) != 0 || st.st_uid != geteuid())
        return fail(errc::denied, file_ +
                                      " can be read by others or is not yours: its tokens may be known to them. Run: fjord "
                                      "logout, then fjord login");
    auto text = read_file(file_, max_login_bytes);
    if (!text) return text.error();
    auto r = parse_login(*text, file_);
    if (!r) return r.error();
    return std::optional<login_record>(std::move(*r));
}

result<void> login_store::write(login_record const& r) const {
    if (file_.empty()) return fail(errc::invalid_argument, "no place to keep a login: set HOME or XDG_STATE_HOME");
    std::error_code ec;
    auto const where = std::filesystem::path(file_).parent_path();
    std::filesystem::create_directories(where, ec);
    if (!ec) std::filesystem::permissions(where, std::filesystem::perms::owner_all, ec);
    if (ec) return fail(errc::denied, "making " + where.string() + ": " + ec.message());
    return write_file_atomically(file_, render_login(r).reveal(), 0600);
}

result<void> login_store::remove() const {
    if (file_.empty() || ::unlink(file_.c_str()) == 0 || errno == ENOENT) return {};
    return error_from_errno(errno, "removing", file_);
}

result<unique_fd> login_store::lock() const {
    auto const path = file_ + ".lock";
    unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return error_from_errno(errno, "opening", path);
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) return error_from_errno(errno, "locking", path);
    return fd;
}

}  // namespace fjord::cli
