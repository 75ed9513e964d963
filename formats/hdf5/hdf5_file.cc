#include "plumb/hdf5/hdf5_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "fmt/format.h"
#include "formats/hdf5/child_process.h"
#include "formats/hdf5/description.h"
#include "formats/hdf5/find_helper.h"
#include "formats/hdf5/payload_reader.h"
#include "formats/hdf5/protocol.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using hdf5::ChildProcess;
using hdf5::FrameKind;

constexpr uint8_t kSignature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

// Whatever the process does over this file that it should not is the file's fault.
absl::Status Blamed(const absl::Status& status) {
  if (!absl::IsAborted(status) && !absl::IsDeadlineExceeded(status)) return status;
  return RefusedFile(fmt::format("the process that reads it with libhdf5 failed: {}", Message(status)));
}

// One file's reading: answers what the child asks for, keeps what it tells.
class Conversation {
 public:
  Conversation(const ByteSource& bytes, ChildProcess* child)
      : bytes_(bytes), child_(child), description_(bytes.Size()) {
    const uint64_t slack_bytes = 64u << 20;
    readable_bytes_ = bytes.Size() / limits::kHdf5RereadsMax > UINT64_MAX / 256
                          ? UINT64_MAX
                          : bytes.Size() * limits::kHdf5RereadsMax + slack_bytes;
  }

  absl::StatusOr<Hdf5File> Run() {
    PLUMB_RETURN_IF_ERROR(Greet());
    while (!description_.ended()) {
      PLUMB_RETURN_IF_ERROR(NextFrame());
      absl::Status status = kind_ == FrameKind::kRead ? Answer() : description_.Take(kind_, payload_);
      if (!status.ok()) return status;
    }
    return description_.Finish();
  }

 private:
  absl::Status Greet() {
    std::array<uint8_t, 8> size;
    for (size_t i = 0; i < size.size(); ++i) size[i] = static_cast<uint8_t>(bytes_.Size() >> (8 * i));
    PLUMB_RETURN_IF_ERROR(Blamed(child_->Send(size)));
    PLUMB_RETURN_IF_ERROR(NextFrame());
    hdf5::PayloadReader reader(payload_);
    const uint32_t version = reader.U32();
    if (kind_ == FrameKind::kHello && reader.AtEnd() && version == hdf5::kProtocolVersion) return absl::OkStatus();
    return FailedPrecondition(fmt::format("plumb-hdf5 is not of this version: it speaks protocol {}, expected {}",
                                          version, hdf5::kProtocolVersion));
  }

  absl::Status NextFrame() {
    std::array<uint8_t, hdf5::kFrameHeaderBytes> header;
    PLUMB_RETURN_IF_ERROR(Blamed(child_->Receive(header)));
    hdf5::PayloadReader reader(header);
    kind_ = static_cast<FrameKind>(reader.U8());
    const uint32_t size = reader.U32();
    if (size > hdf5::kFrameBytesMax) {
      return RefusedFile(fmt::format("the process that reads it talks nonsense: a frame of {} bytes", size));
    }
    payload_.resize(size);
    return Blamed(child_->Receive(payload_));
  }

  absl::Status Answer() {
    hdf5::PayloadReader reader(payload_);
    const uint64_t offset = reader.U64();
    const uint32_t count = reader.U32();
    if (!reader.AtEnd() || count > hdf5::kReadBytesMax || !CheckWithin(offset, count, bytes_.Size()).ok()) {
      return RefusedFile("the process that reads it talks nonsense: it asks for what is not in the file");
    }
    if (count > readable_bytes_) {
      return RefusedFile(
          fmt::format("libhdf5 wants to read the whole file more than {} times", limits::kHdf5RereadsMax));
    }
    readable_bytes_ -= count;
    data_.resize(count);
    PLUMB_RETURN_IF_ERROR(bytes_.Read(offset, data_));
    return Blamed(child_->Send(data_));
  }

  const ByteSource& bytes_;
  ChildProcess* child_;
  hdf5::Description description_;
  uint64_t readable_bytes_ = 0;
  FrameKind kind_ = FrameKind::kEnd;
  std::vector<uint8_t> payload_, data_;
};

}  // namespace

absl::StatusOr<Hdf5File> ReadHdf5(const ByteSource& bytes, const Hdf5ReadOptions& options) {
  std::vector<std::string> command = options.helper;
  if (command.empty()) {
    PLUMB_ASSIGN_OR_RETURN(std::string helper, hdf5::FindHelper());
    command.push_back(std::move(helper));
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> child, ChildProcess::Start(command, options.seconds_max));
  return Conversation(bytes, child.get()).Run();
}

bool LooksLikeHdf5(std::span<const uint8_t> head) {
  return head.size() >= std::size(kSignature) && std::memcmp(head.data(), kSignature, std::size(kSignature)) == 0;
}

}  // namespace plumb
