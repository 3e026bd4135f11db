#include "base/metrics.hpp"

#include <cmath>
#include <charconv>
#include <deque>
#include <map>
#include <stdexcept>
#include <variant>

namespace fjord {

namespace {

std::string escaped(std::string_view text, bool in_quotes) {
    std::string out;
    for (char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && in_quotes)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}

std::string label_text(metric_labels const& labels, std::string_view bucket = {}) {
    std::string out;
    for (auto const& [name, value] : labels) out += (out.empty() ? "{" : ",") + name + "=\"" + escaped(value, true) + "\"";
    if (!bucket.empty()) out += std::string(out.empty() ? "{" : ",") + "le=\"" + std::string(bucket) + "\"";
    return out.empty() ? out : out + "}";
}

std::string number_text(double v) {
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
    char buffer[32];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
    return {buffer, end};
}

void write_sample(std::string& out, std::string_view name, std::string const& labels, std::string const& value) {
    out.append(name).append(labels).append(" ").append(value).append("\n");
}

// One series. The objects are heap-held so that references to them stay good.
struct series {
    metric_labels labels;
    std::variant<std::unique_ptr<counter>, std::unique_ptr<gauge>, std::unique_ptr<latency_histogram>, std::function<double()>>
        value;
};

struct series_writer {
    std::string& out;
    std::string_view name;
    metric_labels const& labels;

    void operator()(std::unique_ptr<counter> const& c) const {
        write_sample(out, name, label_text(labels), std::to_string(c->value()));
    }
    void operator()(std::unique_ptr<gauge> const& g) const {
        write_sample(out, name, label_text(labels), std::to_string(g->value()));
    }
    void operator()(std::unique_ptr<latency_histogram> const& h) const { h->write(out, name, labels); }
    void operator()(std::function<double()> const& f) const { write_sample(out, name, label_text(labels), number_text(f())); }
};

struct family {
    std::string help;
    std::string type;
    std::deque<series> all;
};

}  // namespace

void latency_histogram::observe(double seconds) noexcept {
    std::size_t i = 0;
    while (i < std::size(bounds) && seconds > bounds[i]) ++i;
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(seconds > 0 ? static_cast<std::uint64_t>(seconds * 1e6) : 0, std::memory_order_relaxed);
}

void latency_histogram::write(std::string& out, std::string_view name, metric_labels const& labels) const {
    std::uint64_t total = 0;
    auto const bucket_name = std::string(name) + "_bucket";
    for (std::size_t i = 0; i < std::size(buckets_); ++i) {
        total += buckets_[i].load(std::memory_order_relaxed);
        auto const bound = i < std::size(bounds) ? number_text(bounds[i]) : "+Inf";
        write_sample(out, bucket_name, label_text(labels, bound), std::to_string(total));
    }
    auto const sum = static_cast<double>(sum_us_.load(std::memory_order_relaxed)) / 1e6;
    write_sample(out, std::string(name) + "_sum", label_text(labels), number_text(sum));
    write_sample(out, std::string(name) + "_count", label_text(labels), std::to_string(total));
}

struct metrics_registry::impl {
    mutable std::mutex lock;
    std::map<std::string, family> families;

    // The family, whose type must be the one it was first registered with: two meanings of one name is a programming error.
    family& family_of(std::string const& name, std::string help, std::string_view type) {
        auto [it, added] = families.try_emplace(name);
        if (added) {
            it->second.help = std::move(help);
            it->second.type = type;
        }
        if (it->second.type != type) throw std::logic_error("metric " + name + " is registered as " + it->second.type);
        return it->second;
    }

    template <class Metric>
    Metric& find_or_add(std::string const& name, std::string help, std::string_view type, metric_labels labels) {
        std::lock_guard const guard(lock);
        auto& members = family_of(name, std::move(help), type);
        for (auto& s : members.all) {
            if (s.labels == labels && std::holds_alternative<std::unique_ptr<Metric>>(s.value)) {
                return *std::get<std::unique_ptr<Metric>>(s.value);
            }
        }
        members.all.push_back({std::move(labels), std::make_unique<Metric>()});
        return *std::get<std::unique_ptr<Metric>>(members.all.back().value);
    }
};

metrics_registry::metrics_registry() : impl_(std::make_unique<impl>()) {}
metrics_registry::~metrics_registry() = default;

counter& metrics_registry::counter(std::string name, std::string help, metric_labels labels) {
    return impl_->find_or_add<fjord::counter>(name, std::move(help), "counter", std::move(labels));
}

gauge& metrics_registry::gauge(std::string name, std::string help, metric_labels labels) {
    return impl_->find_or_add<fjord::gauge>(name, std::move(help), "gauge", std::move(labels));
}

latency_histogram& metrics_registry::histogram(std::string name, std::string help, metric_labels labels) {
    return impl_->find_or_add<latency_histogram>(name, std::move(help), "histogram", std::move(labels));
}

void metrics_registry::callback(std::string name, std::string help, metric_labels labels, std::function<double()> read) {
    std::lock_guard const guard(impl_->lock);
    impl_->family_of(name, std::move(help), "gauge").all.push_back({std::move(labels), std::move(read)});
}

std::string metrics_registry::text() const {
    std::lock_guard const guard(impl_->lock);
    std::string out;
    for (auto const& [name, members] : impl_->families) {
        out += "# HELP " + name + " " + escaped(members.help, false) + "\n# TYPE " + name + " " + members.type + "\n";
        for (auto const& s : members.all) std::visit(series_writer{out, name, s.labels}, s.value);
    }
    return out;
}

}  // namespace fjord
