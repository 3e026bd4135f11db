// How a request becomes curl options. No behaviour here; curl_transfer.cpp has that.
#include "net/curl_transfer.hpp"

#include "base/text.hpp"

namespace fjord::net {

namespace {

constexpr long window_buffer = 128l << 10;
constexpr long small_buffer = 16l << 10;
constexpr long continue_wait_ms = 3000;     // for peers that never answer 100
constexpr long max_connection_idle_s = 30;  // older idle ones are likely closed by the peer, and an upload cannot be replayed

// Credentials of any kind; not sent on to another origin.
bool is_credential(std::string_view name) {
    return iequals(name, "Authorization") || iequals(name, "Cookie") || iequals(name, "Proxy-Authorization") ||
           iequals(name.substr(0, 14), "TransferHeader") || iequals(name, "X-Amz-Security-Token");
}

bool is_framing(std::string_view name) {
    return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") || iequals(name, "Expect") ||
           iequals(name, "Connection");
}

}  // namespace

curl_transfer::curl_transfer(hop h, client_options const& options)
    : easy_(curl_easy_init()),
      target_(h.parts.host + ":" + std::to_string(h.parts.port)),
      collect_(h.collect),
      max_body_(h.request->max_body),
      stall_(h.request->stall),
      deadline_(h.deadline),
      streams_up_(static_cast<bool>(h.request->upload)),
      waits_for_100_(h.request->expect_continue),
      upload_length_(h.request->upload_length),
      allow_address_(h.request->allow_address),
      parts_(h.parts),
      last_moved_(std::chrono::steady_clock::now()) {
    if (!easy_) throw std::bad_alloc();
    response_.final_url = h.url;
    response_.without_credentials = !h.with_credentials;
    set_options(h, options);
    set_method(*h.request);
    set_headers(*h.request, h.with_credentials);
}

void curl_transfer::set_options(hop const& h, client_options const& options) {
    auto* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_URL, h.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, max_connection_idle_s);
    if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    for (auto const& entry : options.resolve) {
        auto* longer = curl_slist_append(fixed_names_.get(), entry.c_str());
        if (!longer) throw std::bad_alloc();
        if (!fixed_names_) fixed_names_.reset(longer);
    }
    if (fixed_names_) curl_easy_setopt(easy, CURLOPT_RESOLVE, fixed_names_.get());
    if (allow_address_) {
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &curl_transfer::on_open_socket);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
        curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &curl_transfer::on_before_request);
        curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
    }
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 60L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, collect_ ? small_buffer : window_buffer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &curl_transfer::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &curl_transfer::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void curl_transfer::set_method(client_request const& request) {
    auto* easy = easy_.get();
    if (request.upload) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, window_buffer);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, &curl_transfer::on_upload);
        curl_easy_setopt(easy, CURLOPT_READDATA, this);
        auto const length = request.upload_length ? static_cast<curl_off_t>(*request.upload_length) : curl_off_t{-1};
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, length);
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
        small_body_ = request.body;
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(small_body_.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, small_body_.c_str());
    } else if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void curl_transfer::add_header(std::string const& line) {
    auto* longer = curl_slist_append(header_lines_.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    if (!header_lines_) header_lines_.reset(longer);  // appending to a list keeps its first node
}

void curl_transfer::set_headers(client_request const& request, bool with_credentials) {
    for (auto const& [name, value] : request.headers.items()) {
        if (is_framing(name) || (!with_credentials && is_credential(name))) continue;
        add_header(value.empty() ? name + ";" : name + ": " + value);  // curl's spelling of an empty field
    }
    if (with_credentials && !request.bearer.empty()) add_header("Authorization: Bearer " + request.bearer.reveal());
    if (!request.headers.find("Content-Type")) add_header("Content-Type:");  // curl would call it a form
    if (!request.headers.find("Accept")) add_header("Accept: */*");
    if (request.upload && !request.upload_length) add_header("Transfer-Encoding: chunked");
    add_header(request.expect_continue ? "Expect: 100-continue" : "Expect:");
    if (request.expect_continue) curl_easy_setopt(easy_.get(), CURLOPT_EXPECT_100_TIMEOUT_MS, continue_wait_ms);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, header_lines_.get());
}

}  // namespace fjord::net
