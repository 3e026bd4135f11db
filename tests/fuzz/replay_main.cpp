// Runs a libFuzzer target without libFuzzer: every file of the folders given, then a fixed number of mutations of each.
// The same seeds give the same inputs on every machine, so a failure can be repeated; a crash or a sanitizer report is the
// failure. Usage: fuzz_x FOLDER|FILE...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

constexpr std::size_t mutations_per_seed = 3000;
constexpr std::size_t max_size = 1u << 16;  // grown inputs are cut here

std::vector<std::string> read_seeds(std::vector<std::filesystem::path> const& roots) {
    std::vector<std::filesystem::path> files;
    for (auto const& root : roots) {
        if (std::filesystem::is_regular_file(root)) files.push_back(root);
        if (!std::filesystem::is_directory(root)) continue;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(root)) {
            if (entry.is_regular_file()) files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> seeds;
    for (auto const& file : files) {
        std::ifstream in(file, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return seeds;
}

class mutator {
public:
    explicit mutator(std::vector<std::string> const& seeds) : seeds_(seeds) {}

    // One to eight small changes of the seed.
    std::string operator()(std::string const& seed) {
        std::string input = seed;
        for (auto n = 1 + below(8); n > 0; --n) change(input);
        input.resize(std::min(input.size(), max_size));
        return input;
    }

private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
    char any_byte() {
        // Half of the time a byte that means something to parsers.
        static constexpr char telling[] = "\0\x01\x7f\x80\xff\"\\/%.:;,=-+{}[]()<> \t\r\n0919aAfFzZ";
        return static_cast<char>(below(2) == 0 ? telling[below(sizeof telling - 1)] : static_cast<char>(below(256)));
    }

    void change(std::string& s) {
        auto const at = below(s.size());
        switch (below(7)) {
            case 0:
                s.insert(s.begin() + static_cast<std::ptrdiff_t>(at), any_byte());
                break;
            case 1:
                s.erase(at, 1 + below(8));
                break;
            case 2:
                s.insert(at, s.substr(below(s.size()), below(32)));
                break;
            case 3:
                s.resize(at);
                break;
            case 4:
                splice(s, at);
                break;
            case 5:
                flip(s, at);
                break;
            default:
                overwrite(s, at);
                break;
        }
    }

    void flip(std::string& s, std::size_t at) {
        if (!s.empty()) s[at] = static_cast<char>(s[at] ^ (1 << below(8)));
    }
    void overwrite(std::string& s, std::size_t at) {
        if (!s.empty()) s[at] = any_byte();
    }
    void splice(std::string& s, std::size_t at) {
        auto const& other = seeds_[below(seeds_.size())];
        s.replace(at, below(16), other.substr(below(other.size()), below(64)));
    }

    std::vector<std::string> const& seeds_;
    std::mt19937 random_{20261121};
};

void feed(std::string const& input) {
    // An exact copy on the heap, so that the address sanitizer sees a read past the end.
    std::vector<std::uint8_t> const bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
    auto seeds = read_seeds({argv + 1, argv + argc});
    std::printf("%zu seeds\n", seeds.size());
    seeds.emplace_back();  // the empty input, and what grows from it
    mutator mutate(seeds);
    std::size_t count = 0;
    for (auto const& seed : seeds) {
        feed(seed);
        for (std::size_t i = 0; i < mutations_per_seed; ++i) feed(mutate(seed));
        count += 1 + mutations_per_seed;
    }
    std::printf("%zu inputs done\n", count);
    return 0;
}
