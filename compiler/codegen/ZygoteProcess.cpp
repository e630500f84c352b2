#include "compiler/codegen/ZygoteProcess.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kiln::codegen {

std::string packTexts(const Texts &texts) {
  std::string packed;
  for (const std::string &text : texts) {
    uint64_t size = text.size();
    packed.append(reinterpret_cast<const char *>(&size), sizeof size).append(text);
  }
  return packed;
}

bool unpackTexts(const std::string &packed, Texts &texts) {
  for (size_t at = 0; at < packed.size();) {
    uint64_t size;
    if (packed.size() - at < sizeof size)
      return false;
    std::memcpy(&size, packed.data() + at, sizeof size);
    at += sizeof size;
    if (packed.size() - at < size)
      return false;
    texts.push_back(packed.substr(at, size));
    at += size;
  }
  return true;
}

bool sendBytes(int socket, const std::string &bytes) {
  uint64_t size = bytes.size();
  std::string message(reinterpret_cast<const char *>(&size), sizeof size);
  message += bytes;
  for (size_t sent = 0; sent < message.size();) {
    ssize_t count = send(socket, message.data() + sent, message.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    sent += count;
  }
  return true;
}

namespace {
bool receiveAll(int socket, void *to, size_t size) {
  for (size_t got = 0; got < size;) {
    ssize_t count = recv(socket, static_cast<char *>(to) + got, size - got, 0);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    got += count;
  }
  return true;
}

bool receiveTexts(int socket, Texts &texts) {
  uint64_t size;
  if (!receiveAll(socket, &size, sizeof size))
    return false;
  std::string packed(size, 0);
  return receiveAll(socket, packed.data(), size) && unpackTexts(packed, texts);
}

Texts answer(const std::map<std::string, Task> &tasks, Texts request) {
  try {
    std::string name = request.front();
    request.erase(request.begin());
    Texts result = tasks.at(name)(request);
    result.insert(result.begin(), "ok");
    return result;
  } catch (const std::exception &error) {
    return {"error", error.what()};
  }
}

/// The job's process.
[[noreturn]] void perform(int socket, int prints, const Limits &limits, pid_t zygote, const std::map<std::string, Task> &tasks) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != zygote)
    _exit(1);
  rlimit memory{limits.bytes, limits.bytes}, core{0, 0};
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &core);
  alarm(limits.seconds);
  dup2(prints, STDOUT_FILENO);
  dup2(prints, STDERR_FILENO);
  Texts request;
  if (!receiveTexts(socket, request) || request.empty())
    _exit(1);
  _exit(sendBytes(socket, packTexts(answer(tasks, std::move(request)))) ? 0 : 1);
}

/// Next order with its two files, or false when the parent is gone.
bool receiveOrder(int control, Order &order, int files[2]) {
  iovec part{&order, sizeof order};
  alignas(cmsghdr) char space[CMSG_SPACE(2 * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  ssize_t count;
  do
    count = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  cmsghdr *rights = CMSG_FIRSTHDR(&message);
  if (count != sizeof order || !rights || rights->cmsg_len != CMSG_LEN(2 * sizeof(int)))
    return false;
  std::memcpy(files, CMSG_DATA(rights), 2 * sizeof(int));
  return true;
}

void reap(int control, std::map<pid_t, uint64_t> &running) {
  int status;
  rusage usage;
  for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
    auto seconds = [](const timeval &t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
    Ended ended{running[pid], status, seconds(usage.ru_utime) + seconds(usage.ru_stime), int64_t(usage.ru_maxrss) * 1024};
    running.erase(pid);
    send(control, &ended, sizeof ended, MSG_NOSIGNAL);
  }
}
} // namespace

void serve(int control, const std::map<std::string, Task> &tasks) {
  sigset_t child, before;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, &before);
  int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  pid_t self = getpid();
  std::map<pid_t, uint64_t> running;
  pollfd events[] = {{control, POLLIN, 0}, {signals, POLLIN, 0}};
  while (true) {
    if (poll(events, 2, -1) < 0 && errno != EINTR)
      return;
    signalfd_siginfo ignored;
    while (read(signals, &ignored, sizeof ignored) > 0) {
    }
    reap(control, running);
    if (!events[0].revents)
      continue;
    Order order;
    int files[2];
    if (!receiveOrder(control, order, files))
      return;
    pid_t pid = fork();
    if (pid == 0) {
      close(control);
      close(signals);
      sigprocmask(SIG_SETMASK, &before, nullptr);
      perform(files[0], files[1], order.limits, self, tasks);
    }
    if (pid > 0) {
      running[pid] = order.job;
    } else {
      Ended ended{order.job, -1, 0, 0};
      send(control, &ended, sizeof ended, MSG_NOSIGNAL);
    }
    close(files[0]);
    close(files[1]);
  }
}

} // namespace kiln::codegen
