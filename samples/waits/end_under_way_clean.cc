// what: A thread reads commands from a pipe, whose other end is on its way to a child process.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

static bool send_descriptor(int socket, int descriptor) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  char byte = 0;
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sendmsg(socket, &message, 0) == 1;
}

int main() {
  int way[2], commands[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, way) != 0) return 1;
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(way[0]);
    sleep(20);  // then it would receive the end, and write
    _exit(0);
  }
  close(way[1]);
  if (pipe(commands) != 0 || !send_descriptor(way[0], commands[1])) return 1;
  std::thread([&commands] {
    char command = 0;
    while (read(commands[0], &command, 1) == 1 && command != 'q') {
    }
  }).join();
}
