#include "tests/unit/transfer/fake_sites.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::transfer::test {

namespace asio = boost::asio;

namespace {

std::string const base = "https://";

// "https://site-a.test/x/y" -> {"site-a", "x/y"}
std::pair<std::string, std::string> split_url(std::string const& url) {
    auto host_end = url.find('/', base.size());
    auto host = url.substr(base.size(), host_end - base.size());
    return {host.substr(0, host.find('.')), url.substr(host_end + 1)};
}

bool is_parent(std::string const& folder, std::string const& path) { return path.starts_with(folder + "/"); }

asio::awaitable<void> wait(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

class fake_driver final : public storage::driver {
public:
    fake_driver(fake_sites& world, std::string id) : world_(world), id_(std::move(id)) {}

    asio::awaitable<result<storage::stat_info>> stat(storage::call c, std::string path) override {
        site().tokens["stat"] = c.token.reveal();
        if (auto ok = check(id_, c.token, {{"storage.read", path}}); !ok) co_return ok.error();
        auto file = site().files.find(path);
        if (file == site().files.end()) co_return fail(errc::not_found, "404");
        storage::stat_info info;
        info.size = file->second.size();
        co_return info;
    }
    asio::awaitable<result<void>> read(storage::call c, std::string path, std::optional<byte_span>,
                                       storage::byte_sink sink) override {
        if (auto ok = check(id_, c.token, {{"storage.read", path}}); !ok) co_return ok.error();
        auto file = site().files.find(path);
        if (file == site().files.end()) co_return fail(errc::not_found, "404");
        auto bytes = file->second;
        co_return co_await sink(bytes);
    }
    asio::awaitable<result<void>> write(storage::call, std::string, std::uint64_t, storage::byte_source, bool) override {
        co_return fail(errc::unsupported, "the engine never writes through the broker");
    }
    asio::awaitable<result<void>> make_directory(storage::call c, std::string path) override {
        site().tokens["mkcol"] = c.token.reveal();
        if (auto ok = check(id_, c.token, {{"storage.create", path}}); !ok) co_return ok.error();
        for (auto end = path.find('/');; end = path.find('/', end + 1)) {
            site().folders.insert(path.substr(0, end));
            if (end == std::string::npos) break;
        }
        co_return result<void>();
    }
    asio::awaitable<result<std::vector<storage::entry>>> list(storage::call c, std::string path) override {
        if (auto ok = check(id_, c.token, {{"storage.read", path}}); !ok) co_return ok.error();
        if (!site().folders.contains(path)) co_return fail(errc::not_found, "404");
        std::vector<storage::entry> out;
        for (auto const& [name, bytes] : site().files)
            if (is_parent(path, name)) out.push_back({name.substr(path.size() + 1), {bytes.size()}});
        co_return out;
    }
    asio::awaitable<result<void>> remove(storage::call c, std::string path) override {
        site().tokens["remove"] = c.token.reveal();
        std::vector<std::pair<std::string, std::string>> needs{{"storage.modify", path}};
        if (site().delete_needs_read) needs.emplace_back("storage.read", path);
        if (auto ok = check(id_, c.token, needs); !ok) co_return ok.error();
        if (site().files.erase(path) == 0) co_return fail(errc::not_found, "404");
        co_return result<void>();
    }
    asio::awaitable<result<void>> rename(storage::call c, std::string from, std::string to) override {
        step("rename");
        site().tokens["rename"] = c.token.reveal();
        std::string const verb = site().move_needs_modify ? "storage.modify" : "storage.create";
        if (auto ok = check(id_, c.token, {{verb, from}, {verb, to}, {"storage.read", to}}); !ok) co_return ok.error();
        if (site().files.contains(to)) co_return fail(errc::already_exists, "the target exists");
        if (!site().makes_folders && !has_folder(site(), to)) co_return fail(errc::conflict, "409: no parent folder");
        auto file = site().files.extract(from);
        if (file.empty()) co_return fail(errc::not_found, "404");
        file.key() = to;
        site().files.insert(std::move(file));
        co_return result<void>();
    }
    asio::awaitable<result<digest>> checksum(storage::call c, std::string path, std::vector<digest_algorithm> wanted) override {
        if (auto ok = check(id_, c.token, {{"storage.read", path}}); !ok) co_return ok.error();
        auto file = site().files.find(path);
        if (file == site().files.end()) co_return fail(errc::not_found, "404");
        digester d;
        d.update(std::string_view(file->second));
        auto known = d.finish();
        for (auto a : wanted)
            if (site().checksums.contains(a)) co_return *known.get(a);
        co_return fail(errc::unsupported, "no such digest");
    }
    asio::awaitable<result<void>> third_party_copy(storage::call c, storage::third_party_request rq) override {
        step("copy");
        auto mode = rq.mode == storage::copy_mode::pull ? "pull" : "push";
        auto [remote, remote_path] = split_url(rq.remote_url);
        bool pull = rq.mode == storage::copy_mode::pull;
        auto target_id = pull ? id_ : remote, target_path = pull ? rq.local_path : remote_path;
        auto source_id = pull ? remote : id_, source_path = pull ? remote_path : rq.local_path;
        if (auto ok = check(target_id, pull ? c.token : rq.remote_token, {{"storage.create", target_path}}); !ok)
            co_return ok.error();
        if (auto ok = check(source_id, pull ? rq.remote_token : c.token, {{"storage.read", source_path}}); !ok)
            co_return ok.error();
        if (site().unsupported.contains(mode)) co_return fail(errc::unsupported, std::string("501 ") + mode);
        auto& target = world_.at(target_id);
        struct running {
            fake_site& site;
            explicit running(fake_site& s) : site(s) { site.most_running = std::max(site.most_running, ++site.running); }
            ~running() { --site.running; }
        } guard(target);
        ++target.copies;
        target.last_mode = mode;
        co_return co_await copy_bytes(target, target_path, world_.at(source_id), source_path, std::move(rq.on_progress));
    }

private:
    static bool has_folder(fake_site const& s, std::string const& path) {
        return s.folders.contains(path.substr(0, path.rfind('/')));
    }

    asio::awaitable<result<void>> copy_bytes(fake_site& target, std::string path, fake_site& source, std::string from,
                                             std::function<void(storage::copy_progress const&)> tell) {
        if (!target.makes_folders && !has_folder(target, path)) co_return fail(errc::not_found, "400: no such file or directory");
        if (target.files.contains(path)) co_return fail(errc::already_exists, "412");
        if (target.refuse > 0) {
            --target.refuse;
            target.files[path] = "";
            co_return target.refusal;
        }
        auto file = source.files.find(from);
        if (source.offline) co_return fail(errc::unavailable, "failure: couldn't connect to server");
        if (file == source.files.end()) co_return fail(errc::not_found, "failure: remote side failed with status code 404");
        auto bytes = file->second;
        if (target.stall) {
            target.files[path] = bytes.substr(0, bytes.size() / 2);
            if (tell) tell({bytes.size() / 2, {}});
            co_await wait(std::chrono::hours(1));
        }
        if (target.copy_time.count() > 0) {
            target.files[path] = bytes.substr(0, bytes.size() / 2);
            co_await wait(target.copy_time);
        }
        if (target.lie > 0) {
            --target.lie;
            target.files.erase(path);
            co_return result<void>();
        }
        if (target.lie_empty > 0) {
            --target.lie_empty;
            bytes.clear();
        }
        if (target.spoil > 0 && !bytes.empty()) {
            --target.spoil;
            bytes.front() ^= 1;
        }
        target.files[path] = bytes;
        if (tell) tell({bytes.size(), {}});
        co_return result<void>();
    }

    fake_site& site() { return world_.at(id_); }
    void step(std::string const& what) {
        if (world_.on_step) world_.on_step(what + " " + id_);
    }

    // The token is "site|verb:path verb:path": exactly these paths.
    result<void> check(std::string const& id, secret const& token,
                       std::vector<std::pair<std::string, std::string>> const& needs) {
        if (world_.at(id).offline) return fail(errc::unavailable, "cannot connect to " + id);
        auto text = token.reveal() + " ";
        if (!text.starts_with(id + "|")) return fail(errc::denied, "a token for another site");
        for (auto const& [verb, path] : needs)
            if (text.find(verb + ":/" + path + " ") == std::string::npos)
                return fail(errc::denied, "403: no " + verb + " on " + path);
        return {};
    }

    fake_sites& world_;
    std::string id_;
};

result<std::shared_ptr<storage::driver>> fake_sites::driver(catalog::site_record const& site) {
    return std::make_shared<fake_driver>(*this, site.id.str());
}

secret fake_sites::token(catalog::site_record const& site, std::vector<grant> const& grants) {
    std::string text = site.id.str() + "|";
    for (auto const& g : grants) text += std::string(text.back() == '|' ? "" : " ") + std::string(g.verb) + ":/" + g.path;
    return secret(text);
}

std::size_t fake_sites::staged() const {
    std::size_t out = 0;
    for (auto const& [id, site] : sites_)
        for (auto const& [path, bytes] : site.files) out += path.find(".fjord-staging/") == 0 || path.find("fed/.in/") == 0;
    return out;
}

}  // namespace fjord::transfer::test
