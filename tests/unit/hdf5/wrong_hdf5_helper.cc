// Speaks plumb-hdf5's protocol wrongly, in the way that its argument names.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "formats/hdf5/protocol.h"

namespace {

using plumb::hdf5::FrameKind;

std::string Number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

void Say(const std::string& bytes) {
  if (write(plumb::hdf5::kSocket, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) _exit(3);
}

void SayFrame(FrameKind kind, const std::string& payload) {
  Say(Number(static_cast<uint64_t>(kind), 1) + Number(payload.size(), 4) + payload);
}

// Reads and drops.
bool Hear(size_t count) {
  std::string heard(count, '\0');
  size_t got = 0;
  while (got < count) {
    const ssize_t some = read(plumb::hdf5::kSocket, heard.data() + got, count - got);
    if (some <= 0) return false;
    got += static_cast<size_t>(some);
  }
  return true;
}

void Loop() {
  while (true) pause();
}

}  // namespace

int main(int, char** arguments) {
  const std::string way = arguments[1];
  if (way != "mute" && !Hear(8)) return 1;  // The file's size.
  if (way == "other-version") SayFrame(FrameKind::kHello, Number(99, 4));
  if (way == "no-hello") SayFrame(FrameKind::kEnd, "");
  if (way == "mute") Loop();
  if (way == "exit") return 7;
  if (way == "close") {
    close(plumb::hdf5::kSocket);
    Loop();
  }
  SayFrame(FrameKind::kHello, Number(plumb::hdf5::kProtocolVersion, 4));
  if (way == "crash") {
    signal(SIGSEGV, SIG_DFL);  // Sanitizers have a handler of their own.
    raise(SIGSEGV);
  }
  if (way == "hang") Loop();
  if (way == "no-root") SayFrame(FrameKind::kEnd, "");
  SayFrame(FrameKind::kGroup, Number(0, 4));
  if (way == "long-frame") Say(std::string("G") + Number(0xffffffff, 4));
  if (way == "unknown-frame") SayFrame(static_cast<FrameKind>('?'), "");
  if (way == "read-outside") SayFrame(FrameKind::kRead, Number(1, 8) + Number(100, 4));
  if (way == "read-far") SayFrame(FrameKind::kRead, Number(UINT64_MAX - 1, 8) + Number(2, 4));
  if (way == "read-forever") {
    do {
      SayFrame(FrameKind::kRead, Number(0, 8) + Number(1 << 20, 4));
    } while (Hear(1 << 20));
  }
  if (way == "read-and-not-take") {
    while (true) SayFrame(FrameKind::kRead, Number(0, 8) + Number(1 << 20, 4));
  }
  if (way == "groups-forever") {
    while (true) SayFrame(FrameKind::kGroup, Number(1, 4) + "g");
  }
  if (way == "texts-forever") {
    for (uint64_t i = 0;; ++i) {
      const std::string text(1 << 20, 'x');
      SayFrame(FrameKind::kAttribute,
               Number(8, 4) + Number(i, 8) + "\3" + Number(0, 1) + Number(1, 4) + Number(text.size(), 4) + text);
    }
  }
  if (way == "refuse") SayFrame(FrameKind::kRefused, "because \x1b[31m of this");
  SayFrame(FrameKind::kEnd, "");
  return 0;
}
