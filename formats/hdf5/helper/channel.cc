#include "formats/hdf5/helper/channel.h"

#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace plumb::hdf5 {
namespace {

void SendAll(const char* data, size_t count) {
  while (count > 0) {
    const ssize_t sent = write(kSocket, data, count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) _exit(1);
    data += sent;
    count -= static_cast<size_t>(sent);
  }
}

// The innermost error is the one that says most.
herr_t TakeFirst(unsigned, const H5E_error2_t* error, void* text) {
  auto& taken = *static_cast<std::string*>(text);
  if (taken.empty() && error->desc != nullptr) taken = error->desc;
  return 0;
}

}  // namespace

Payload& Payload::Number(uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  return *this;
}

Payload& Payload::Text(std::string_view text) {
  U32(static_cast<uint32_t>(text.size()));
  bytes_ += text;
  return *this;
}

void ReceiveAll(void* out, size_t count) {
  auto* at = static_cast<char*>(out);
  while (count > 0) {
    const ssize_t received = read(kSocket, at, count);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) _exit(1);
    at += received;
    count -= static_cast<size_t>(received);
  }
}

void SendFrame(FrameKind kind, std::string_view payload) {
  if (payload.size() > kFrameBytesMax) Refuse("a part of its description is too large");
  Payload header;
  header.U8(static_cast<uint8_t>(kind)).U32(static_cast<uint32_t>(payload.size()));
  SendAll(header.bytes().data(), header.bytes().size());
  SendAll(payload.data(), payload.size());
}

void ReadFileBytes(uint64_t offset, size_t count, void* out) {
  auto* at = static_cast<char*>(out);
  while (count > 0) {
    const size_t piece = std::min<size_t>(count, kReadBytesMax);
    Payload request;
    request.U64(offset).U32(static_cast<uint32_t>(piece));
    SendFrame(FrameKind::kRead, request.bytes());
    ReceiveAll(at, piece);
    at += piece;
    offset += piece;
    count -= piece;
  }
}

void Refuse(std::string_view why) {
  constexpr size_t kWhyBytesMax = 1024;
  SendFrame(FrameKind::kRefused, why.substr(0, kWhyBytesMax));
  _exit(0);
}

void RefuseWithReason(std::string_view what) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, TakeFirst, &reason);
  Refuse(std::string(what) + ": libhdf5: " + (reason.empty() ? "no reason" : reason));
}

}  // namespace plumb::hdf5
