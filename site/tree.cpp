#include "site/tree.hpp"

#include "site/listing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace fjord::site {

namespace {

constexpr std::size_t max_depth = 256;

class remover {
public:
    remover(root_directory const& root, std::size_t budget) : root_(root), budget_(budget) {}

    // Gives back whether the directory is gone.
    result<bool> directory(path_segments const& path) {
        if (path.size() > max_depth)
            return fail(errc::limit_exceeded, path_text(path) + " lies too deep to be removed with its parent");
        auto emptied = content(path);
        if (!emptied || !*emptied) return emptied;
        if (budget_ == 0) return false;
        --budget_;
        auto removed = root_.remove(path);
        if (removed || removed.error().code == errc::not_found) return true;
        if (removed.error().code == errc::conflict)
            return fail(errc::conflict,
                        path_text(path) + " holds something that this door does not serve, or somebody wrote to it meanwhile");
        return removed.error();
    }

private:
    result<bool> content(path_segments const& path) {
        auto opened = root_.open_existing(path);
        if (!opened) {
            if (opened.error().code == errc::not_found) return true;
            return opened.error();
        }
        if (opened->facts.state != object_state::directory)
            return fail(errc::conflict, path_text(path) + " is no directory any more");
        auto reader = directory_reader::open(opened->fd.get(), false);
        if (!reader) return reader.error();
        for (;;) {
            auto batch = reader->next(256);
            if (!batch) return batch.error();
            if (batch->empty()) return true;
            for (auto& entry : *batch) {
                if (budget_ == 0) return false;
                auto gone = entry.facts.state == object_state::directory ? directory(below(path, entry.name))
                                                                         : file(opened->fd.get(), below(path, entry.name));
                if (!gone || !*gone) return gone;
            }
        }
    }

    result<bool> file(int directory, path_segments const& path) {
        --budget_;
        if (::unlinkat(directory, path.back().c_str(), 0) == 0 || errno == ENOENT) return true;
        return error_from_errno(errno, "remove", path_text(path));
    }

    static path_segments below(path_segments path, std::string const& name) {
        path.push_back(name);
        return path;
    }

    root_directory const& root_;
    std::size_t budget_;
};

}  // namespace

result<bool> remove_some(root_directory const& root, path_segments const& path, std::size_t budget) {
    return remover(root, budget).directory(path);
}

}  // namespace fjord::site
