// Manifests of trees from strangers: what is accepted is sorted, has paths that stay inside, and prints as a line that reads
// alike.
#include "broker/tree_manifest.hpp"

#include "base/line_framer.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    line_framer lines(broker::tree_manifest::longest_line);
    lines.put({reinterpret_cast<char const*>(data), size});
    lines.finish();
    auto const batch = lines.take();
    broker::tree_manifest manifest, again;
    std::string last;
    for (auto const& l : batch.lines) {
        auto const m = manifest.read(batch.of(l));
        if (!m) continue;
        if (m->path.empty() || m->path.front() == '/' || (!last.empty() && m->path <= last)) std::abort();
        if (("/" + m->path + "/").find("/../") != std::string::npos) std::abort();
        last = m->path;
        auto text = broker::manifest_line(*m);
        text.pop_back();
        auto const same = again.read(text);
        if (!same || same->path != m->path || same->size != m->size || same->id != m->id) std::abort();
    }
    if (manifest.members() != again.members() || manifest.finish() != again.finish()) std::abort();
    return 0;
}
