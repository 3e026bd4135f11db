// Bytes from and to XRootD files.
#include "storage/xrootd_call.hpp"
#include "storage/xrootd_driver.hpp"

#include <XrdCl/XrdClFile.hh>

#include <boost/asio/cancellation_state.hpp>

#include <algorithm>
#include <array>
#include <deque>

namespace fjord::storage {

namespace {

constexpr std::uint64_t read_piece = 1u << 20, write_piece = 2u << 20;
constexpr std::size_t reads_in_flight = 4, writes_in_flight = 2;
constexpr std::uint64_t vector_piece = (2u << 20) - 16;  // the server's limits for kXR_readv
constexpr std::size_t vector_pieces = 1024;
constexpr std::uint64_t vector_total = 64u << 20;  // of one request, because its answer is held in memory
constexpr std::chrono::seconds clean_up_time{5};

using buffer = std::shared_ptr<std::string>;

struct started_read {
    buffer bytes;
    std::shared_ptr<xrootd_answer<XrdCl::ChunkInfo>> answer;
};

started_read begin_read(blocking_pool& pool, std::string const& what, steady_time deadline, xrootd_file file, byte_span span) {
    auto bytes = std::make_shared<std::string>(span.size(), '\0');
    auto start = [file, bytes, span](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
        return file->Read(span.begin, static_cast<std::uint32_t>(span.size()), bytes->data(), handler, timeout);
    };
    return {bytes, xrootd_begin<XrdCl::ChunkInfo>(pool, what, deadline, std::move(start))};
}

error beyond_end(std::string const& what, std::uint64_t size) {
    return fail(errc::invalid_argument,
                what + ": the range lies beyond the end of the file, which has " + std::to_string(size) + " bytes");
}

}  // namespace

asio::awaitable<result<void>> xrootd_driver::read(call c, std::string path, std::optional<byte_span> span, byte_sink sink) {
    if (span && span->empty()) co_return result<void>{};
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto const what = "read " + where->name;
    auto file = co_await open(c.deadline, what, where->url(), XrdCl::OpenFlags::Read);
    if (!file) co_return file.error();
    auto size = co_await size_of(c.deadline, what, *file);
    if (!size) co_return size.error();
    if (span && span->end > *size) co_return beyond_end(what, *size);
    byte_span const wanted = span ? *span : byte_span{0, *size};
    co_return co_await pour(c.deadline, what, *file, wanted, std::move(sink));
}

asio::awaitable<result<void>> xrootd_driver::pour(steady_time deadline, std::string what, xrootd_file file, byte_span span,
                                                  byte_sink sink) {
    std::deque<started_read> flying;
    auto next = span.begin;
    while (next < span.end || !flying.empty()) {
        while (next < span.end && flying.size() < reads_in_flight) {
            byte_span const piece{next, std::min(span.end, next + read_piece)};
            flying.push_back(begin_read(pool_, what, deadline, file, piece));
            next = piece.end;
        }
        auto first = std::move(flying.front());
        flying.pop_front();
        auto got = co_await xrootd_answer<XrdCl::ChunkInfo>::wait(first.answer, what, deadline);
        if (!got) co_return got.error();
        if ((*got)->length != first.bytes->size())
            co_return fail(errc::corrupt, what + ": the file became shorter while it was read");
        if (auto taken = co_await sink(*first.bytes); !taken) co_return taken.error();
    }
    co_return result<void>{};
}

asio::awaitable<result<std::vector<std::string>>> xrootd_driver::read_vector(call c, std::string path,
                                                                             std::vector<byte_span> spans) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto const what = "vector read " + where->name;
    auto file = co_await open(c.deadline, what, where->url(), XrdCl::OpenFlags::Read);
    if (!file) co_return file.error();
    auto size = co_await size_of(c.deadline, what, *file);
    if (!size) co_return size.error();

    std::vector<std::string> out(spans.size());
    struct piece {
        std::size_t span;
        byte_span bytes;
    };
    std::vector<piece> pieces;
    for (std::size_t i = 0; i < spans.size(); ++i) {
        if (spans[i].empty()) continue;
        if (spans[i].end > *size) co_return beyond_end(what, *size);
        for (auto at = spans[i].begin; at < spans[i].end; at += vector_piece)
            pieces.push_back({i, {at, std::min(spans[i].end, at + vector_piece)}});
    }
    for (std::size_t first = 0; first < pieces.size();) {
        XrdCl::ChunkList chunks;
        std::uint64_t total = 0;
        auto last = first;
        for (; last < pieces.size() && last - first < vector_pieces && total + pieces[last].bytes.size() <= vector_total;
             ++last) {
            chunks.emplace_back(pieces[last].bytes.begin, static_cast<std::uint32_t>(pieces[last].bytes.size()), nullptr);
            total += pieces[last].bytes.size();
        }
        auto bytes = std::make_shared<std::string>(total, '\0');
        auto start = [f = *file, chunks, bytes](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
            return f->VectorRead(chunks, bytes->data(), handler, timeout);
        };
        auto got = co_await xrootd_call<XrdCl::VectorReadInfo>(pool_, what, c.deadline, std::move(start));
        if (!got) co_return got.error();
        if ((*got)->GetSize() != total) co_return fail(errc::corrupt, what + ": the answer is shorter than the ranges asked for");
        std::string_view rest(*bytes);
        for (; first < last; ++first) {
            out[pieces[first].span] += rest.substr(0, pieces[first].bytes.size());
            rest.remove_prefix(pieces[first].bytes.size());
        }
    }
    co_return out;
}

asio::awaitable<result<void>> xrootd_driver::write(call c, std::string path, std::uint64_t size, byte_source source,
                                                   bool overwrite) {
    auto where = target(c, path);
    if (!where) co_return where.error();
    auto const what = "write " + where->name;
    auto const flags = XrdCl::OpenFlags::Write | XrdCl::OpenFlags::MakePath |
                       (overwrite ? XrdCl::OpenFlags::Delete : XrdCl::OpenFlags::New | XrdCl::OpenFlags::POSC);
    auto file = co_await open(c.deadline, what, where->url(), flags);
    if (!file) co_return file.error();
    result<void> done = fail(errc::cancelled, what + ": cancelled");
    std::exception_ptr thrown;
    try {
        done = co_await fill(c.deadline, what, *file, size, std::move(source));
        if (done) done = co_await close(c.deadline, what, *file);
    } catch (...) { thrown = std::current_exception(); }  // a cancellation arrives as an exception
    if (done) co_return done;
    // Closing would make what is there last; it goes first.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto const removed = co_await remove_file(system_clock().steady() + clean_up_time, *where);
    if (thrown) std::rethrow_exception(thrown);
    if (!removed && removed.error().code != errc::not_found)
        co_return error(done.error().code,
                        done.error().message() + "; what was written could not be removed: " + removed.error().message());
    co_return done;
}

asio::awaitable<result<void>> xrootd_driver::fill(steady_time deadline, std::string what, xrootd_file file, std::uint64_t size,
                                                  byte_source source) {
    std::deque<std::shared_ptr<xrootd_answer<no_answer>>> flying;
    auto const land = [&]() -> asio::awaitable<result<void>> {
        auto first = std::move(flying.front());
        flying.pop_front();
        auto written = co_await xrootd_answer<no_answer>::wait(std::move(first), what, deadline);
        if (!written) co_return written.error();
        co_return result<void>{};
    };
    for (std::uint64_t at = 0; at < size;) {
        auto bytes = std::make_shared<std::string>(std::min(write_piece, size - at), '\0');
        for (std::size_t have = 0; have < bytes->size();) {
            auto const got = co_await source(std::span(*bytes).subspan(have));
            if (!got) co_return got.error();
            if (*got == 0)
                co_return fail(errc::invalid_argument,
                               what + ": the bytes to write end " + std::to_string(size - at - have) + " bytes too early");
            have += *got;
        }
        if (flying.size() == writes_in_flight)
            if (auto ok = co_await land(); !ok) co_return ok;
        auto start = [file, bytes, at](XrdCl::ResponseHandler* handler, std::uint16_t timeout) {
            return file->Write(at, static_cast<std::uint32_t>(bytes->size()), bytes->data(), handler, timeout);
        };
        flying.push_back(xrootd_begin<no_answer>(pool_, what, deadline, std::move(start)));
        at += bytes->size();
    }
    std::array<char, 1> more{};
    auto const after = co_await source(more);
    if (!after) co_return after.error();
    if (*after != 0) co_return fail(errc::invalid_argument, what + ": there are more bytes to write than were announced");
    while (!flying.empty())
        if (auto ok = co_await land(); !ok) co_return ok;
    co_return result<void>{};
}

}  // namespace fjord::storage
