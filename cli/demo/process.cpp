#include "cli/demo/process.hpp"

#include "base/file.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

// All that the child needs is built before fork, so that it only makes async-signal-safe calls.
struct prepared {
    std::vector<std::string> env;
    std::vector<char*> argv_pointers, env_pointers;
};

prepared prepare(command const& c) {
    prepared p;
    if (c.clean) {
        if (auto const* path = std::getenv("PATH")) p.env.push_back(std::string("PATH=") + path);
    } else {
        for (char** e = environ; *e; ++e) p.env.emplace_back(*e);
    }
    for (auto const& [key, value] : c.env) {
        std::erase_if(p.env, [&key](std::string const& line) { return line.starts_with(key + "="); });
        p.env.push_back(key + "=" + value);
    }
    for (auto const& a : c.argv) p.argv_pointers.push_back(const_cast<char*>(a.c_str()));
    for (auto const& e : p.env) p.env_pointers.push_back(const_cast<char*>(e.c_str()));
    p.argv_pointers.push_back(nullptr);
    p.env_pointers.push_back(nullptr);
    return p;
}

pid_t spawn(command const& c, int out, int err) {
    auto p = prepare(c);
    pid_t const parent = getpid();
    pid_t const pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);  // Ctrl-C reaches the demo alone; it stops its children in order
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execvpe(p.argv_pointers[0], p.argv_pointers.data(), p.env_pointers.data());
    _exit(127);
}

void read_both(int out, int err, finished_command& f) {
    pollfd fds[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
    std::string* texts[] = {&f.out, &f.err};
    int open_ends = 2;
    char buffer[16 << 10];
    while (open_ends > 0 && poll(fds, 2, -1) >= 0) {
        for (int i = 0; i < 2; ++i) {
            if (fds[i].fd < 0 || !(fds[i].revents & (POLLIN | POLLHUP))) continue;
            auto const n = read(fds[i].fd, buffer, sizeof buffer);
            if (n > 0)
                texts[i]->append(buffer, static_cast<std::size_t>(n));
            else
                fds[i].fd = -1, --open_ends;
        }
    }
}

}  // namespace

result<child_process> child_process::start(command const& c) {
    unique_fd log(open(c.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log) return error_from_errno(errno, "opening", c.log_file);
    child_process p;
    p.pid_ = spawn(c, log.get(), log.get());
    if (p.pid_ < 0) return error_from_errno(errno, "starting", c.argv.front());
    return p;
}

child_process& child_process::operator=(child_process&& o) noexcept {
    if (this != &o) {
        stop();
        pid_ = std::exchange(o.pid_, -1);
    }
    return *this;
}

child_process::~child_process() { stop(); }

bool child_process::running() noexcept {
    if (pid_ < 0) return false;
    if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

void child_process::stop(std::chrono::milliseconds grace) {
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    auto const until = std::chrono::steady_clock::now() + grace;
    while (running() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    kill();
}

void child_process::kill() noexcept {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

result<finished_command> run_command(command const& c) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0) return error_from_errno(errno, "making a pipe");
    unique_fd out_read(out[0]), out_write(out[1]);
    if (pipe2(err, O_CLOEXEC) != 0) return error_from_errno(errno, "making a pipe");
    unique_fd err_read(err[0]), err_write(err[1]);
    pid_t const pid = spawn(c, out_write.get(), err_write.get());
    if (pid < 0) return error_from_errno(errno, "starting", c.argv.front());
    out_write.reset();
    err_write.reset();
    finished_command f;
    read_both(out_read.get(), err_read.get(), f);
    int status = 0;
    waitpid(pid, &status, 0);
    f.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (f.exit_code == 127 && f.out.empty() && f.err.empty())
        return fail(errc::not_found, "cannot run " + c.argv.front() + ": is it installed?");
    return f;
}

}  // namespace fjord::cli
