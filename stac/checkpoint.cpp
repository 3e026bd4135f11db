#include "stac/checkpoint.hpp"

#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/random.hpp"

#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

namespace fjord::stac {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_name = "fjord-index-2";
constexpr char const* manifest_name = "manifest";
constexpr char const* segment_suffix = ".segment";
constexpr std::uint64_t max_manifest = 512u << 20;

error broken(std::string const& what) { return fail(errc::corrupt, "index checkpoint: " + what); }

std::string crc_of(std::string_view text) {
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "%08x", crc32c(0, std::as_bytes(std::span(text))));
    return buffer;
}

// The bytes of a file, for as long as this lives.
class mapped_file {
public:
    static result<std::shared_ptr<mapped_file const>> open(std::string const& path) {
        unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) return error_from_errno(errno, "cannot open", path);
        struct stat info {};
        if (::fstat(fd.get(), &info) != 0) return error_from_errno(errno, "cannot read", path);
        auto const size = static_cast<std::size_t>(info.st_size);
        if (size == 0) return broken(path + " is empty");
        void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd.get(), 0);
        if (at == MAP_FAILED) return error_from_errno(errno, "cannot map", path);
        auto made = std::make_shared<mapped_file>();
        made->at_ = static_cast<std::byte const*>(at);
        made->size_ = size;
        return std::shared_ptr<mapped_file const>(std::move(made));
    }
    mapped_file() = default;
    mapped_file(mapped_file const&) = delete;
    mapped_file& operator=(mapped_file const&) = delete;
    ~mapped_file() {
        if (at_) ::munmap(const_cast<std::byte*>(at_), size_);
    }
    std::span<std::byte const> bytes() const noexcept { return {at_, size_}; }

private:
    std::byte const* at_ = nullptr;
    std::size_t size_ = 0;
};

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() < 100 && name.ends_with(segment_suffix) &&
           name.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-.") == std::string_view::npos && name[0] != '.';
}

// Rows as the lengths of runs, alternately alive and dead: short when few are dead, and when nearly all are.
json::array runs_of(std::vector<std::uint32_t> const& dead) {
    json::array out;
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < dead.size();) {
        auto j = i + 1;
        while (j < dead.size() && dead[j] == dead[j - 1] + 1) ++j;
        out.push_back(dead[i] - next);
        out.push_back(j - i);
        next = dead[j - 1] + 1;
        i = j;
    }
    return out;
}

bool read_runs(json::array const& runs, std::vector<std::uint32_t>& dead) {
    std::uint64_t row = 0;
    if (runs.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        auto const n = runs[i].if_int64();
        if (!n || *n < 0 || row + static_cast<std::uint64_t>(*n) > segment::max_rows) return false;
        for (std::int64_t k = 0; k < *n; ++k, ++row)
            if (i % 2 == 1) dead.push_back(static_cast<std::uint32_t>(row));
    }
    return true;
}

}  // namespace

std::string checkpoint_manifest::text() const {
    json::array list;
    for (auto const& c : collections) {
        json::array segments_json, tail_json;
        for (auto const& s : c.segments)
            segments_json.push_back(json::object{{"file", s.file}, {"size", s.size}, {"dead", runs_of(s.dead)}});
        for (auto const& id : c.tail) tail_json.emplace_back(id);
        list.push_back(json::object{{"id", c.id.str()}, {"segments", std::move(segments_json)}, {"tail", std::move(tail_json)}});
    }
    auto const body = json::serialize(json::object{{"at", at}, {"mark", mark}, {"collections", std::move(list)}});
    return std::string(format_name) + " " + crc_of(body) + "\n" + body;
}

result<checkpoint_manifest> checkpoint_manifest::parse(std::string_view text) {
    auto const line = text.substr(0, text.find('\n'));
    if (!line.starts_with(format_name)) {
        if (line.starts_with("fjord-index-")) return fail(errc::unsupported, "index checkpoint: written by another release");
        return broken("the manifest is not one");
    }
    if (line.size() == text.size()) return broken("the manifest is cut short");
    auto const body = text.substr(line.size() + 1);
    if (line.substr(format_name.size()) != " " + crc_of(body)) return broken("the manifest's checksum does not match");
    auto const value = parse_json(body, {.max_bytes = max_manifest});
    if (!value) return broken("the manifest is no JSON");
    object_reader in(*value, "manifest");
    checkpoint_manifest out;
    out.at = static_cast<catalog::sequence>(in.integer("at", 0, std::numeric_limits<std::int64_t>::max()));
    out.mark = in.string("mark", "");
    auto const* list = in.member("collections");
    if (!list || !list->is_array()) return broken("the manifest lists no collections");
    if (auto ok = in.done(); !ok) return broken(ok.error().detail);
    for (auto const& entry : list->get_array()) {
        object_reader c(entry, "collection");
        auto& collection = out.collections.emplace_back();
        collection.id = collection_id(c.string("id"));
        auto const* segments = c.member("segments");
        auto const* tail = c.member("tail");
        if (auto ok = c.done(); !ok) return broken(ok.error().detail);
        if (!segments || !segments->is_array() || !tail || !tail->is_array()) return broken("a collection lacks its lists");
        for (auto const& s : segments->get_array()) {
            object_reader r(s, "segment");
            auto& stored = collection.segments.emplace_back();
            stored.file = r.string("file");
            stored.size = static_cast<std::uint64_t>(r.integer("size", 0, std::numeric_limits<std::int64_t>::max()));
            auto const* dead = r.member("dead");
            if (auto ok = r.done(); !ok) return broken(ok.error().detail);
            if (!is_plain_name(stored.file)) return broken("a segment's file name");
            if (!dead || !dead->is_array() || !read_runs(dead->get_array(), stored.dead)) return broken("dead rows");
        }
        for (auto const& id : tail->get_array()) {
            if (!id.is_string()) return broken("an id in a tail");
            collection.tail.emplace_back(id.get_string());
        }
    }
    return out;
}

result<std::string> checkpoint_folder::file_of(std::shared_ptr<segment const> const& s) {
    if (auto const found = files_.find(s.get()); found != files_.end()) return found->second.second;
    auto const name = random_hex(12) + segment_suffix;
    std::string_view const bytes(reinterpret_cast<char const*>(s->bytes().data()), s->bytes().size());
    if (auto ok = write_file_atomically(path_ + "/" + name, bytes); !ok) return ok.error();
    files_[s.get()] = {s, name};
    return name;
}

result<void> checkpoint_folder::save(index_state const& state, std::string const& mark) {
    std::lock_guard const lock(saving_);
    std::error_code ec;
    fs::create_directories(path_, ec);
    if (ec) return fail(errc::denied, "making " + path_ + ": " + ec.message());
    checkpoint_manifest m{.at = state.at, .mark = mark};
    std::set<segment const*> used;
    for (auto const& c : state.collections) {
        auto& stored = m.collections.emplace_back();
        stored.id = c->collection->id;
        for (auto const& s : c->segments) {
            auto file = file_of(s.data);
            if (!file) return file.error();
            used.insert(s.data.get());
            auto& entry = stored.segments.emplace_back();
            entry.file = std::move(*file);
            entry.size = s.data->bytes().size();
            if (s.dead) s.dead->each([&](std::size_t row) { entry.dead.push_back(static_cast<std::uint32_t>(row)); });
        }
        for (auto const& t : c->tail) stored.tail.push_back(t.item->id.str());
    }
    if (auto ok = write_file_atomically(path_ + "/" + manifest_name, m.text()); !ok) return ok;
    std::erase_if(files_, [&](auto const& f) { return !used.contains(f.first); });
    remove_others();
    return {};
}

// Files that no manifest names: of merged segments, and of saves that broke off.
void checkpoint_folder::remove_others() const {
    std::set<std::string> kept{manifest_name};
    for (auto const& [s, file] : files_) kept.insert(file.second);
    std::error_code ec;
    for (auto const& entry : fs::directory_iterator(path_, ec))
        if (!kept.contains(entry.path().filename().string())) fs::remove(entry.path(), ec);
}

result<loaded_checkpoint> checkpoint_folder::load() {
    std::lock_guard const lock(saving_);
    auto const text = read_file(path_ + "/" + manifest_name, max_manifest);
    if (!text) return text.error();
    auto const m = checkpoint_manifest::parse(*text);
    if (!m) return m.error();
    loaded_checkpoint out{.at = m->at, .mark = m->mark};
    for (auto const& c : m->collections) {
        auto& collection = out.collections.emplace_back();
        collection.id = c.id;
        collection.tail = c.tail;
        for (auto const& s : c.segments) {
            auto file = mapped_file::open(path_ + "/" + s.file);
            if (!file) return file.error();
            if ((*file)->bytes().size() != s.size) return broken(s.file + " has another size than the manifest says");
            auto data = segment::open(*file, (*file)->bytes());
            if (!data) return error(data.error().code, s.file + ": " + data.error().detail);
            std::shared_ptr<row_set> dead;
            if (!s.dead.empty()) {
                if (s.dead.back() >= (*data)->rows()) return broken("dead rows of " + s.file);
                dead = std::make_shared<row_set>((*data)->rows());
                for (auto const row : s.dead) dead->add(row);
            }
            files_[data->get()] = {*data, s.file};
            collection.segments.push_back({std::move(*data), std::move(dead)});
        }
    }
    return out;
}

}  // namespace fjord::stac
