#include "site/commit.hpp"

#include "base/dataset_uri.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace fjord::site {

namespace {

std::string commit_body(upload_commit const& upload) {
    boost::json::object digests;
    for (auto const a : {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5})
        if (auto const& d = upload.digests.get(a)) digests[name_of(a)] = d->hex();
    return boost::json::serialize(boost::json::object{{"size", upload.size}, {"digests", std::move(digests)}});
}

net::client_request commit_call(upload_commit const& upload, std::chrono::milliseconds timeout) {
    net::client_request request;
    request.method = "POST";
    request.url = upload.issuer;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += "/api/v1/uploads/" + encode_segment(upload.upload_id) + "/commit";
    request.headers.set("Content-Type", "application/json");
    request.bearer = upload.token;
    request.body = commit_body(upload);
    request.timeout = timeout;
    request.max_body = 64u << 10;
    return request;
}

class http_registrar final : public upload_registrar {
public:
    http_registrar(net::http_client& client, std::chrono::milliseconds timeout, int attempts)
        : client_(client), timeout_(timeout), attempts_(attempts) {}

    boost::asio::awaitable<result<commit_answer>> commit(upload_commit upload) override {
        error last(errc::unavailable, "the broker was not asked");
        for (int i = 0; i < attempts_; ++i) {
            auto answer = co_await client_.send(commit_call(upload, timeout_));
            if (!answer) {
                last = error(answer.error().code,
                             "the broker cannot be reached to register the upload: " + answer.error().message());
                continue;
            }
            commit_answer got{answer->status, std::move(answer->body)};
            if (got.accepted() || got.refused()) co_return got;
            last = error(errc::unavailable,
                         "the broker answered " + std::to_string(got.status) + " to the registration of the upload");
        }
        co_return last;
    }

private:
    net::http_client& client_;
    std::chrono::milliseconds timeout_;
    int attempts_;
};

}  // namespace

std::unique_ptr<upload_registrar> make_http_registrar(net::http_client& client, std::chrono::milliseconds timeout, int attempts) {
    return std::make_unique<http_registrar>(client, timeout, attempts);
}

}  // namespace fjord::site
