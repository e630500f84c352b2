#include "compiler/codegen/ZygoteProcess.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kiln::codegen {
namespace {
int control = -1;

/// A job under way, as the parent sees it.
struct Running {
  size_t index;
  int socket, prints;
  std::string received = {};
  bool silent = false; ///< its socket is closed
  bool ended = false;  ///< the zygote has told its end
  Ended end = {};
};

bool sendOrder(const Order &order, int socket, int prints) {
  iovec part{const_cast<Order *>(&order), sizeof order};
  int files[2] = {socket, prints};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof files)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(rights), files, sizeof files);
  return sendmsg(control, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof order);
}

std::optional<Running> launch(size_t index, const Job &job) {
  int pair[2];
  int prints = memfd_create("kiln-job", MFD_CLOEXEC);
  if (prints < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    close(prints);
    return std::nullopt;
  }
  bool ordered = sendOrder({index, job.limits}, pair[1], prints);
  close(pair[1]);
  if (!ordered) {
    close(pair[0]);
    close(prints);
    return std::nullopt;
  }
  Texts request = {job.task};
  request.insert(request.end(), job.arguments.begin(), job.arguments.end());
  sendBytes(pair[0], packTexts(request)); // one that died before it listened is told by its end
  return Running{index, pair[0], prints};
}

void receive(Running &job) {
  char buffer[1 << 16];
  ssize_t count = recv(job.socket, buffer, sizeof buffer, MSG_DONTWAIT);
  if (count > 0)
    job.received.append(buffer, count);
  else if (count == 0 || (errno != EAGAIN && errno != EINTR))
    job.silent = true;
}

/// The last of what the job printed, on one line.
std::string lastPrints(int file) {
  off_t size = lseek(file, 0, SEEK_END), start = size > 600 ? size - 600 : 0;
  std::string text(size - start, 0);
  ssize_t count = pread(file, text.data(), text.size(), start);
  text.resize(count > 0 ? count : 0);
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  size_t line = text.find("\n#0 "); // LLVM's stack trace
  if (line != std::string::npos)
    text.resize(line);
  for (char &c : text)
    c = c == '\n' ? ' ' : c;
  return text.empty() ? "" : ": " + text;
}

std::string reason(const Running &job, const Limits &limits) {
  int status = job.end.status;
  if (status == -1)
    return "no process could be made for it";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return "it took longer than " + std::to_string(limits.seconds) + " seconds";
  if (WIFSIGNALED(status))
    return std::string("its process died of '") + strsignal(WTERMSIG(status)) + "'" + lastPrints(job.prints);
  return "its process ended without an answer" + lastPrints(job.prints);
}

Answer conclude(const Running &job, const Limits &limits) {
  Answer answer;
  answer.seconds = job.end.seconds;
  answer.peakBytes = job.end.peakBytes;
  uint64_t size = 0;
  Texts texts;
  if (job.received.size() >= sizeof size)
    std::memcpy(&size, job.received.data(), sizeof size);
  bool whole = job.received.size() > sizeof size && job.received.size() - sizeof size == size;
  if (!whole || !unpackTexts(job.received.substr(sizeof size), texts) || texts.empty())
    answer.error = reason(job, limits);
  else if (texts[0] == "ok")
    answer.texts.assign(std::make_move_iterator(texts.begin() + 1), std::make_move_iterator(texts.end()));
  else
    answer.error = texts.size() > 1 && !texts[1].empty() ? texts[1] : "it failed";
  close(job.socket);
  close(job.prints);
  return answer;
}

/// Waits for news of any running job; false when the zygote is gone.
bool listen(std::vector<Running> &running) {
  std::vector<pollfd> events = {{control, POLLIN, 0}};
  for (const Running &job : running)
    events.push_back({job.silent ? -1 : job.socket, POLLIN, 0});
  if (poll(events.data(), events.size(), -1) < 0)
    return errno == EINTR;
  for (size_t i = 0; i < running.size(); ++i)
    if (events[i + 1].revents)
      receive(running[i]);
  if (!events[0].revents)
    return true;
  Ended ended;
  if (recv(control, &ended, sizeof ended, 0) != sizeof ended)
    return false;
  for (Running &job : running)
    if (job.index == ended.job) {
      job.ended = true;
      job.end = ended;
    }
  return true;
}
} // namespace

void startZygote(std::map<std::string, Task> tasks) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return;
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    close(pair[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "kiln-zygote");
    if (getppid() == parent)
      serve(pair[1], tasks);
    _exit(0);
  }
  close(pair[1]);
  if (pid > 0)
    control = pair[0];
  else
    close(pair[0]);
}

llvm::Expected<std::vector<Answer>> runJobs(const std::vector<Job> &jobs, unsigned parallel,
                                            const std::function<void(size_t, const Answer &)> &done) {
  static std::mutex oneAtATime;
  std::lock_guard<std::mutex> lock(oneAtATime);
  std::vector<Answer> answers(jobs.size());
  std::vector<Running> running;
  auto abandon = [&]() {
    for (const Running &job : running) {
      close(job.socket);
      close(job.prints);
    }
    return llvm::createStringError("the process that forks workers is gone, or no further file or process can be opened");
  };
  size_t next = 0;
  while (next < jobs.size() || !running.empty()) {
    while (next < jobs.size() && running.size() < std::max(1u, parallel)) {
      std::optional<Running> job = launch(next, jobs[next]);
      if (!job)
        return abandon();
      running.push_back(std::move(*job));
      ++next;
    }
    if (!listen(running))
      return abandon();
    for (size_t i = 0; i < running.size();) {
      if (!running[i].ended || !running[i].silent) {
        ++i;
        continue;
      }
      size_t index = running[i].index;
      answers[index] = conclude(running[i], jobs[index].limits);
      running.erase(running.begin() + static_cast<ptrdiff_t>(i));
      if (done)
        done(index, answers[index]);
    }
  }
  return answers;
}

} // namespace kiln::codegen
