// Items that are STAC already, one per line, many at a time: NDJSON, text sequences (RFC 8142), and what raster2stac writes as
// inline_items.csv, which is NDJSON under another name.
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "base/dataset_uri.hpp"
#include "base/line_framer.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <sys/stat.h>

namespace fjord::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 4u << 20;    // sent at once, and acknowledged before the next
constexpr std::size_t longest_line = 16u << 20;  // of the broker

struct tally {
    std::uint64_t created = 0, updated = 0, unchanged = 0, refused = 0;
};

// The broker's answer to one piece; `lines` gives the numbers of its lines in the file.
result<void> take_results(std::string const& file, std::string const& text, std::vector<std::uint64_t> const& numbers,
                          tally& sum) {
    bool done = false;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = std::min(text.find('\n', at), text.size());
        auto const parsed = parse_json(std::string_view(text).substr(at, end - at));
        at = end + 1;
        auto const* result = parsed ? parsed->if_object() : nullptr;
        if (!result) return fail(errc::corrupt, "the broker's answer cannot be read");
        if (auto const* line = result->if_contains("line")) {
            auto const n = line->to_number<std::uint64_t>();
            std::fprintf(stderr, "%s:%llu: %s: %s (%s)\n", file.c_str(),
                         static_cast<unsigned long long>(n >= 1 && n <= numbers.size() ? numbers[n - 1] : n),
                         member_text(*parsed, "id").c_str(), member_text(*parsed, "detail").c_str(),
                         member_text(*parsed, "status").c_str());
        } else if (auto const* flag = result->if_contains("done")) {
            sum.created += result->at("created").to_number<std::uint64_t>();
            sum.updated += result->at("updated").to_number<std::uint64_t>();
            sum.unchanged += result->at("unchanged").to_number<std::uint64_t>();
            sum.refused += result->at("refused").to_number<std::uint64_t>();
            if (!flag->as_bool()) return fail(errc::unavailable, member_text(*parsed, "detail"));
            done = true;
        }
    }
    if (!done) return fail(errc::unavailable, "the broker's answer was cut; send the file again with --upsert");
    return {};
}

result<void> send_piece(client_context& c, std::string const& file, ingest_args const& a, line_batch batch, tally& sum) {
    if (batch.lines.empty()) return {};
    net::client_request request;
    request.method = "POST";
    request.url = a.collection.empty() ? "/api/v1/ingest" : "/collections/" + encode_segment(a.collection) + "/items";
    request.url += a.upsert ? "?results=failed&method=upsert" : "?results=failed";
    request.headers.set("Content-Type", "application/x-ndjson");
    std::vector<std::uint64_t> numbers;
    for (auto const& line : batch.lines) {
        if (line.too_long)
            return fail(errc::limit_exceeded, file + ":" + std::to_string(line.number) + ": the line is longer than 16 MiB");
        request.body += batch.of(line);
        request.body += '\n';
        numbers.push_back(line.number);
    }
    request.timeout = std::chrono::minutes(10);
    request.stall = std::chrono::seconds(120);
    auto answer = c.call_raw(std::move(request));
    if (!answer) return answer.error();
    return take_results(file, answer->body, numbers, sum);
}

void tell(client_context& c, std::string const& file, tally const& t) {
    if (c.options().json) {
        print_json(json::object{
            {"file", file}, {"created", t.created}, {"updated", t.updated}, {"unchanged", t.unchanged}, {"refused", t.refused}});
    } else if (!c.options().quiet) {
        std::printf("%s  ->  %llu created, %llu replaced, %llu the same already, %llu refused\n", file.c_str(),
                    static_cast<unsigned long long>(t.created), static_cast<unsigned long long>(t.updated),
                    static_cast<unsigned long long>(t.unchanged), static_cast<unsigned long long>(t.refused));
    }
}

}  // namespace

bool holds_items(std::string const& file) {
    auto const extension = fs::path(file).extension().string();
    for (auto const* known : {".ndjson", ".jsonl", ".geojsonl", ".geojsons", ".geojsonseq", ".csv"})
        if (extension == known) return true;
    return file == "-";
}

result<void> ingest_lines(client_context& c, std::string const& file, ingest_args const& a) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(nullptr, &std::fclose);
    if (file != "-") opened.reset(std::fopen(file.c_str(), "rb"));
    auto* in = file == "-" ? stdin : opened.get();
    if (!in) return error_from_errno(errno, "opening", file);
    struct stat st {};
    auto const size = fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode) ? static_cast<std::uint64_t>(st.st_size) : 0;
    progress_bar bar("ingesting " + file, size, c.options().quiet || c.options().json);
    line_framer framer(longest_line);
    std::vector<char> room(256u << 10);
    tally sum;
    std::uint64_t read_so_far = 0;
    for (bool more = true; more;) {
        auto const n = std::fread(room.data(), 1, room.size(), in);
        framer.put({room.data(), n});
        if (n == 0) framer.finish();
        more = n > 0;
        read_so_far += n;
        if (more && framer.bytes() < piece_bytes) continue;
        if (auto ok = send_piece(c, file, a, framer.take(), sum); !ok) {
            tell(c, file, sum);
            return ok;
        }
        bar.set(read_so_far);
    }
    if (std::ferror(in)) return error_from_errno(errno, "reading", file);
    tell(c, file, sum);
    if (sum.refused > 0)
        return fail(errc::conflict, std::to_string(sum.refused) + " items of " + file + " were refused; the reasons stand above");
    return {};
}

}  // namespace fjord::cli
